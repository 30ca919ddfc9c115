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
from ariane.segments.changes import TOLD_BACK, Before, Change, Found, changes_of, changes_of_segment, start_of
from ariane.segments.rows import MOST_ACTIONS, MemberChange, Membership, Row, RowChange, Stage, with_cause

ENTERED = "Segment Entered"
EXITED = "Segment Exited"
LIFECYCLE_CHANGED = "Lifecycle Changed"
SURELY_KNOWN = timedelta(hours=1) // timedelta(milliseconds=1)
"""Longer than any function goes by definitions that were replaced."""
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
class Decision:
    change: RowChange | None
    """None: what is stored is right."""
    is_whole: bool = True
    """False: there was more than one transaction takes; once it is committed, decide again."""

    @property
    def facts(self) -> Sequence[Fact]:
        return self.change.row.outbox if self.change else ()


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
    is_unsure = any(each.member is not None and each.name not in segments.segments for each in taken)
    row = _row(before, found, taken, is_whole=is_whole, is_unsure=is_unsure)
    if is_whole and not absorbed and not before.inherited and _is_same(before.row, row, found):
        return Decision(change=None)
    members = tuple(change for each in taken for change in _members_of(each, before.row, absorbed))
    left = tuple(_only(each, later) for each in absorbed)
    return Decision(change=RowChange(row=row, absorbed=left, members=members), is_whole=is_whole)


def _row(before: Before, found: Found, taken: Sequence[_Outcome], *, is_whole: bool, is_unsure: bool) -> Row:
    stage, stage_facts = _stage(before, found)
    outbox = tuple(fact for each in taken for fact in each.facts) + tuple(stage_facts)
    listed = before.row.listed_due
    return replace(
        before.row,
        person=found.person,
        evaluated_at=found.now,
        memberships=_memberships(before.row, taken),
        stage=stage,
        due=_due(found, is_unsure=is_unsure) if is_whole else found.now,
        outbox=outbox,
        overdue=listed if outbox and listed is not None and listed <= found.now else None,
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


def _due(found: Found, *, is_unsure: bool) -> int | None:
    """``is_unsure``: there is a membership of a segment that is not known here, so they are looked at again when that is sure."""
    dues = [each.next_change(found.now) for each in found.segments.values()]
    dues += [found.stage.next_change(found.now)] if found.stage else []
    dues += [found.now + SURELY_KNOWN + 1] if is_unsure else []
    return min((each for each in dues if each is not None), default=None)


# segments


def _outcomes(before: Before, found: Found, segments: Mapping[str, Segment]) -> Iterator[_Outcome]:
    known, start = before.memberships, start_of(before, found)
    for name, steps in sorted(found.segments.items()):
        segment, member = segments[name], known.get(name)
        changes = changes_of_segment(name, member is not None, start, found)
        facts = [_fact(each, member, segment, found) for each in changes if _is_told(each, member, segment, found)]
        yield _Outcome(name, _membership(member, steps, segment, found), facts)
    for name, member in known.items():
        # what is defined no more is not handed on: who gets it from another may have been gone through already
        if name not in found.segments and (name in segments or not _is_clearing(before, found)):
            yield _Outcome(name, member if name in segments or name in before.row.memberships else None, ())


def _cleared(before: Before, found: Found, segments: Mapping[str, Segment]) -> Iterator[_Outcome]:
    for name in before.memberships:
        if _is_clearing(before, found) and name not in segments:
            yield _Outcome(name, None, ())


def _is_clearing(before: Before, found: Found) -> bool:
    """A segment that is not known here may have been published a moment ago; not that of a member who was looked at long before."""
    return found.is_clearing or (before.evaluated_at is not None and found.now - before.evaluated_at > SURELY_KNOWN)


def _is_told(change: Change[bool], member: Membership | None, segment: Segment, found: Found) -> bool:
    """Where a member by another definition is none by this one, and nobody knows since when, nothing has happened."""
    if not segment.announce or segment.name in found.told_anyway:
        return segment.announce
    if not change.is_dated and member is not None and member.version != segment.version:
        return False
    return change.at >= to_millis(segment.published_at)


def _fact(change: Change[bool], member: Membership | None, segment: Segment, found: Found) -> Fact:
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
    if segment.name in found.of_state and member is not None and member.version == segment.version:
        return member
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
    return replace(row, memberships={name: each for name, each in row.memberships.items() if name in names}, outbox=(), overdue=None)


# the life cycle


def _stage(before: Before, found: Found) -> tuple[Stage | None, Sequence[Fact]]:
    steps, was = found.stage, before.stage
    if steps is None:
        return was, ()
    known = was.name if was else FIRST_STAGE
    changes = changes_of(known, steps, start_of(before, found), found)
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


def _stage_fact(earlier: str, change: Change[str], found: Found) -> Fact:
    """A change for the first time known is news of the last day alone."""
    at = format_instant(from_millis(change.at))
    return Fact(LIFECYCLE_CHANGED, {"profile": found.person, "from": earlier, "to": change.value, "at": at, "cause": found.cause})
