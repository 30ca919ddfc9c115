"""Write keys in the Access table, with boto3: for the command line and the local run. Collect reads them with its slim client."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ariane.access.write_keys import WriteKey
from ariane.adapters.aws.access_rows import AccessRows, Row, hash_in, is_revoked
from ariane.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoWriteKeys:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._rows = AccessRows(client, table=table, letter="K", noun="write_key")

    def add(self, key: WriteKey) -> None:
        attributes = {"s": {"S": key.source}, "h": {"S": key.hint}, "at": {"S": format_instant(key.created_at)}}
        self._rows.add(key.hash, attributes, is_revoked=key.is_revoked)

    def all(self) -> Sequence[WriteKey]:
        return [_write_key(row) for row in self._rows.all()]

    def revoke(self, key_hash: str) -> None:
        self._rows.revoke(key_hash)


def _write_key(row: Row) -> WriteKey:
    return WriteKey(
        hash=hash_in(row),
        source=row["s"]["S"],
        hint=row["h"]["S"],
        created_at=parse_instant(row["at"]["S"]),
        is_revoked=is_revoked(row),
    )
