"""Keeping the consents that a delivery decides, in few calls however many decisions it holds."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ariane.errors import Conflict, Permanent, Retryable
from ariane.events.model import Event
from ariane.identity.identifiers import normalise
from ariane.identity.ids import person_id
from ariane.identity.rules import Rules
from ariane.identity.trees import climb
from ariane.privacy.consents import FRAGMENT_SEALED, ConsentDecision, decisions_of, moves_forward
from ariane.profiles.stitching import Stores
from ariane.profiles.waking import awaken

MOST_PUBLIC_DECISIONS = 100
"""Different ones that one delivery may hold of sources whose key is public. Each is a transaction, and a page's visitor makes a handful."""
_ATTEMPTS = 5

type DecisionsOf = Callable[[Event], Iterable[ConsentDecision]]
type _Write = Callable[[ConsentDecision, str], None]
"""Given the root's person id."""


class Rehomed(NamedTuple):
    """A decision for a whole person, and every person id under which it may have been kept before: its home's too."""

    decision: ConsentDecision
    candidates: Collection[str]


def decisions_in(event: Event, rules: Rules, key: bytes) -> Sequence[ConsentDecision]:
    """Those that name no address are bound to ``event.person_id``: its home's."""

    def id_of(namespace: str, value: str) -> str | None:
        address = normalise(namespace, value, rules, default_country=rules.countries.get(event.source))
        return person_id(address, key) if address else None

    return decisions_of(event, id_of=id_of)


def decided(events: Iterable[Event], decisions_of: DecisionsOf) -> Sequence[ConsentDecision]:
    """Of all decisions on one thing the one that stands in the end. Raises Permanent (``too_many_consents``)."""
    public: list[ConsentDecision] = []
    trusted: list[ConsentDecision] = []
    for event in events:
        (trusted if event.kind.is_trusted else public).extend(decisions_of(event))
    if len(_standing(public)) > MOST_PUBLIC_DECISIONS:
        raise Permanent("too_many_consents", f"over {MOST_PUBLIC_DECISIONS} different consent decisions from a public source")
    return _standing([*public, *trusted])


def keep(decisions: Sequence[ConsentDecision], stores: Stores) -> None:
    """What was kept at an earlier attempt is passed over, so that even a batch too long for one attempt ends. Raises Retryable."""
    if not decisions:
        return
    person_ids = {decision.person_id for decision in decisions}
    kept = set(stores.consents.states(person_ids))
    paths = climb(stores.identities, person_ids)
    for decision in decisions:
        if decision.state not in kept:
            _write(
                lambda said, root: stores.consents.record(said, root_id=root), decision, paths.root_of(decision.person_id).person_id, stores
            )


def adopt(decisions: Iterable[ConsentDecision], stores: Stores) -> None:
    """Of all decisions on one thing the one that stands in the end, also where it was released before. Raises Retryable."""
    standing = _standing(decisions)
    if not standing:
        return
    kept = set(stores.consents.states({each.person_id for each in standing}))
    for decision in standing:
        if decision.state not in kept:
            _write(lambda said, root: stores.consents.adopt(said, root_id=root), decision, _root_of(decision, stores), stores)


def release(moved: Iterable[Rehomed], stores: Stores) -> None:
    """From every person id but their home's. Raises Retryable."""
    for decision, candidates in moved:
        for other in sorted({*candidates} - {decision.person_id}):
            elsewhere = replace(decision, person_id=other)
            _write(lambda said, root: stores.consents.release(said, root_id=root), elsewhere, _root_of(elsewhere, stores), stores)


def _standing(decisions: Iterable[ConsentDecision]) -> list[ConsentDecision]:
    last: dict[tuple[str, str, str, bool], ConsentDecision] = {}
    for decision in decisions:
        before = last.get(decision.thing)
        if moves_forward(before.state if before else None, decision):
            last[decision.thing] = decision
    return list(last.values())


def _write(write: _Write, decision: ConsentDecision, root_id: str, stores: Stores) -> None:
    for _ in range(_ATTEMPTS):
        try:
            return write(decision, root_id)
        except Conflict as conflict:
            if conflict.code == FRAGMENT_SEALED:
                awaken(decision.person_id, stores.fragments)
            root_id = _root_of(decision, stores)
    raise Retryable("consent_contended", "other changes of the same person keep coming")


def _root_of(decision: ConsentDecision, stores: Stores) -> str:
    return climb(stores.identities, [decision.person_id]).root_of(decision.person_id).person_id
