"""Who comes in: a known key, from a page that its source lists, within the key's limits."""

from ariane.errors import Denied, NotFound
from ariane.events.limits import Limiter
from ariane.events.log import Meter
from ariane.events.sources import Source, SourceDirectory
from ariane.events.unknown_keys import UnknownKeys
from ariane.events.wire import Request


class OriginRefused(Denied):
    status = 403


class Entrance:
    def __init__(self, *, sources: SourceDirectory, limiter: Limiter, unknown_keys: UnknownKeys, meter: Meter) -> None:
        self._sources = sources
        self._limiter = limiter
        self._unknown_keys = unknown_keys
        self._meter = meter

    def source_of(self, write_key: str | None, request: Request) -> Source:
        """Raises Denied: ``unknown_write_key`` or ``origin_not_allowed``."""
        source = self._sources.by_key(write_key) if write_key else None
        if source is None:
            self._unknown_keys.note(write_key, request)
            raise Denied("unknown_write_key", "there is no source with this write key")
        self.check_origin(source, request)
        return source

    def configured(self, write_key: str | None, request: Request) -> Source:
        """The source that an SDK asks its settings for. Raises NotFound."""
        source = self._sources.by_key(write_key) if write_key else None
        if source is None:
            self._unknown_keys.note(write_key, request)
            raise NotFound("unknown_write_key", "there is no source with this write key")
        return source

    def check_origin(self, source: Source, request: Request) -> None:
        """Raises OriginRefused."""
        if source.allowed_origins is not None and not source.allowed_origins.admit(request.headers, method=request.method):
            self._meter.count("OriginsRefused", Source=source.name)
            raise OriginRefused("origin_not_allowed", "this source does not accept events from this origin")

    def admit(self, source: Source, write_key: str | None, request: Request, *, events: int) -> None:
        """Counts ``events`` against the key's limits; a request without any counts as one. Raises OverLimit."""
        self._limiter.admit(source.limits, source=source.name, write_key=write_key, events=max(1, events), at=request.received_at)
