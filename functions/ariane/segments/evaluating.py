"""Evaluating a person: read what is known, decide, write under the version that was read, tell, and look whether it is still a person.

Who is told of a change before the process ends is told of it again: the row keeps what was to be told until it has been.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

from ariane.conditions.steps import MAX, MIN, Steps
from ariane.definitions.customer_view import CustomerView
from ariane.errors import Conflict, Retryable
from ariane.identity.trees import Heads, climb
from ariane.instants import Clock, to_millis
from ariane.profiles.announcing import Announcer, Fact, Unannounceable
from ariane.profiles.asked_person import AskedPerson, Asking
from ariane.profiles.model import Profile
from ariane.segments.changes import Before, Found
from ariane.segments.deciding import FIRST_STAGE, decide
from ariane.segments.jobs import TIME, EvaluateQueue, PersonJob
from ariane.segments.reading_ahead import ReadAhead
from ariane.segments.rows import Row, RowChange, cause_mark

_ATTEMPTS = 6
HAND_OVER = 120_000
"""Milliseconds: what is due so soon is not left to the tick."""
NEVER = Steps.constant(False)
NEW = Steps.constant(FIRST_STAGE)


class ProfileReader(Protocol):
    def brief(self, person_id: str) -> Profile: ...

    def snapshot(self, person_id: str) -> Profile: ...


class EvaluatedRows(Protocol):
    """As of MembershipRows."""

    def load(self, person_ids: Collection[str]) -> Mapping[str, Row]: ...

    def commit(self, change: RowChange) -> None: ...

    def announced(self, row: Row) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    rows: EvaluatedRows
    profiles: ProfileReader
    identities: Heads
    asking: Asking
    announcer: Announcer
    queue: EvaluateQueue
    clock: Clock
    ahead: ReadAhead | None = None
    """What ``rows`` and ``profiles`` read by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    person: str
    """Any id of theirs."""
    cause: str
    absorbed: frozenset[str] = frozenset()
    """Other ids that may have been people of their own."""
    origin: str | None = None
    """Whom they were a part of until ``cause``."""
    told_anyway: frozenset[str] = frozenset()
    changed_since: int = MAX
    """As of PersonJob."""
    view: CustomerView | None = None
    """Instead of the one in force as far as is known: then what it does not have is forgotten."""


type Told = dict[tuple[str, int], Row]
"""Rows with something to announce, as they were committed, by person and version."""


