"""A whole table, page by page: its segments side by side, each going on from where it was when the table asks for patience."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.errors import Retryable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Item = Mapping[str, Any]
type _Page = tuple[Sequence[Item], Mapping[str, Any] | None]

_TRIES = 8
_FIRST_PAUSE = 0.25


class TableScan:
    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table: str,
        segments: int = 4,
        limit: int | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """``limit``: of items in one page; a page has at most a megabyte."""
        self._client = client
        self._table = table
        self._segments = segments
        self._limit = limit
        self._pause = pause

    def items(self) -> Iterator[Item]:
        """In no order; sees every write that was committed before the call. Raises Retryable, where the table stays busy for a minute."""
        with ThreadPoolExecutor(self._segments) as pool:
            waiting = {pool.submit(self._page, number, None): number for number in range(self._segments)}
            try:
                while waiting:
                    yield from self._next(pool, waiting)
            finally:
                pool.shutdown(cancel_futures=True)

    def _next(self, pool: ThreadPoolExecutor, waiting: dict[Future[_Page], int]) -> Iterator[Item]:
        """The next page of each segment is on its way while this one is read."""
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            segment = waiting.pop(future)
            items, last = future.result()
            if last is not None:
                waiting[pool.submit(self._page, segment, last)] = segment
            yield from items

    def _page(self, segment: int, after: Mapping[str, Any] | None) -> _Page:
        for attempt in range(_TRIES):
            try:
                return self._read(segment, after)
            except Retryable:
                if attempt == _TRIES - 1:
                    raise
            self._pause(_FIRST_PAUSE * 2**attempt)
        raise AssertionError("unreachable")

    def _read(self, segment: int, after: Mapping[str, Any] | None) -> _Page:
        request: dict[str, Any] = {
            "TableName": self._table,
            "TotalSegments": self._segments,
            "Segment": segment,
            "ConsistentRead": True,
            **({"ExclusiveStartKey": after} if after else {}),
            **({"Limit": self._limit} if self._limit else {}),
        }
        try:
            answer = self._client.scan(**request)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return answer["Items"], answer.get("LastEvaluatedKey")
