"""Recording that an event's identifiers are one person, and keeping who is one person equal to the reference."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from ariane.errors import Conflict, Retryable
from ariane.events.model import Event
from ariane.identity.clusters import BOUND, ClusterReader, Each, described, standing_splits, top_clusters
from ariane.identity.commits import MOST_ACTIONS, Commit, IdentityStore
from ariane.identity.epochs import Facts, Reason, is_later, mapped
from ariane.identity.facts import facts_of, is_noted, learn, witness_of
from ariane.identity.ids import person_id
from ariane.identity.joining import Touched, beside, quarantined, recorded, step, union
from ariane.identity.model import LATE, Assertion, Transition
from ariane.identity.resolving import News, Resolving
from ariane.identity.rules import Identifier, Rules
from ariane.identity.signatures import word_of
from ariane.identity.trees import climb, expect_unmoved
from ariane.instants import Clock, utc_now

_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class Decision:
    commit: Commit
    refused: Mapping[Identifier, Reason] = field(default_factory=dict)
    """Of the assertion's own identifiers."""
    is_waiting: bool = False
    """The background is to decide."""


class Linker:
    def __init__(self, store: IdentityStore, key: bytes, *, bound: int = BOUND, each: Each = map, clock: Clock = utc_now) -> None:
        """``each``: how the evidence of a cluster's members is asked for. ``clock``: tells how long a cluster stays shut."""
        self._each = each
        self._clock = clock
        self._store = store
        self._key = key
        self._bound = bound

    def link(self, event: Event, identifiers: Sequence[Identifier], *, rules: Rules, cause: str) -> Transition:
        """Stores the assertion and what follows from it, in one commit. Returns what this event changed, now or at an earlier delivery.

        Raises Retryable (``identity_contended``) when others keep changing the same identities, or while the background resolves them and
        takes nothing in.
        """
        return self.take(assertion_of(event, identifiers), rules=rules, cause=cause)

    def take(self, assertion: Assertion, *, rules: Rules, cause: str) -> Transition:
        for attempt in range(_ATTEMPTS):
            try:
                touched = self._touched(assertion, rules, cause)
                if (attempt or touched.may_be_stored) and self._is_stored(assertion):
                    return self.transition(cause, assertion.identifiers) or Transition(cause=cause, at=assertion.at)
                commit = self._decided(touched, rules).commit
                self._store.commit(commit)
            except Conflict:
                continue
            return commit.transition[1] if commit.transition else Transition(cause=cause, at=assertion.at)
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

    def transition(self, cause: str, identifiers: Sequence[Identifier]) -> Transition | None:
        """What an event that was linked at an earlier delivery changed then."""
        return self._store.transition(self._id_of(identifiers[0]), cause)

    def _is_stored(self, assertion: Assertion) -> bool:
        stored = self._store.assertion(self._id_of(assertion.identifiers[0]), assertion.digest)
        return stored is not None and stored.precedence <= assertion.precedence

    def _id_of(self, identifier: Identifier) -> str:
        return person_id(identifier, self._key)

    def decide(self, assertion: Assertion, *, rules: Rules, cause: str) -> Decision:
        """What taking it in now would commit."""
        touched = self._touched(assertion, rules, cause)
        decision = self._decided(touched, rules)
        return replace(decision, refused={**touched.reading.dropped, **decision.refused})

    def _decided(self, touched: Touched, rules: Rules) -> Decision:
        waiting = [row for row in touched.rows.values() if row.quarantine is not None]
        if any(row.shut_until is not None and row.shut_until > self._clock() for row in waiting):
            raise Retryable("identity_contended", "the background is resolving these identities")
        if waiting:
            return self._waiting(touched, rules, reason="waits for the background")
        if not touched.turned:
            if not touched.roots:
                return Decision(recorded(touched, rules, self._id_of))
            commit = union(touched, rules, self._id_of)
            if commit is not None:
                return Decision(commit)
            stepped = step(touched, rules, self._id_of)
            if stepped is not None:
                return Decision(*stepped)
        return self._resolved(touched, rules)

    def _touched(self, assertion: Assertion, rules: Rules, cause: str) -> Touched:
        ids = {each: self._id_of(each) for each in assertion.identifiers}
        paths = climb(self._store, ids.values())
        witness = witness_of(assertion, rules)
        own = {each: described(person, paths.heads.get(person), each) for each, person in ids.items()}
        evidence = {each: learn(head.evidence, each, witness, rules) for each, head in own.items()}
        before, after = facts_of({each: head.evidence for each, head in own.items()}, rules), facts_of(evidence, rules)
        known = {each for each, person in ids.items() if (head := paths.heads.get(person)) and head.identifier is not None}
        roots = {each: described(paths.root_of(ids[each]).person_id, paths.root_of(ids[each]), each) for each in ids}
        splits = standing_splits(self._store, roots.values())
        reading = mapped(assertion.identifiers, assertion.at, after, splits)
        linking = {each: roots[each] for each in reading.linking if not is_later(each)}
        turned = {each: roots[each] for each in _changed(before, after, known)}
        expect_unmoved(self._store, paths, [ids[each] for each in {**linking, **turned}])
        return Touched(
            assertion=assertion,
            may_be_stored=len(known) == len(ids),
            reading=reading,
            own=own,
            evidence=evidence,
            roots=linking,
            turned=turned,
            tops=top_clusters(self._store, [*linking.values(), *turned.values()]),
            facts=after,
            splits=splits,
            cause=cause,
        )

    def _resolved(self, touched: Touched, rules: Rules) -> Decision:
        around = {*touched.roots, *touched.turned}
        view = ClusterReader(self._store, self._key, bound=self._bound, each=self._each).around(around, rules)
        if view.is_complete:
            witness = witness_of(touched.assertion, rules)
            known = {each: view.evidence.get(each, head.evidence) for each, head in touched.own.items()}
            evidence = {each: learn(known[each], each, witness, rules) for each in known}
            news = News(cause=touched.cause, at=touched.assertion.at, evidence=evidence, splits=view.splits, added=(touched.assertion,))
            resolving = Resolving(view, news, rules=rules, id_of=self._id_of)
            commit = resolving.commit(stored_under=self._id_of(touched.assertion.identifiers[0]))
            commit = replace(commit, heads=(*commit.heads, *beside(touched, rules, self._id_of, known=view.heads)))
            if commit.actions <= MOST_ACTIONS:
                return Decision(commit, resolving.refused(touched.assertion))
        reason = f"over {self._bound} assertions" if not view.is_complete else "too many changes for one commit"
        return self._waiting(touched, rules, reason=reason)

    def _waiting(self, touched: Touched, rules: Rules, *, reason: str) -> Decision:
        refold = {each for device in touched.turned if rules.is_device(device) for each in self._partitions_with(device, rules)}
        return Decision(quarantined(touched, rules, self._id_of, reason=reason, refold=refold), is_waiting=True)

    def _partitions_with(self, device: Identifier, rules: Rules) -> set[str]:
        """Of the log, where events may lie that are another's when the device is shared: the background sees no change of it any more."""
        own = self._id_of(device)
        firsts = (each.identifiers[0] for each in self._store.assertions_under(own))
        return {own, *(self._id_of(first) for first in firsts if rules.is_device(first))}


