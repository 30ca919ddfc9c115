"""The whole log page by page, in an order that stays: what was read up to where can be remembered."""

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.adapters.aws.event_items import log_item_of
from ariane.errors import Rejected, Retryable
from ariane.events.model import LogItem
from ariane.lake.backfilling import Batch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 8
_FIRST_PAUSE = 0.25
_APART = "\n"
"""Between partition and sort key of a place: neither holds it."""


class DynamoLogPages:
    def __init__(
        self, client: "DynamoDBClient", *, table: str, limit: int | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """``limit``: of items in one page; a page has at most a megabyte."""
        self._client = client
        self._table = table
        self._limit = limit
        self._pause = pause
        self.unreadable = 0
        """Items left out so far."""

    def pages(self, *, after: str | None = None) -> Iterator[Batch]:
        while True:
            found, last = self._patiently(after)
            after = _APART.join((last["pk"]["S"], last["sk"]["S"])) if last else None
            yield Batch(list(self._readable(found)), after)
            if after is None:
                return

    def _readable(self, found: Sequence[Mapping[str, Any]]) -> Iterator[LogItem]:
        for attributes in found:
            try:
                yield log_item_of(attributes)
            except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
                self.unreadable += 1

    def _patiently(self, after: str | None) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any] | None]:
        for attempt in range(_TRIES - 1):
            try:
                return self._page(after)
            except Retryable:
                self._pause(_FIRST_PAUSE * 2**attempt)
        return self._page(after)

    def _page(self, after: str | None) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any] | None]:
        request: dict[str, Any] = {"TableName": self._table, **({"Limit": self._limit} if self._limit else {})}
        if after is not None:
            partition, mark, sort = after.partition(_APART)
            if not mark:
                raise Rejected("invalid_place", "the place in the log is none")
            request["ExclusiveStartKey"] = {"pk": {"S": partition}, "sk": {"S": sort}}
        try:
            answer = self._client.scan(**request)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return answer["Items"], answer.get("LastEvaluatedKey")
