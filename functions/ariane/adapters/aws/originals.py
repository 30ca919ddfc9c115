"""Assertions as they were before rules said them otherwise: rows under ``RULES`` in the Identities table."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.adapters.aws.items.identities import assertion_item, assertion_of, key_of
from ariane.identity.model import Assertion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY = "RULES"
_ORIGINAL = "O#"


class DynamoOriginals:
    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client = client
        self._table = table

    def kept(self) -> Sequence[Assertion]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": _KEY}, ":prefix": {"S": _ORIGINAL}},
            ConsistentRead=True,
        )
        try:
            return [assertion_of(item) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def keep(self, assertion: Assertion) -> None:
        of = "\x00".join((assertion.source, assertion.message_id, assertion.body_digest, assertion.digest))
        key = key_of(_KEY, _ORIGINAL + hashlib.sha256(of.encode()).hexdigest()[:32])
        try:
            self._client.put_item(TableName=self._table, Item={**assertion_item(_KEY, assertion), **key})
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
