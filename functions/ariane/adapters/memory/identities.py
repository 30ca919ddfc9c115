"""Heads, members, assertions and transitions in memory."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ariane.errors import Conflict
from ariane.identity.merging import MergePlan
from ariane.identity.model import Assertion, Head, Merged


class MemoryIdentities:
    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}
        self._members: dict[str, dict[str, str]] = defaultdict(dict)
        self._assertions: dict[str, dict[str, Assertion]] = defaultdict(dict)
        self._transitions: dict[str, dict[str, Merged]] = defaultdict(dict)

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        return {person_id: self._heads[person_id] for person_id in person_ids if person_id in self._heads}

    def members(self, person_id: str) -> Mapping[str, str]:
        return dict(self._members.get(person_id, {}))

    def add_assertion(self, anchor_id: str, assertion: Assertion) -> None:
        stored = self._assertions[anchor_id].get(assertion.digest)
        if stored is None or assertion.order < stored.order:
            self._assertions[anchor_id][assertion.digest] = assertion

    def merge(self, plan: MergePlan) -> None:
        touched = (plan.winner, *plan.absorbed)
        for head in touched:
            self._expect(head)
        winner = replace(plan.winner, version=plan.winner.version + 1, children=plan.winner.children + len(plan.absorbed))
        self._heads[winner.person_id] = winner
        for head in plan.absorbed:
            self._heads[head.person_id] = replace(head, version=head.version + 1, parent=winner.person_id)
            self._members[winner.person_id][head.person_id] = str(head.identifier)
        self._transitions[winner.person_id][plan.transition.cause] = plan.transition

    def _expect(self, head: Head) -> None:
        stored = self._heads.get(head.person_id, Head(person_id=head.person_id))
        if stored.version != head.version or stored.parent is not None:
            raise Conflict("head_changed", "an identity was changed meanwhile")

    def transitions(self, cause: str, person_ids: Collection[str]) -> Sequence[Merged]:
        under = (self._transitions.get(person_id, {}) for person_id in sorted(person_ids))
        return [merges[cause] for merges in under if cause in merges]

    def assertions_under(self, person_id: str) -> Sequence[Assertion]:
        return sorted(self._assertions.get(person_id, {}).values(), key=lambda assertion: assertion.order)

    def transitions_under(self, person_id: str) -> Sequence[Merged]:
        return sorted(self._transitions.get(person_id, {}).values(), key=lambda merged: (merged.at, merged.cause))

    def raise_version(self, root_id: str) -> None:
        """What a consent decision does to the head. Raises Conflict (``root_merged``) where it is no root any more."""
        head = self._heads.get(root_id, Head(person_id=root_id))
        if head.parent is not None:
            raise Conflict("root_merged", "the person was merged into another meanwhile")
        self._heads[root_id] = replace(head, version=head.version + 1)
