"""Write keys: what an SDK or pixel shows to be a source. Only a key's hash is stored; the key is seen once, when it is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ariane.access.hashing import hash_of
from ariane.instants import Clock

PREFIX = "wk_"
_HINT_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteKey:
    """A stored key. ``hint`` is its beginning, for people who compare lists with what they have."""

    hash: str
    source: str
    hint: str
    created_at: datetime
    is_revoked: bool = False


class WriteKeyStore(Protocol):
    """Raises Retryable when the store does not answer."""

    def add(self, key: WriteKey) -> None:
        """Raises Conflict when the hash is stored already."""
        ...

    def all(self) -> Sequence[WriteKey]: ...

    def revoke(self, key_hash: str) -> None:
        """Idempotent. Raises NotFound."""
        ...


def create(store: WriteKeyStore, source: str, *, clock: Clock, new_secret: Callable[[], str]) -> str:
    """Makes a key for ``source`` and returns it: the only time that it is seen.

    ``new_secret`` gives at least 128 random bits as URL-safe text.
    """
    key = PREFIX + new_secret()
    store.add(WriteKey(hash=hash_of(key), source=source, hint=key[:_HINT_LENGTH], created_at=clock()))
    return key


def list_keys(store: WriteKeyStore) -> list[WriteKey]:
    """By source, then the oldest first; revoked ones too."""
    return sorted(store.all(), key=lambda key: (key.source, key.created_at, key.hash))


def revoke(store: WriteKeyStore, key_or_hash: str) -> None:
    """Takes the key itself or its hash. Collect notices within its definitions' time to live. Raises NotFound."""
    store.revoke(hash_of(key_or_hash) if key_or_hash.startswith(PREFIX) else key_or_hash)
