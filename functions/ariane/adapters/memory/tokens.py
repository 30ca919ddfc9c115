"""API tokens in memory."""

from collections.abc import Sequence
from dataclasses import replace

from ariane.access.tokens import ApiToken
from ariane.errors import Conflict, NotFound


class MemoryTokens:
    def __init__(self) -> None:
        self._tokens: dict[str, ApiToken] = {}

    def token(self, token_hash: str) -> ApiToken | None:
        return self._tokens.get(token_hash)

    def add_token(self, token: ApiToken) -> None:
        if token.hash in self._tokens:
            raise Conflict("token_exists", "this token is stored already")
        self._tokens[token.hash] = token

    def tokens(self) -> Sequence[ApiToken]:
        return list(self._tokens.values())

    def revoke_token(self, token_hash: str) -> None:
        if token_hash not in self._tokens:
            raise NotFound("unknown_token", "there is no such token")
        self._tokens[token_hash] = replace(self._tokens[token_hash], is_revoked=True)
