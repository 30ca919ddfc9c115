"""A request as the readers see it and an answer as they give it: plain data, whatever carried it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ariane.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. ``body`` is what the client sent, base64 of the transport undone, still compressed if it was."""

    method: str
    path: str
    received_at: datetime
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source_ip: str | None = None

    def parameter(self, name: str) -> str | None:
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    """Whole ``Set-Cookie`` values."""


SUCCESS: Mapping[str, Any] = {"success": True}


@dataclass(frozen=True, slots=True)
class Origin:
    """What an item of another protocol was made of. Several items may have one origin."""

    index: int
    """Its place in the request as the client sent it."""
    sent: Any
    """As the client sent it, in a form that the protocol's reader reads alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a reader found in a request, in Segment's shape and not yet validated: items may be anything that JSON can be, or a ``Rejected``
    where the reader itself found that there is no such message."""

    write_key: str | None
    items: Sequence[Any]
    sent_at: Any = None
    context: Any = None
    """The batch's own, to be merged below each item's."""
    integrations: Any = None
    body: bytes = b""
    """The inflated body, for the rejects store."""
    device_hint: str | None = None
    """The ``anonymousId`` of an event that names nobody at all."""
    origins: Sequence[Origin] | None = None
    """Of each item, where the protocol is not Segment's; None: items are what was sent."""
    acknowledgement: Mapping[str, Any] = field(default_factory=lambda: SUCCESS)
    """What the protocol's clients take for success."""
    retried: int | None = None
    """Of one item that is tried again alone: its place in its request as its client sent it."""

    def index(self, place: int) -> int:
        """Of the item's origin, in the request as its client sent it."""
        if self.retried is not None:
            return self.retried
        return self.origins[place].index if self.origins is not None else place

    def origin(self, place: int) -> Origin:
        return self.origins[place] if self.origins is not None else Origin(place, self.items[place])


class Refused(Rejected):
    """A request that can be read and is refused as a whole: it says itself under which key it came."""

    def __init__(self, code: str, message: str, *, write_key: str | None, body: bytes) -> None:
        super().__init__(code, message)
        self.write_key = write_key
        self.body = body
