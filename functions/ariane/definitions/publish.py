"""Publishing: immutable versions first, then documents, then pointers; so whoever reads a pointer finds what it points to.

Safe to repeat after a crash anywhere, with the same bundle or an older one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ariane.definitions.bundle import Bundle
from ariane.definitions.customer_view_epochs import following
from ariane.definitions.store import JourneyState, LiveJourney
from ariane.errors import Conflict, Retryable
from ariane.instants import Clock, utc_now

_TRIES = 5


@dataclass(frozen=True, slots=True)
class StoredDocument:
    content: Mapping[str, Any]
    bundle: str
    """The version of the bundle that it came with."""
    revision: int


class DocumentStore(Protocol):
    """Reads see every write committed before them."""

    def stored(self, name: str) -> StoredDocument | None: ...

    def put(self, name: str, document: StoredDocument) -> None:
        """Over the revision one less; revision 1 over none. Raises Conflict."""
        ...


class PointerStore(Protocol):
    def live(self, journey: str) -> LiveJourney | None: ...

    def point(self, journey: str, live: LiveJourney, *, over: LiveJourney | None) -> None:
        """Raises Conflict when ``over`` is not what stands."""
        ...


class VersionWriter(Protocol):
    def put(self, name: str, version: str, journey: Mapping[str, Any]) -> None:
        """Nothing happens where the same content stands. Raises Permanent where other content does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    documents: DocumentStore
    pointers: PointerStore
    versions: VersionWriter
    collect: DocumentStore
    """Where the collectors look: the Access table's own row."""
    clock: Clock = utc_now

    def publish(self, bundle: Bundle) -> None:
        for name, journey in bundle.journeys.items():
            self.versions.put(name, journey["version"], journey)
        for name in ("identity", "messaging"):
            self._put(self.documents, name, bundle, lambda _, name=name: bundle.documents[name])  # type: ignore[misc]
        if (profiles := bundle.documents.get("profiles")) is not None:  # a bundle that a roll-back brings again may have none
            self._put(self.documents, "profiles", bundle, lambda known: following(profiles, known, self.clock()))
        self._put(self.collect, "collect", bundle, lambda _: bundle.documents["collect"])
        self._put(self.documents, "interest", bundle, lambda known: _still_awaited(bundle.documents["interest"], known))
        self._point(bundle)

    def retire(self) -> None:
        """The brand is taken away: nothing new starts, runs that go on finish, everything stays readable."""
        self._point(Bundle({}, {}))

    def _point(self, bundle: Bundle) -> None:
        known = self.documents.stored("journeys")
        names = {*(known.content if known else ()), *bundle.journeys}
        statuses = {name: self._point_one(name, bundle.journeys.get(name)) for name in sorted(names)}
        overview = {name: {"version": live.version, "status": str(live.state)} for name, live in statuses.items() if live is not None}
        self._put(self.documents, "journeys", bundle, lambda _: overview)

    def _point_one(self, name: str, journey: Mapping[str, Any] | None) -> LiveJourney | None:
        for _ in range(_TRIES):
            before = self.pointers.live(name)
            after = _pointed(before, journey["version"] if journey else None)
            if after == before or after is None:
                return after
            try:
                self.pointers.point(name, after, over=before)
            except Conflict:
                continue
            return after
        raise Retryable("journey_busy", "a journey's state kept changing")

    def _put(self, store: DocumentStore, name: str, bundle: Bundle, content: "_Merge") -> None:
        for _ in range(_TRIES):
            before = store.stored(name)
            after = StoredDocument(content(before.content if before else {}), bundle.version, before.revision + 1 if before else 1)
            if before is not None and (before.content, before.bundle) == (after.content, after.bundle):
                return
            try:
                store.put(name, after)
            except Conflict:
                continue
            return
        raise Retryable("document_busy", "a document kept changing")


type _Merge = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def _still_awaited(interest: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What any version ever awaited, some running enrolment may still await."""
    return {**interest, "awaited": sorted({*interest["awaited"], *known.get("awaited", ())})}


def _pointed(before: LiveJourney | None, version: str | None) -> LiveJourney | None:
    """A state that an operator set stays; one that publishing set follows the brand's folder. ``version`` None: no longer there."""
    if before is None:
        return None if version is None else LiveJourney(version, JourneyState.LIVE)
    state = before.state
    if before.by_publish:
        state = JourneyState.STOPPED if version is None else JourneyState.LIVE
    elif version is None:
        return before
    return LiveJourney(version or before.version, state, before.by_publish)