def _changed(before: Facts, after: Facts, known: Collection[Identifier]) -> set[Identifier]:
    found = {each for each in after.shared_since if after.shared_since[each] != before.shared_since.get(each)}
    found |= {each for each in after.hubs if each not in before.hubs}
    found |= {each for each in after.protected if each not in before.protected and each in known}
    return found | {each for each, at in before.sightings.items() if after.sightings.get(each) != at}


def is_asserting(identifiers: Sequence[Identifier], rules: Rules, *, is_trusted: bool) -> bool:
    """Whether an event with these identifiers says anything about who is who."""
    return len(identifiers) > 1 or any(is_noted(each, rules, is_trusted=is_trusted) for each in identifiers)


def assertion_of(event: Event, identifiers: Sequence[Identifier]) -> Assertion:
    return Assertion(
        identifiers=tuple(identifiers),
        at=event.timestamp,
        is_trusted=event.is_trusted,
        source=event.source,
        message_id=event.message_id,
        body_digest=hashlib.sha256(orjson.dumps(dict(event.message), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16],
        received_at=event.received_at if _is_late(event) else None,
        signature=None if event.kind.is_trusted else word_of(event.signature),
    )


def _is_late(event: Event) -> bool:
    """Trusted sources may tell of long ago: imports do nothing else."""
    return not event.kind.is_trusted and event.received_at - event.timestamp > LATE
