"""Consent records and states in memory."""

from collections.abc import Collection, Sequence
from typing import Protocol

from ariane.privacy.consents import ConsentDecision, ConsentQuestion, ConsentState, moves_forward


class Heads(Protocol):
    def raise_version(self, root_id: str) -> None:
        """Raises Conflict (``root_merged``) where it is no root any more."""
        ...


class MemoryConsents:
    def __init__(self, heads: Heads) -> None:
        self._heads = heads
        self._states: dict[tuple[str, str, str, bool], ConsentState] = {}
        self.records: list[ConsentDecision] = []

    def record(self, decision: ConsentDecision, *, root_id: str) -> None:
        if any(kept.state == decision.state for kept in self.records):
            return
        key = (decision.person_id, decision.topic, decision.channel, decision.is_person_wide)
        if moves_forward(self._states.get(key), decision):
            self._heads.raise_version(root_id)
            self._states[key] = decision.state
        self.records.append(decision)

    def concerning(self, question: ConsentQuestion) -> Sequence[ConsentState]:
        found = self.states({question.address_id, *question.person_ids, *question.owner_ids})
        own = (state for state in found if state.is_person_wide or state.person_id == question.address_id)
        return [state for state in own if state.concerns(question.topic, question.channel)]

    def states(self, person_ids: Collection[str]) -> Sequence[ConsentState]:
        return [state for key, state in sorted(self._states.items()) if key[0] in person_ids]
