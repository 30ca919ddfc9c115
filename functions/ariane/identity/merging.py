"""Which identities one event joins, and how: a pure decision over the roots it touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ariane.identity.model import Assertion, Head, Merged
from ariane.identity.rules import Identifier, Rules

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePlan:
    """``absorbed`` get ``winner`` as their parent. Heads carry the version at which they were read, under which the commit is conditional,
    and otherwise what is to be stored."""

    winner: Head
    absorbed: tuple[Head, ...]
    transition: Merged


def decide_merge(
    roots: Mapping[Identifier, Head], assertion: Assertion, *, rules: Rules, ids: Mapping[Identifier, str], cause: str
) -> MergePlan | None:
    """None: they are one identity already. ``roots`` is the root of each identifier that the event's assertion may join.

    The winner is the smallest by (identified first, oldest first assertion, id). Whoever limits what may be joined narrows ``roots`` to a
    legal set before this: the decision takes every root it is given.
    """
    distinct = {head.person_id: _described(head, roots, assertion, rules, ids) for head in roots.values()}
    if len(distinct) < 2:
        return None
    winner, *absorbed = sorted(distinct.values(), key=_rank)
    moved = Merged(into=winner.person_id, absorbed=tuple(head.person_id for head in absorbed), cause=cause, at=assertion.at)
    return MergePlan(winner=winner, absorbed=tuple(absorbed), transition=moved)


def _described(head: Head, roots: Mapping[Identifier, Head], assertion: Assertion, rules: Rules, ids: Mapping[Identifier, str]) -> Head:
    """A root that the event names itself learns its identifier and the time of its first assertion."""
    own = _own_identifier(head, roots, ids)
    if own is None:
        return head
    first_at = assertion.at if head.first_at is None else min(head.first_at, assertion.at)
    return replace(head, identifier=own, first_at=first_at, is_identified=head.is_identified or rules.is_identified(own))


def _own_identifier(head: Head, roots: Mapping[Identifier, Head], ids: Mapping[Identifier, str]) -> Identifier | None:
    named: Sequence[Identifier] = [identifier for identifier in roots if ids[identifier] == head.person_id]
    return named[0] if named else None


def _rank(head: Head) -> tuple[bool, datetime, str]:
    return not head.is_identified, head.first_at or _LAST, head.person_id
