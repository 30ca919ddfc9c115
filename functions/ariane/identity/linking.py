"""Recording that an event's identifiers are one person, and joining their identities."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Protocol

import orjson

from ariane.errors import Conflict, Retryable
from ariane.events.model import Event
from ariane.identity.ids import person_id
from ariane.identity.merging import MergePlan, decide_merge
from ariane.identity.model import Assertion, Merged
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import Heads, climb

_ATTEMPTS = 6


class IdentityStore(Heads, Protocol):
    def add_assertion(self, anchor_id: str, assertion: Assertion) -> None:
        """Keeps, per digest, the assertion of the smallest order. Idempotent."""
        ...

    def merge(self, plan: MergePlan) -> None:
        """All or nothing, with the transition. Raises Conflict where a head is not as it was read."""
        ...

    def transitions(self, cause: str, person_ids: Collection[str]) -> Sequence[Merged]:
        """The merges that this cause brought under any of these ids; sees every merge committed before the call."""
        ...


class Linker:
    def __init__(self, store: IdentityStore, key: bytes) -> None:
        self._store = store
        self._key = key

    def link(self, event: Event, identifiers: Sequence[Identifier], *, rules: Rules, cause: str) -> Sequence[Merged]:
        """Stores the assertion and makes the identifiers one identity. Returns what this event merged, now or at an earlier delivery.

        Raises Retryable when others keep changing the same identities.
        """
        assertion = assertion_of(event, identifiers)
        self._store.add_assertion(person_id(identifiers[0], self._key), assertion)
        ids = {identifier: person_id(identifier, self._key) for identifier in identifiers}
        for _ in range(_ATTEMPTS):
            paths = climb(self._store, ids.values())
            roots = {identifier: paths.root_of(own) for identifier, own in ids.items()}
            plan = decide_merge(roots, assertion, rules=rules, ids=ids, cause=cause)
            if plan is None:
                return self._store.transitions(cause, {step for own in ids.values() for step in paths.path(own)})
            if self._is_merged(plan):
                return [plan.transition]
        raise Retryable("identity_contended", "other merges of the same identities keep coming")

    def merged_by(self, cause: str, identifiers: Sequence[Identifier]) -> Sequence[Merged]:
        """What an event that was linked at an earlier delivery merged then."""
        own = [person_id(identifier, self._key) for identifier in identifiers]
        paths = climb(self._store, own)
        return self._store.transitions(cause, {step for start in own for step in paths.path(start)})

    def _is_merged(self, plan: MergePlan) -> bool:
        try:
            self._store.merge(plan)
        except Conflict:
            return False
        return True


def assertion_of(event: Event, identifiers: Sequence[Identifier]) -> Assertion:
    return Assertion(
        identifiers=tuple(identifiers),
        at=event.timestamp,
        is_trusted=event.kind.is_trusted,
        source=event.source,
        message_id=event.message_id,
        body_digest=hashlib.sha256(orjson.dumps(dict(event.message), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16],
    )
