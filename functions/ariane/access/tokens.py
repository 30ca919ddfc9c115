"""API tokens: what a program shows to the profile API. Only a token's hash is stored; the token is seen once, when it is made."""

import base64
import binascii
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ariane.access.hashing import hash_of
from ariane.errors import Denied, Rejected
from ariane.instants import Clock

PREFIX = "tok_"
PROFILES_READ = "profiles:read"
PROFILES_WRITE = "profiles:write"
PROFILES_COUNTER = "profiles:counter"
"""What a till needs: the counter view of a profile and nothing else. Part of ``profiles:read``."""
MESSAGES_READ = "messages:read"
REJECTS_READ = "rejects:read"
REJECTS_RETRY = "rejects:retry"
SEGMENTS_READ = "segments:read"
SEGMENTS_WRITE = "segments:write"
IMPORTS_READ = "imports:read"
IMPORTS_WRITE = "imports:write"
ADMIN = "*"
READING = (PROFILES_READ, MESSAGES_READ, REJECTS_READ, IMPORTS_READ, SEGMENTS_READ)
SCOPES = (*READING, PROFILES_COUNTER, PROFILES_WRITE, REJECTS_RETRY, SEGMENTS_WRITE, IMPORTS_WRITE, ADMIN)
_HINT_LENGTH = 8
_MAX_TOKEN = 200


class ScopeMissing(Denied):
    """Known, but not allowed to do this."""

    status = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A stored token. ``hint`` is its beginning, for people who compare lists with what they have."""

    hash: str
    name: str
    scopes: tuple[str, ...]
    hint: str
    created_at: datetime
    is_revoked: bool = False


class TokenReader(Protocol):
    def token(self, token_hash: str) -> ApiToken | None:
        """Sees a revocation that was committed before the call. Raises Retryable."""
        ...


class TokenStore(TokenReader, Protocol):
    def add_token(self, token: ApiToken) -> None:
        """Raises Conflict when the hash is stored already."""
        ...

    def tokens(self) -> Sequence[ApiToken]: ...

    def revoke_token(self, token_hash: str) -> None:
        """Idempotent. Raises NotFound."""
        ...


def create(store: TokenStore, name: str, scopes: Collection[str], *, clock: Clock, new_secret: Callable[[], str]) -> str:
    """Makes a token and returns it: the only time that it is seen. Raises Rejected for no or unknown scopes.

    ``new_secret`` gives at least 128 random bits as URL-safe text.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise Rejected("unknown_scope", f"scopes are {', '.join(SCOPES)}, at least one")
    token = PREFIX + new_secret()
    kept = tuple(scope for scope in SCOPES if scope in scopes)
    store.add_token(ApiToken(hash=hash_of(token), name=name, scopes=kept, hint=token[:_HINT_LENGTH], created_at=clock()))
    return token


def list_tokens(store: TokenStore) -> list[ApiToken]:
    """By name, then the oldest first; revoked ones too."""
    return sorted(store.tokens(), key=lambda token: (token.name, token.created_at, token.hash))


def revoke(store: TokenStore, token_or_hash: str) -> None:
    """Takes the token itself or its hash. It is refused as soon as the authorizer's short cache is over. Raises NotFound."""
    store.revoke_token(hash_of(token_or_hash) if token_or_hash.startswith(PREFIX) else token_or_hash)


def authenticate(store: TokenReader, authorization: str | None) -> ApiToken | None:
    """The token of an ``Authorization`` header, ``Bearer token`` or Basic ``token:``; None unless it is known and not revoked."""
    shown = _shown(authorization or "")
    if not shown.startswith(PREFIX) or len(shown) > _MAX_TOKEN:
        return None
    token = store.token(hash_of(shown))
    return None if token is None or token.is_revoked else token


def require(scopes: Collection[str], scope: str, *others: str) -> None:
    """One of them. Raises ScopeMissing, which names the first."""
    if ADMIN not in scopes and not {scope, *others} & set(scopes):
        raise ScopeMissing("scope_missing", f"the token lacks the scope {scope}")


def _shown(authorization: str) -> str:
    scheme, _, credentials = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return _basic_user(credentials.strip()) if scheme.lower() == "basic" else ""


def _basic_user(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
