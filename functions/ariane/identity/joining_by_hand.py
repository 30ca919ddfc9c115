"""What an operator's link says: a trusted word about some identifiers, refused where a rule or a split stands against it."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ariane.errors import Conflict, Rejected, Retryable
from ariane.identity.clusters import BOUND
from ariane.identity.commits import Commit, IdentityStore
from ariane.identity.epochs import plain
from ariane.identity.hand_words import Together, in_words, split_in_words
from ariane.identity.ids import person_id
from ariane.identity.linking import Decision, Linker
from ariane.identity.model import OPERATOR, Assertion, Head, Transition, set_digest
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb, gather

_ATTEMPTS = 6
_REFUSALS = frozenset({"identity_pending", "illegal_link"})
MOST_LINKED = 10
"""Identifiers that one ``link`` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who says it, why, and when."""

    by: str
    why: str
    at: datetime


class Joiner:
    def __init__(self, store: IdentityStore, key: bytes, *, bound: int = BOUND, commit: Callable[[Commit], None]) -> None:
        """``commit`` takes what is decided to the store. Raises Conflict as the store does."""
        self._store = store
        self._key = key
        self._linker = Linker(store, key, bound=bound)
        self._commit = commit

    def link(self, identifiers: Sequence[Identifier], order: Order, rules: Rules) -> Transition:
        ordered = self._ordered(identifiers, rules)
        assertion = _linked(ordered, order)
        cause = f"{OPERATOR}/{assertion.message_id}"
        self._expect_no_split(ordered)
        known = self._store.assertion(self._id_of(ordered[0]), assertion.digest)
        if known is not None and known.precedence <= assertion.precedence:
            self._expect_together(known, rules)
            return self._linker.transition(f"{OPERATOR}/{known.message_id}", ordered) or Transition(cause=cause, at=order.at)
        for _ in range(_ATTEMPTS):
            try:
                decision = self._linker.decide(assertion, rules=rules, cause=cause)
                self._expect_allowed(assertion, decision, rules)
                self._commit(decision.commit)
            except Conflict as error:
                if error.code in _REFUSALS:
                    raise
                continue
            changed = decision.commit.transition
            return changed[1] if changed else Transition(cause=cause, at=order.at)
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

    def standing(self, identifiers: Sequence[Identifier], rules: Rules) -> Assertion | None:
        """The word that stands for these identifiers: an operator's, or what a trusted source said before anybody."""
        ordered = self._ordered(identifiers, rules)
        return self._store.assertion(self._id_of(ordered[0]), set_digest(ordered, is_trusted=True))

    def _ordered(self, identifiers: Sequence[Identifier], rules: Rules) -> tuple[Identifier, ...]:
        ordered = tuple(sorted(set(map(plain, identifiers)), key=lambda each: (rules.priority_of(each), each.value, each.namespace)))
        if len(ordered) == 1 and len(identifiers) > 1:
            raise Rejected("identifier_missing", f"identifiers: {ordered[0]} is named twice; a link takes two different identifiers")
        if len(ordered) < 2:
            raise Rejected("identifier_missing", "identifiers: a link names two identifiers at least")
        if len(ordered) > MOST_LINKED:
            raise Rejected("too_many_identifiers", f"identifiers: a link names {MOST_LINKED} at most, these are {len(ordered):,}")
        return ordered

    def _expect_allowed(self, assertion: Assertion, decision: Decision, rules: Rules) -> None:
        if decision.is_waiting:
            raise Conflict("identity_pending", "the evidence about these people is being resolved; say it again in some minutes")
        for identifier, reason in decision.refused.items():
            people = self._people(assertion.identifiers)
            raise Conflict("illegal_link", f"identifiers: {in_words(reason, plain(identifier), people, rules)}")

    def _expect_together(self, known: Assertion, rules: Rules) -> None:
        """Said before; a rule may have refused it then."""
        people = self._people(known.identifiers)
        if len({id(each) for each in people.values()}) > 1:
            said = f"{known.by or f'the source {known.source}'} said so on {known.at:%Y-%m-%d}, and it was refused"
            raise Conflict("illegal_link", f"identifiers: {said}: {in_words(None, known.identifiers[-1], people, rules)}")

    def _people(self, identifiers: Collection[Identifier]) -> Together:
        """Whom each is one person with: the very same object for those that are one."""
        ids = {each: self._id_of(each) for each in identifiers}
        paths = climb(self._store, ids.values())
        roots = {root.person_id: root for root in map(paths.root_of, ids.values())}
        theirs = {each: self._members(root) for each, root in roots.items()}
        return {each: theirs[paths.root_of(own).person_id] for each, own in ids.items()}

    def _members(self, root: Head) -> list[Identifier]:
        """All that the person has. Its size has a bound: whoever is linked by hand was resolved at once."""
        own = [root.identifier] if root.identifier else []
        return [*own, *map(Identifier.parse, gather(self._store, root).values())]

    def _expect_no_split(self, identifiers: Collection[Identifier]) -> None:
        ids = {self._id_of(each): each for each in identifiers}
        paths = climb(self._store, ids)
        roots = {root.person_id: root for root in map(paths.root_of, ids)}
        left = {split for root in roots.values() if root.summary for split in root.summary.left}
        right = {split for root in roots.values() if root.summary for split in root.summary.right}
        for split in self._store.splits(sorted(left & right)).values() if left & right else ():
            if not split.is_lifted:
                raise Conflict("split_stands", f"identifiers: {split_in_words(split)} keeps them apart; lift it first")

    def _id_of(self, identifier: Identifier) -> str:
        return person_id(identifier, self._key)


def _linked(identifiers: tuple[Identifier, ...], order: Order) -> Assertion:
    digest = hashlib.sha256("\x00".join([*map(str, identifiers), order.at.isoformat()]).encode()).hexdigest()
    return Assertion(
        identifiers=identifiers,
        at=order.at,
        is_trusted=True,
        source=OPERATOR,
        message_id=f"link_{digest[:26]}",
        body_digest=digest[:16],
        by=order.by,
        why=order.why,
    )
