"""What an evaluation changes: pure, of the rows as they stood and of how each segment and the life cycle run over time.

Told is what happened since the row was last written, at most a day back, change by change; of all before only what has come of it. A change
from before its segment was published is kept and not told: a new segment, and a backfill, are news to nobody unless somebody asks.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple, Protocol

from ariane.conditions.computed import STAGES
from ariane.conditions.steps import MIN, Steps
from ariane.definitions.customer_view import Segment
from ariane.instants import format_instant, from_millis, to_millis
from ariane.profiles.announcing import Fact
from ariane.profiles.model import Shape
from ariane.segments.rows import MOST_ACTIONS, MemberChange, Membership, Row, RowChange, Stage, with_cause

ENTERED = "Segment Entered"
EXITED = "Segment Exited"
LIFECYCLE_CHANGED = "Lifecycle Changed"
TOLD_BACK = timedelta(days=1) // timedelta(milliseconds=1)
MOST_ABSORBED = 8
"""Rows that one transaction takes in."""
MOST_TOLD = 200
"""Changes of segments that one evaluation tells one by one."""
FIRST_STAGE = STAGES[0]


class Segments(Protocol):
    """As much of the customer view as is decided by."""

    @property
    def segments(self) -> Mapping[str, Segment]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    row: Row
    absorbed: tuple[Row, ...] = ()
    """Of person ids that are the person's now."""
    inherited: Row | None = None
    """Of whom the person was a part until now."""
    inherited_by: str = ""
    """The cause of that."""

    @property
    def rows(self) -> Sequence[Row]:
        return (self.row, *self.absorbed, *([self.inherited] if self.inherited else []))

    @property
    def memberships(self) -> Mapping[str, Membership]:
        """Of all rows; since the earliest."""
        found: dict[str, Membership] = {}
        for name, membership in (pair for row in self.rows for pair in row.memberships.items()):
            known = found.get(name)
            found[name] = membership if known is None else known._replace(since=_earlier(known.since, membership.since))
        return found

    @property
    def stage(self) -> Stage | None:
        """The furthest."""
        stages = [row.stage for row in self.rows if row.stage is not None]
        return max(stages, key=lambda each: STAGES.index(each.name) if each.name in STAGES else -1, default=None)

    @property
    def evaluated_at(self) -> int | None:
        return max((row.evaluated_at for row in self.rows if row.evaluated_at is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Of one person, at one instant. A segment that is not here keeps what is known of it."""

    person: str
    now: int
    cause: str
    segments: Mapping[str, Steps[bool]]
    stage: Steps[str] | None
    first_seen: int | None
    shape: Shape | None
    told_anyway: frozenset[str] = frozenset()
    """Segments of which every change is told, however long ago it was."""
    is_clearing: bool = False
    """Whether to forget segments that are defined no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    change: RowChange | None
    """None: what is stored is right."""
    is_whole: bool = True
    """False: there was more than one transaction takes; once it is committed, decide again."""

    @property
    def facts(self) -> Sequence[Fact]:
        return self.change.row.outbox if self.change else ()


class _Change[T](NamedTuple):
    at: int
    value: T
    """From then on."""
    is_dated: bool = True
    """False: it was so before ``at``, nobody knows since when."""


class _Outcome(NamedTuple):
    name: str
    member: Membership | None
    facts: Sequence[Fact]


def decide(before: Before, found: Found, segments: Segments) -> Decision:
    outcomes = _bounded([*_outcomes(before, found, segments.segments), *_cleared(before, found, segments.segments)])
    absorbed = before.absorbed[:MOST_ABSORBED]
    room = (MOST_ACTIONS - 1 - len(absorbed)) // (1 + len(absorbed))
    moving = [each for each in outcomes if _members_of(each, before.row, absorbed)]
    later = {each.name for each in moving[room:]}
    taken = [each for each in outcomes if each.name not in later]
    is_whole = not later and len(absorbed) == len(before.absorbed)
    row = _row(before, found, taken, is_whole=is_whole)
    if is_whole and not absorbed and not before.inherited and _is_same(before.row, row, found):
        return Decision(change=None)
    members = tuple(change for each in taken for change in _members_of(each, before.row, absorbed))
    left = tuple(_only(each, later) for each in absorbed)
    return Decision(change=RowChange(row=row, absorbed=left, members=members), is_whole=is_whole)


def _row(before: Before, found: Found, taken: Sequence[_Outcome], *, is_whole: bool) -> Row:
    stage, stage_facts = _stage(before, found)
    return replace(
        before.row,
        person=found.person,
        evaluated_at=found.now,
        memberships=_memberships(before.row, taken),
        stage=stage,
        due=_due(found) if is_whole else found.now,
        outbox=tuple(fact for each in taken for fact in each.facts) + tuple(stage_facts),
        causes=with_cause(before.row.causes, before.inherited_by) if before.inherited else before.row.causes,
        shape=found.shape if is_whole else before.row.shape,
    )


def _bounded(outcomes: Sequence[_Outcome]) -> Sequence[_Outcome]:
    """Where one evaluation has more to tell than a row takes, of each segment only what has come of it."""
    if sum(len(each.facts) for each in outcomes) <= MOST_TOLD:
        return outcomes
    return [each._replace(facts=each.facts[-1:] if len(each.facts) % 2 else ()) for each in outcomes]


def _is_same(stored: Row, row: Row, found: Found) -> bool:
    """A later ``due`` than the stored one is not worth a write: the person is looked at once for nothing instead."""
    if row.outbox or stored.outbox or stored.memberships != row.memberships:
        return False
    if not stored.is_stored:
        return not row.memberships and row.due is None and (row.stage is None or row.stage.name == FIRST_STAGE)
    is_due_kept = stored.due == row.due if stored.due is None or stored.due <= found.now else row.due is None or row.due >= stored.due
    return is_due_kept and stored.stage == row.stage and stored.shape == row.shape


def _due(found: Found) -> int | None:
    dues = [each.next_change(found.now) for each in found.segments.values()]
    dues += [found.stage.next_change(found.now)] if found.stage else []
    return min((each for each in dues if each is not None), default=None)


# segments


def _outcomes(before: Before, found: Found, segments: Mapping[str, Segment]) -> Iterator[_Outcome]:
    known, start = before.memberships, _start(before, found)
    for name, steps in sorted(found.segments.items()):
        segment, member = segments[name], known.get(name)
        changes = _changes(member is not None, steps, start, found)
        facts = [_fact(each, member, segment, found) for each in changes if _is_told(each, member, segment, found)]
        yield _Outcome(name, _membership(member, steps, segment, found), facts)
    for name, member in known.items():
        # what is defined no more is not handed on: who gets it from another may have been gone through already
        if name not in found.segments and (name in segments or not found.is_clearing):
            yield _Outcome(name, member if name in segments or name in before.row.memberships else None, ())


def _cleared(before: Before, found: Found, segments: Mapping[str, Segment]) -> Iterator[_Outcome]:
    for name in before.memberships:
        if found.is_clearing and name not in segments:
            yield _Outcome(name, None, ())


def _start(before: Before, found: Found) -> int:
    """From where on every change is told."""
    at = before.evaluated_at if before.evaluated_at is not None else found.first_seen
    return min(found.now, max(found.now - TOLD_BACK, at if at is not None else MIN))


def _changes[T](was: T, steps: Steps[T], start: int, found: Found) -> list[_Change[T]]:
    start = min(found.now, max(start, steps.known_since))
    changes = [_Change(at, value) for at, value in steps.changes(start, found.now)]
    return changes if steps.at(start) == was else [_begun(steps, start, found), *changes]


def _begun[T](steps: Steps[T], at: int, found: Found) -> _Change[T]:
    """What is in force at an instant. What began before the person did began with the person."""
    since = steps.since(at)
    if since is None and steps.known_since == MIN and found.first_seen is not None:
        since = min(at, found.first_seen)
    return _Change(at if since is None else since, steps.at(at), is_dated=since is not None)


def _is_told(change: _Change[bool], member: Membership | None, segment: Segment, found: Found) -> bool:
    """Where a member by another definition is none by this one, and nobody knows since when, nothing has happened."""
    if not segment.announce or segment.name in found.told_anyway:
        return segment.announce
    if not change.is_dated and member is not None and member.version != segment.version:
        return False
    return change.at >= to_millis(segment.published_at)


def _fact(change: _Change[bool], member: Membership | None, segment: Segment, found: Found) -> Fact:
    detail: dict[str, object] = {
        "segment": segment.name,
        "profile": found.person,
        "at": format_instant(from_millis(change.at)),
        "cause": found.cause,
        "version": segment.version,
    }
    if member is not None and member.version != segment.version:
        detail["previously"] = member.version
    return Fact(ENTERED if change.value else EXITED, detail)


def _membership(member: Membership | None, steps: Steps[bool], segment: Segment, found: Found) -> Membership | None:
    if not steps.at(found.now):
        return None
    since = steps.since(found.now)
    if since is None:
        since = found.first_seen if steps.known_since == MIN else member.since if member else None
    return Membership(segment.version, since)


def _memberships(row: Row, taken: Sequence[_Outcome]) -> Mapping[str, Membership]:
    changed = {each.name: each.member for each in taken}
    kept = {name: each for name, each in row.memberships.items() if name not in changed}
    return kept | {name: member for name, member in changed.items() if member is not None}


def _members_of(outcome: _Outcome, row: Row, absorbed: Sequence[Row]) -> list[MemberChange]:
    name, member = outcome.name, outcome.member
    own = [] if row.memberships.get(name) == member else [MemberChange(name, row.person, member)]
    return own + [MemberChange(name, each.person, None) for each in absorbed if name in each.memberships]


def _only(row: Row, names: Collection[str]) -> Row:
    return replace(row, memberships={name: each for name, each in row.memberships.items() if name in names}, outbox=())


# the life cycle


def _stage(before: Before, found: Found) -> tuple[Stage | None, Sequence[Fact]]:
    steps, was = found.stage, before.stage
    if steps is None:
        return was, ()
    known = was.name if was else FIRST_STAGE
    changes = _changes(known, steps, _start(before, found), found)
    froms = [known, *(each.value for each in changes)]
    told = [
        _stage_fact(earlier, each, found)
        for earlier, each in zip(froms, changes, strict=False)
        if was is not None or each.at >= found.now - TOLD_BACK
    ]
    since = steps.since(found.now)
    if since is None:
        since = found.first_seen if steps.known_since == MIN else was.since if was else None
    return Stage(steps.at(found.now), since), told


def _stage_fact(earlier: str, change: _Change[str], found: Found) -> Fact:
    """A change for the first time known is news of the last day alone."""
    at = format_instant(from_millis(change.at))
    return Fact(LIFECYCLE_CHANGED, {"profile": found.person, "from": earlier, "to": change.value, "at": at, "cause": found.cause})


def _earlier(one: int | None, other: int | None) -> int | None:
    """None is earlier than anything."""
    return None if one is None or other is None else min(one, other)
