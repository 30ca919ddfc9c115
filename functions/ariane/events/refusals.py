"""What is written down of a refusal, so that it can be read and tried again: the thing itself, and what came with it. Never a write key."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import orjson

from ariane.errors import Rejected
from ariane.events.addresses import truncated
from ariane.events.bodies import inflate
from ariane.events.encodings import readable
from ariane.events.hiding import Hiding
from ariane.events.log import Reject, Shape, Transport
from ariane.events.measure import Inherited
from ariane.events.rejects import MAX_KEPT
from ariane.events.sources import Source
from ariane.events.wire import Request, Submission

KEPT_HEADERS = ("accept-language", "anonymousid", "content-type", "referer", "sentat", "user-agent")
"""Those that readers and enrichment look at."""
MAX_BATCH = 8 * 1024
"""Bytes of what a batch says once for all of its items: kept with each of those refused."""
_MAX_HEADER = 1024
_MAX_QUERY = 8 * 1024
_MAX_SENT_AT = 100
_TELLING = ("messageId", "timestamp", "originalTimestamp", "uuid", "timestamp_micros")
"""Under these names, in one protocol or another, an event says which it is or when it was."""


class ItemRefusals:
    """The refusals of one submission. What they share is worked out once, and only when there is one."""

    def __init__(self, submission: Submission, *, source: Source, request: Request, context: Inherited, integrations: Inherited) -> None:
        self._submission = submission
        self._inherited = {"context": context, "integrations": integrations}
        self._source = source
        self._request = request
        self._hiding = Hiding(submission.write_key, source.keep_ip)

    def of(self, error: Rejected, *, place: int) -> Reject:
        origin = self._submission.origin(place)
        body, transport = self._written(origin.sent)
        is_untold = transport is self._transport and not _tells_itself(self._submission.items[place]) and not _tells_itself(origin.sent)
        return Reject(
            source=self._source.name,
            kind=self._source.kind,
            at=self._request.received_at,
            code=error.code,
            message=error.message,
            index=origin.index,
            body=body,
            shape=Shape.ITEM if self._submission.origins is None else Shape.TRANSLATED,
            transport=transport,
            is_untold=is_untold,
        )

    def _written(self, item: Any) -> tuple[bytes, Transport]:
        """What is nested too deeply to be written again is only in the request's body, of which each such item keeps the beginning."""
        try:
            return self._hiding.of_body(orjson.dumps(item)), self._transport
        except orjson.JSONEncodeError:
            return self._beginning, replace(self._transport, is_partial=True)

    @cached_property
    def _beginning(self) -> bytes:
        return self._hiding.of_body(readable(self._submission.body))[:MAX_KEPT]

    @cached_property
    def _transport(self) -> Transport:
        transport = replace(transport_of(self._request, self._source, self._hiding), query=())
        if self._submission.origins is not None:
            return replace(transport, batch=self._sent_at())
        if not all(each.is_within(MAX_BATCH) for each in self._inherited.values()):
            return replace(transport, is_partial=True)
        batch: dict[str, Any] = {name: each.values for name, each in self._inherited.items() if each.values}
        return replace(transport, batch={**self._hiding.of_document(batch), **self._sent_at()})

    def _sent_at(self) -> dict[str, str]:
        sent_at = self._submission.sent_at
        return {"sentAt": self._hiding.of_text(sent_at)[:_MAX_SENT_AT]} if isinstance(sent_at, str) else {}


def refused_request(error: Rejected, request: Request, *, source: Source, write_key: str | None, body: bytes) -> Reject:
    """``body`` as far as its reader came; without one, what was asked for stands in."""
    hiding = Hiding(write_key, source.keep_ip)
    plain = readable(_inflated(body)) if body else urlencode(hiding.of_query(request.query)).encode()
    transport = transport_of(request, source, hiding)
    return Reject(
        source=source.name,
        kind=source.kind,
        at=request.received_at,
        code=error.code,
        message=error.message,
        index=None,
        body=hiding.of_body(plain),
        shape=Shape.REQUEST,
        transport=replace(transport, is_compressed=plain != request.body) if body else replace(transport, query=()),
    )


def transport_of(request: Request, source: Source, hiding: Hiding) -> Transport:
    address = request.source_ip
    is_long = len(urlencode(request.query)) > _MAX_QUERY
    return Transport(
        method=request.method,
        path=request.path[:_MAX_HEADER],
        headers={name: hiding.of_text(request.headers[name])[:_MAX_HEADER] for name in KEPT_HEADERS if name in request.headers},
        query=() if is_long else tuple(hiding.of_query(request.query)),
        source_ip=address if source.keep_ip or address is None else truncated(address),
        is_partial=is_long and request.method != "GET",
    )


def _tells_itself(item: Any) -> bool:
    """Whether an equal item is the same one, sent again. A protocol's own form may hold the event one level down."""
    if isinstance(item, list):
        return len(item) == 1 and _tells_itself(item[0])
    if not isinstance(item, Mapping):
        return False
    return any(item.get(name) for name in _TELLING) or any(_tells_itself(item.get(name)) for name in ("batch", "events"))


def _inflated(body: bytes) -> bytes:
    try:
        return inflate(body)
    except Rejected:  # too large, or no gzip after all
        return body
