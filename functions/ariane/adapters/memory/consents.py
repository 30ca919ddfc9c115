"""Consent records and states in memory."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from ariane.errors import Conflict
from ariane.privacy.consents import FRAGMENT_SEALED, ConsentDecision, ConsentQuestion, ConsentState, latest_of, moves_forward


class Heads(Protocol):
    def raise_version(self, root_id: str) -> None:
        """Raises Conflict (``root_merged``) where it is no root any more."""
        ...


class MemoryConsents:
    def __init__(self, heads: Heads, *, is_sealed: Callable[[str], bool] = lambda _: False) -> None:
        """``is_sealed``: whether a person id is of a device at rest."""
        self._heads = heads
        self._is_sealed = is_sealed
        self._states: dict[tuple[str, str, str, bool], ConsentState] = {}
        self.records: list[ConsentDecision] = []
        self.released: list[ConsentState] = []
        """Which of the records are another's."""

    def record(self, decision: ConsentDecision, *, root_id: str) -> None:
        if any(kept.state == decision.state for kept in self.records):
            return
        self._move(decision, root_id)
        self.records.append(decision)

    def adopt(self, decision: ConsentDecision, *, root_id: str) -> None:
        self._move(decision, root_id)
        self.released = [each for each in self.released if each != decision.state]
        if not any(kept.state == decision.state for kept in self.records):
            self.records.append(decision)

    def release(self, decision: ConsentDecision, *, root_id: str) -> None:
        if decision.state in self.released or not any(kept.state == decision.state for kept in self.records):
            return
        if self._states.get(decision.thing) == decision.state:
            self._heads.raise_version(root_id)
            left = (each for each in self.records if each.thing == decision.thing and each.state not in (*self.released, decision.state))
            remaining = latest_of(left)
            if remaining is None:
                del self._states[decision.thing]
            else:
                self._states[decision.thing] = remaining.state
        self.released.append(decision.state)

    def _move(self, decision: ConsentDecision, root_id: str) -> None:
        if moves_forward(self._states.get(decision.thing), decision):
            if decision.is_person_wide and self._is_sealed(decision.person_id):
                raise Conflict(FRAGMENT_SEALED, "the decision is of a device at rest")
            self._heads.raise_version(root_id)
            self._states[decision.thing] = decision.state

    def concerning(self, question: ConsentQuestion) -> Sequence[ConsentState]:
        found = self.states({question.address_id, *question.person_ids, *question.owner_ids})
        own = (state for state in found if state.is_person_wide or state.person_id == question.address_id)
        return [state for state in own if state.concerns(question.topic, question.channel)]

    def states(self, person_ids: Collection[str]) -> Sequence[ConsentState]:
        return [state for key, state in sorted(self._states.items()) if key[0] in person_ids]
