"""API tokens in the Access table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ariane.access.tokens import ApiToken
from ariane.adapters.aws.access_rows import AccessRows, Row, hash_in, is_revoked
from ariane.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoTokens:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._rows = AccessRows(client, table=table, letter="T", noun="token")

    def token(self, token_hash: str) -> ApiToken | None:
        row = self._rows.get(token_hash)
        return _token(row) if row else None

    def add_token(self, token: ApiToken) -> None:
        attributes = {
            "n": {"S": token.name},
            "sc": {"L": [{"S": scope} for scope in token.scopes]},
            "h": {"S": token.hint},
            "at": {"S": format_instant(token.created_at)},
        }
        self._rows.add(token.hash, attributes, is_revoked=token.is_revoked)

    def tokens(self) -> Sequence[ApiToken]:
        return [_token(row) for row in self._rows.all()]

    def revoke_token(self, token_hash: str) -> None:
        self._rows.revoke(token_hash)


def _token(row: Row) -> ApiToken:
    return ApiToken(
        hash=hash_in(row),
        name=row["n"]["S"],
        scopes=tuple(each["S"] for each in row["sc"]["L"]),
        hint=row["h"]["S"],
        created_at=parse_instant(row["at"]["S"]),
        is_revoked=is_revoked(row),
    )
