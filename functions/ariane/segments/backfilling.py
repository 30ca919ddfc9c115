"""Evaluating everybody: after a segment was published or changed, or after history was imported.

The table of profiles is gone through in parts side by side, each a chain of messages that carry no state: how far a part is, its row says.
What the log alone knows is recorded first (a refold), so that no later evaluation has to ask the log. Segments that are defined no more are
forgotten on the way.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple, Protocol

from ariane.definitions.customer_view import CustomerView
from ariane.errors import ArianeError, Conflict, NotFound, Retryable
from ariane.identity.trees import Heads, climb
from ariane.instants import Clock
from ariane.segments.evaluating import Asked
from ariane.segments.jobs import BackfillJob, EvaluateQueue

PARTS = 8
_SLICE = timedelta(seconds=40)
MOST_TRIES = 10
_FIRST_DELAY = 15
_LONGEST_DELAY = 900
"""SQS's."""
MOST_NAMED = 20
"""People who could not be evaluated that a part names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    backfill: str
    number: int
    cursor: str | None = None
    people: int = 0
    """Evaluated so far."""
    written: int = 0
    """Rows of theirs that were changed."""
    refolded: int = 0
    """Partitions of the log that were recorded anew."""
    failed: int = 0
    named: tuple[str, ...] = ()
    """``{person id} {code}`` of the first that failed."""
    tries: int = 0
    """In a row that did not get further."""
    heard_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    id: str
    began_at: datetime
    by: str
    segments: tuple[str, ...]
    """Those that it was asked for; all are evaluated."""
    announces: bool = False
    """Whether changes of these are told, however long ago they were."""
    parts: int = PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    backfill: Backfill
    parts: Sequence[Part]

    @property
    def is_done(self) -> bool:
        return all(part.ended_at is not None for part in self.parts)

    @property
    def ended_at(self) -> datetime | None:
        return max((part.ended_at for part in self.parts if part.ended_at), default=None) if self.is_done else None

    def total(self, count: Callable[[Part], int]) -> int:
        return sum(map(count, self.parts))


class Backfills(Protocol):
    """Every method may raise Retryable."""

    def create(self, backfill: Backfill) -> None:
        """With a row for each part. Idempotent."""
        ...

    def find(self, backfill: str) -> Backfill | None: ...

    def latest(self, limit: int) -> Sequence[Backfill]:
        """The newest first."""
        ...

    def parts(self, backfill: str) -> Sequence[Part]:
        """By number."""
        ...

    def save(self, part: Part) -> None:
        """As the version after the one at which it was read. Raises Conflict where it was changed since."""
        ...


class ScanPage(NamedTuple):
    people: Sequence[str]
    """Person ids under which a fragment lies …"""
    rows: Sequence[str]
    """… or a row of memberships."""
    cursor: str | None


class PeopleScan(Protocol):
    def page(self, part: int, parts: int, cursor: str | None) -> ScanPage:
        """Of all person ids, in no order; what is written meanwhile may be in it. Raises Retryable."""
        ...

    def with_fragment(self, person_ids: Sequence[str]) -> frozenset[str]:
        """Which of these have one."""
        ...


class Completer(Protocol):
    def complete(self, person: str, view: CustomerView) -> int:
        """Records what the log alone knows of a person. How many partitions were folded again. Raises Retryable."""
        ...


type EvaluateOne = Callable[[Asked], int]
"""Rows written. Raises Retryable."""


class Done(NamedTuple):
    """Of one person."""

    written: int = 0
    refolded: int = 0
    failure: str | None = None


class Each(Protocol):
    """``map``, or as it some at a time."""

    def __call__(self, take: Callable[[str], Done], people: Iterable[str], /) -> Iterable[Done]: ...


class BackfillDesk:
    """For whoever starts one and looks how far it is."""

    def __init__(
        self,
        store: Backfills,
        queue: EvaluateQueue,
        *,
        view: Callable[[], CustomerView],
        clock: Clock,
        known_after: timedelta = timedelta(0),
    ) -> None:
        """``view``: as it is published, not as it was a minute ago. ``known_after``: how long after that every function goes by it; before,
        an event that only a new segment looks at asks for no evaluation, and must not come behind the backfill."""
        self._store = store
        self._queue = queue
        self._view = view
        self._clock = clock
        self._known_after = known_after

    def start_backfill(self, segments: Iterable[str] = (), *, announce: bool = False, by: str = "") -> Progress:
        """None: all segments. Raises NotFound (``segment_unknown``), Retryable."""
        known, names = self._view().segments, tuple(dict.fromkeys(segments))
        for name in names:
            if name not in known:
                raise NotFound("segment_unknown", f"there is no published segment {name}; known: {', '.join(sorted(known)) or 'none'}")
        now = self._clock()
        own = f"bf_{now:%Y%m%dT%H%M%S}_{secrets.token_hex(3)}"
        backfill = Backfill(id=own, began_at=now, by=by, segments=names or tuple(sorted(known)), announces=announce)
        self._store.create(backfill)
        return self._asked(backfill)

    def resume(self, backfill: str) -> Progress:
        """Asks again for the parts that have not ended: their messages may lie among the dead letters. Raises NotFound."""
        return self._asked(self._found(backfill))

    def progress(self, backfill: str) -> Progress:
        """Raises NotFound (``backfill_unknown``)."""
        return Progress(backfill=self._found(backfill), parts=self._store.parts(backfill))

    def latest(self, limit: int = 10) -> Sequence[Progress]:
        return [Progress(backfill=each, parts=self._store.parts(each.id)) for each in self._store.latest(limit)]

    def _asked(self, backfill: Backfill) -> Progress:
        parts = self._store.parts(backfill.id)
        waiting = [part for part in parts if part.ended_at is None]
        if waiting:
            self._queue.put([BackfillJob(backfill=backfill.id, part=part.number) for part in waiting], delay=self._delay())
        return Progress(backfill=backfill, parts=parts)

    def _delay(self) -> int:
        """Seconds."""
        published = [each.published_at for each in self._view().segments.values()]
        left = max(published) + self._known_after - self._clock() if published else timedelta(0)
        return max(0, min(ceil(left.total_seconds()), _LONGEST_DELAY))

    def _found(self, backfill: str) -> Backfill:
        found = self._store.find(backfill)
        if found is None:
            raise NotFound("backfill_unknown", f"there is no backfill {backfill}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillWorker:
    store: Backfills
    scan: PeopleScan
    identities: Heads
    completer: Completer
    evaluate: EvaluateOne
    queue: EvaluateQueue
    view: Callable[[], CustomerView]
    """As it is published, not as it was a minute ago."""
    clock: Clock
    each: Each = map

    def take(self, job: BackfillJob) -> int:
        """Page by page for as long as a message may take; then another one goes on. How many people were evaluated. Two at work on one
        part hinder each other and do no harm. Raises Retryable where it fails again and again."""
        backfill, part = self.store.find(job.backfill), self._part(job)
        if backfill is None or part is None or part.ended_at is not None:
            return 0
        begun, before = self.clock(), part.people
        try:
            while part.ended_at is None and self.clock() - begun < _SLICE:
                part = self._page(backfill, part)
        except Conflict:
            # Another message of the same part is further; or this one is, and a repeat of its own write met the first: then nobody else is.
            self.queue.put([job], delay=_FIRST_DELAY)
            return part.people - before
        except Retryable:
            self._again_later(job, part)
            return part.people - before
        if part.ended_at is None:
            self.queue.put([job])
        return part.people - before

    def _part(self, job: BackfillJob) -> Part | None:
        return next((part for part in self.store.parts(job.backfill) if part.number == job.part), None)

    def _again_later(self, job: BackfillJob, part: Part) -> None:
        if part.tries >= MOST_TRIES:
            raise Retryable("backfill_stuck", f"part {part.number} of {part.backfill} gets no further")
        self.queue.put([job], delay=min(900, _FIRST_DELAY * 2**part.tries))
        with suppress(Conflict):  # as above: the message is put
            self.store.save(replace(part, tries=part.tries + 1))

    def _page(self, backfill: Backfill, part: Part) -> Part:
        view = self.view()
        page = self.scan.page(part.number, backfill.parts, part.cursor)
        done = [*self.each(lambda person: self._evaluate(person, backfill, view), self._to_evaluate(page))]
        failures = [each.failure for each in done if each.failure is not None]
        now = self.clock()
        after = replace(
            part,
            cursor=page.cursor,
            people=part.people + len(done),
            written=part.written + sum(each.written for each in done),
            refolded=part.refolded + sum(each.refolded for each in done),
            failed=part.failed + len(failures),
            named=(*part.named, *failures)[:MOST_NAMED],
            tries=0,
            heard_at=now,
            ended_at=now if page.cursor is None else None,
        )
        self.store.save(after)
        return replace(after, version=after.version + 1)

    def _to_evaluate(self, page: ScanPage) -> Sequence[str]:
        """Each person once if it can be: by the fragment of the root, and by any of the others where the root has none. A row that lies
        under an id which is no root any more is taken in."""
        ids = {*page.people, *page.rows}
        if not ids:
            return []
        paths = climb(self.identities, ids)
        roots = {each: paths.root_of(each).person_id for each in ids}
        elsewhere = sorted({roots[each] for each in page.people if roots[each] not in ids})
        covered = self.scan.with_fragment(elsewhere) if elsewhere else frozenset[str]()
        below = {roots[each]: each for each in sorted(page.people) if roots[each] not in ids and roots[each] not in covered}
        stray = [each for each in page.rows if roots[each] != each]
        return sorted({each for each in ids if roots[each] == each} | {*below.values(), *stray})

    def _evaluate(self, person: str, backfill: Backfill, view: CustomerView) -> Done:
        """Whoever cannot be evaluated whatever one does is named, and does not hold up the others."""
        told = frozenset(backfill.segments) if backfill.announces else frozenset[str]()
        try:
            refolded = self.completer.complete(person, view)
            asked = Asked(person=person, cause=f"backfill/{backfill.id}", told_anyway=told, view=view)
            return Done(self.evaluate(asked), refolded)
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001 - one person's data must not end it for all
            return Done(failure=f"{person} {error.code if isinstance(error, ArianeError) else type(error).__name__}")
