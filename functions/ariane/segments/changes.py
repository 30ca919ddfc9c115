"""What is known of a person, before and now, and what has changed in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from ariane.conditions.computed import STAGES
from ariane.conditions.steps import MIN, Steps
from ariane.profiles.model import Shape
from ariane.segments.rows import Membership, Row, Stage

TOLD_BACK = timedelta(days=1) // timedelta(milliseconds=1)


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
    """Whether to forget segments that are defined no more, whenever the person was looked at last."""
    of_state: frozenset[str] = frozenset()
    """Segments that ask for consents, of which the latest is known and not what they were before."""
    decided_at: int | None = None
    """When the person last decided about consents."""


class Change[T](NamedTuple):
    at: int
    value: T
    """From then on."""
    is_dated: bool = True
    """False: it was so before ``at``, nobody knows since when."""


def start_of(before: Before, found: Found) -> int:
    """From where on every change is told."""
    at = before.evaluated_at if before.evaluated_at is not None else found.first_seen
    return min(found.now, max(found.now - TOLD_BACK, at if at is not None else MIN))


def changes_of[T](was: T, steps: Steps[T], start: int, found: Found) -> list[Change[T]]:
    start = min(found.now, max(start, steps.known_since))
    changes = [Change(at, value) for at, value in steps.changes(start, found.now)]
    return changes if steps.at(start) == was else [_begun(steps, start, found), *changes]


def changes_of_segment(name: str, was: bool, start: int, found: Found) -> list[Change[bool]]:
    steps = found.segments[name]
    return _change(was, steps, start, found) if name in found.of_state else changes_of(was, steps, start, found)


def _change(was: bool, steps: Steps[bool], start: int, found: Found) -> list[Change[bool]]:
    """Of what is known to be so now, and not how it was before: one change, where the last look found it otherwise. Where nothing that is
    dated has changed since then, it was the person's decision."""
    value, since = steps.at(found.now), steps.since(found.now)
    if value == was:
        return []
    if since is None or since <= start:
        since = found.decided_at if found.decided_at is not None else start
    return [Change(since, value)]


def _begun[T](steps: Steps[T], at: int, found: Found) -> Change[T]:
    """What is in force at an instant. What began before the person did began with the person."""
    since = steps.since(at)
    if since is None and steps.known_since == MIN and found.first_seen is not None:
        since = min(at, found.first_seen)
    return Change(at if since is None else since, steps.at(at), is_dated=since is not None)


def _earlier(one: int | None, other: int | None) -> int | None:
    """None is earlier than anything."""
    return None if one is None or other is None else min(one, other)