class Evaluator:
    def __init__(self, world: World) -> None:
        self._world = world

    def evaluate(self, asked: Iterable[Asked]) -> int:
        """One after the other; tells of all together at the end, also of those that came before one that fails. How many rows were written.

        Raises Retryable."""
        told: Told = {}
        try:
            return sum(self.evaluated(each, told) for each in asked)
        finally:
            self.tell(told)

    def read_ahead(self, people: Collection[str]) -> None:
        """Of those who are evaluated next; what was read ahead of others is forgotten."""
        if self._world.ahead is not None:
            self._world.ahead.read(people)

    def evaluated(self, asked: Asked, told: Told) -> int:
        """As ``evaluate``, but leaves the telling to ``tell``."""
        conflicts = written = 0
        left: Asked | None = asked
        while left is not None:
            try:
                left, found = self._attempt(left, told)
            except Conflict as conflict:
                conflicts += 1
                if conflicts >= _ATTEMPTS:
                    raise Retryable("person_busy", "other evaluations of the same person keep coming") from conflict
                continue
            written += found
        return written

    def tell(self, told: Told) -> None:
        rows = [*told.values()]
        self.publish([fact for row in rows for fact in row.outbox])
        for row in rows:
            self._world.rows.announced(row)

    def publish(self, facts: Sequence[Fact]) -> None:
        """What the bus will never take is as good as told: it would stand in the way of everything that follows."""
        try:
            if facts:
                self._world.announcer.publish(facts)
        except Unannounceable:
            return

    def _attempt(self, asked: Asked, told: Told) -> tuple[Asked | None, int]:
        """(what is left to do, rows written). Raises Conflict."""
        now = to_millis(self._world.clock())
        profile, rows = self._read(asked)
        before = self._before(profile, rows, asked)
        self._tell_first([before.row, *before.absorbed], told)
        view = asked.view or self._world.asking.view()
        decision = decide(before, self._found(profile, before, asked, view, now), view)
        if decision.change is None:
            return None, 0
        self._world.rows.commit(decision.change)
        row = replace(decision.change.row, version=before.row.version + 1)
        told |= {(row.person, row.version): row} if row.outbox else {}
        self._wake_in_time(row, now)
        return self._left(asked, row, is_whole=decision.is_whole, is_new=not before.row.is_stored), 1

    def _tell_first(self, rows: Sequence[Row], told: Told) -> None:
        """What is written over is told before."""
        self.publish([fact for row in rows for fact in row.outbox])
        for row in rows:
            told.pop((row.person, row.version), None)

    def _left(self, asked: Asked, row: Row, *, is_whole: bool, is_new: bool) -> Asked | None:
        """Who absorbed them while a first row was written has looked for it, and found none. Of a row that was there, one of the two wrote
        under another version than the one that is stored, and has read it again."""
        if is_new and climb(self._world.identities, [row.person]).root_of(row.person).person_id != row.person:
            return replace(asked, absorbed=asked.absorbed | {row.person})
        return None if is_whole else asked

    def _wake_in_time(self, row: Row, now: int) -> None:
        if row.due is not None and row.due - now <= HAND_OVER:
            self._world.queue.put([PersonJob(person=row.person, cause=TIME, changed_since=MAX)], delay=max(0, ceil((row.due - now) / 1000)))

    # what is known

    def _read(self, asked: Asked) -> tuple[Profile, dict[str, Row]]:
        """The row before the profile: what is stitched and evaluated in between then writes under another version than the one read here.
        The other way round an old profile would be decided on by a new row, and the decision pass for the newer one."""
        loaded = {asked.person, *asked.absorbed, *([asked.origin] if asked.origin else [])}
        rows = dict(self._world.rows.load(loaded))
        profile = self._world.profiles.brief(asked.person)
        while profile.id not in loaded:
            loaded.add(profile.id)
            rows |= self._world.rows.load({profile.id})
            profile = self._world.profiles.brief(asked.person)
        return profile, rows

    def _before(self, profile: Profile, rows: dict[str, Row], asked: Asked) -> Before:
        named = {asked.person, *asked.absorbed} - {profile.id}
        origin = asked.origin if asked.origin != profile.id else None
        rows = {each: row for each, row in rows.items() if each in {profile.id, *named, origin}}
        own = rows.pop(profile.id, Row(person=profile.id))
        inherited = rows.pop(origin, None) if origin else None
        if not own.is_stored or own.shape != profile.shape:
            others = {*profile.identifiers} - {profile.id, *named}
            rows |= self._world.rows.load(others) if others else {}
        return Before(
            row=own,
            absorbed=tuple(rows[each] for each in sorted(self._of_theirs(profile, rows))),
            inherited=inherited if cause_mark(asked.cause) not in own.causes else None,
            inherited_by=asked.cause,
        )

    def _of_theirs(self, profile: Profile, ids: Collection[str]) -> Collection[str]:
        """An id that was absorbed once may have a person of its own by now."""
        unsure = [each for each in ids if each not in profile.identifiers]
        if not unsure:
            return ids
        paths = climb(self._world.identities, unsure)
        return [each for each in ids if each in profile.identifiers or paths.root_of(each).person_id == profile.id]

    def _found(self, profile: Profile, before: Before, asked: Asked, view: CustomerView, now: int) -> Found:
        changed_since = asked.changed_since if before.row.shape == profile.shape else MIN
        person = AskedPerson(self._world.asking, profile, view)
        segments, stage = self._steps(person, before, view, now, changed_since)
        return Found(
            person=profile.id,
            now=now,
            cause=asked.cause,
            segments=segments,
            stage=stage,
            first_seen=to_millis(profile.first_seen) if profile.first_seen else None,
            shape=profile.shape,
            told_anyway=asked.told_anyway,
            is_clearing=asked.view is not None,
            of_state=view.of_state,
            decided_at=person.decided_at if view.of_state else None,
        )

    def _steps(
        self, person: AskedPerson, before: Before, view: CustomerView, now: int, changed_since: int
    ) -> tuple[Mapping[str, Steps[bool]], Steps[str] | None]:
        """Of whom no event is known, as all were another's: they are in no segment."""
        if person.profile.first_seen is None:
            return dict.fromkeys(view.segments, NEVER), NEW
        found, members = {}, before.memberships
        for name, segment in view.segments.items():
            found[name] = person.steps(segment.condition, now)
            is_dated = name in members and members[name].version == segment.version and found[name].known_since < changed_since
            if _is_undated(found[name], now) and not is_dated:
                found[name] = _dated(found[name], person.logged(segment.condition, now), now)
        stage = person.lifecycle(now)
        return {name: each for name, each in found.items() if each.known_since <= now}, stage if stage.known_since <= now else None


def _dated(known: Steps[bool], logged: Steps[bool], now: int) -> Steps[bool]:
    """Since when, the log says; whether, it does not: of what happened longer ago than it goes back only the memory knows."""
    return logged if logged.known_since <= now and logged.at(now) else known


def _is_undated(found: Steps[bool], now: int) -> bool:
    """It holds, and only the log can tell since when."""
    return MIN < found.known_since <= now and found.at(now) and found.since(now) is None
