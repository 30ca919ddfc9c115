"""Reading what is published. Pointers and documents may be stale by the cache's age; a version of a journey never changes."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from ariane.instants import Clock

_REMEMBERED_VERSIONS = 200


class JourneyState(StrEnum):
    LIVE = "live"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LiveJourney:
    """Which version new runs start on, and whether any may start."""

    version: str
    state: JourneyState
    by_publish: bool = True
    """False: an operator set the state, and publishing leaves it alone."""


class DocumentReader(Protocol):
    """Both raise Retryable; None: never published."""

    def document(self, name: str) -> Mapping[str, Any] | None: ...

    def live(self, journey: str) -> LiveJourney | None: ...


def default_time_zone(documents: DocumentReader) -> str:
    """The brand's. Raises Retryable."""
    return str((documents.document("messaging") or {}).get("default_time_zone", "UTC"))


class VersionReader(Protocol):
    def journey(self, name: str, version: str) -> Mapping[str, Any]:
        """``{"name", "version", "definition", "templates"}``. Raises NotFound, Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class _Remembered[T]:
    value: T
    until: datetime


class CachedDocuments:
    """A DocumentReader that asks again once an answer is older than ``ttl``; and at once where nothing was published."""

    def __init__(self, documents: DocumentReader, *, ttl: timedelta, clock: Clock) -> None:
        self._documents = documents
        self._ttl = ttl
        self._clock = clock
        self._known: dict[str, _Remembered[Mapping[str, Any] | None]] = {}
        self._live: dict[str, _Remembered[LiveJourney | None]] = {}

    def document(self, name: str) -> Mapping[str, Any] | None:
        return self._cached(self._known, name, self._documents.document)

    def live(self, journey: str) -> LiveJourney | None:
        return self._cached(self._live, journey, self._documents.live)

    def _cached[T](self, known: dict[str, _Remembered[T]], name: str, load: Callable[[str], T]) -> T:
        now = self._clock()
        found = known.get(name)
        if found is None or found.value is None or found.until <= now:
            found = known[name] = _Remembered(load(name), now + self._ttl)
        return found.value


class Definitions(CachedDocuments):
    """Documents and pointers, and the immutable versions, of which the last few hundred used are kept."""

    def __init__(self, documents: DocumentReader, versions: VersionReader, *, ttl: timedelta, clock: Clock) -> None:
        super().__init__(documents, ttl=ttl, clock=clock)
        self._versions = versions
        self._read: OrderedDict[tuple[str, str], Mapping[str, Any]] = OrderedDict()

    def journey(self, name: str, version: str) -> Mapping[str, Any]:
        """As VersionReader.journey."""
        key = (name, version)
        if key not in self._read:
            self._read[key] = self._versions.journey(name, version)
            while len(self._read) > _REMEMBERED_VERSIONS:
                self._read.popitem(last=False)
        self._read.move_to_end(key)
        return self._read[key]
