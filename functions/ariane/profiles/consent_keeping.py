"""Keeping the consents that a delivery decides, in few calls however many decisions it holds."""

from collections.abc import Callable, Iterable, Sequence

from ariane.errors import Conflict, Permanent, Retryable
from ariane.events.model import Event
from ariane.identity.trees import climb
from ariane.privacy.consents import ConsentDecision, moves_forward
from ariane.profiles.stitching import Stores

MOST_PUBLIC_DECISIONS = 100
"""Different ones that one delivery may hold of sources whose key is public. Each is a transaction, and a page's visitor makes a handful."""
_ATTEMPTS = 5

type DecisionsOf = Callable[[Event], Iterable[ConsentDecision]]


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
            _record(decision, paths.root_of(decision.person_id).person_id, stores)


def _standing(decisions: Iterable[ConsentDecision]) -> list[ConsentDecision]:
    last: dict[tuple[str, str, str, bool], ConsentDecision] = {}
    for decision in decisions:
        thing = (decision.person_id, decision.topic, decision.channel, decision.is_person_wide)
        before = last.get(thing)
        if moves_forward(before.state if before else None, decision):
            last[thing] = decision
    return list(last.values())


def _record(decision: ConsentDecision, root_id: str, stores: Stores) -> None:
    for _ in range(_ATTEMPTS):
        try:
            return stores.consents.record(decision, root_id=root_id)
        except Conflict:
            root_id = climb(stores.identities, [decision.person_id]).root_of(decision.person_id).person_id
    raise Retryable("consent_contended", "merges of the same person keep coming")
