"""What operators say by hand: these are not one person, that was wrong, these are."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from ariane.errors import Conflict, NotFound, Rejected, Retryable
from ariane.identity.clusters import BOUND, ClusterReader, described, top_clusters
from ariane.identity.commits import MOST_ACTIONS, Commit, IdentityStore
from ariane.identity.hand_words import split_in_words
from ariane.identity.ids import person_id
from ariane.identity.joining_by_hand import Joiner, Order
from ariane.identity.model import OPERATOR, Assertion, Cluster, Head, Lifted, Side, Split, Transition
from ariane.identity.resolving import News, Resolving, straddles
from ariane.identity.rules import Identifier, Rules
from ariane.identity.split_plan import SplitPlan, planned
from ariane.identity.trees import climb, expect_unmoved, gather
from ariane.identity.waiting_splits import waiting

_ATTEMPTS = 6

type Expect = Callable[[str, str], None]
"""Told, before a commit, the person id that its transition is to be stored under, and its cause. Raises Retryable."""


def _unheard(_owner: str, _cause: str) -> None: ...


class Operator:
    def __init__(self, store: IdentityStore, key: bytes, *, bound: int = BOUND, expect: Expect = _unheard) -> None:
        """``expect`` sees to it that what is committed is followed, whoever lives to see the commit."""
        self._store = store
        self._key = key
        self._bound = bound
        self._expect = expect
        self._joiner = Joiner(store, key, bound=bound, commit=self._commit)

    def split(
        self, identifiers: Collection[Identifier], *, rules: Rules, by: str, why: str, at: datetime, events_to: Side | None = None
    ) -> tuple[Split, Transition]:
        """Parts these identifiers (the split's right side) from the rest of their person (its left). Said twice, it is one split.

        Raises Rejected: ``identifier_missing``, ``identifier_alone`` (there is nobody to part them from), ``identifiers_apart`` (they are
        several people already), Conflict: ``already_split``. Retryable when others keep changing the same identities.
        """
        if not identifiers:
            raise Rejected("identifier_missing", "identifiers: say which identifiers are another person's")
        said: Split | None = None
        for _ in range(_ATTEMPTS):
            if said is not None and (known := self._store.splits([said.id]).get(said.id)) is not None:  # it was written, and not heard of
                return known, self._told(known, cause_of(known))
            root = self._common_root(identifiers)
            members = self._members(root)
            left = frozenset(members) - frozenset(identifiers)
            if not left:
                return self._same_again(root, identifiers)
            split = _split(left, frozenset(identifiers), Order(by=by, why=why, at=at), events_to)
            if (known := self._store.splits([split.id]).get(split.id)) is not None:  # and the background has not obeyed it yet
                return known, self._told(known, cause_of(known))
            said, transition = split, self._try(split, rules, cause=cause_of(split))
            if transition is not None:
                return split, transition
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

    def plan(
        self, identifiers: Collection[Identifier], *, rules: Rules, by: str, why: str, at: datetime, events_to: Side | None = None
    ) -> SplitPlan:
        """What ``split`` would do, with nothing done. Raises as ``split``."""
        for _ in range(_ATTEMPTS):
            root = self._common_root(identifiers)
            left = frozenset(self._members(root)) - frozenset(identifiers)
            if not left:
                known, _ = self._same_again(root, identifiers)
                raise Conflict("already_split", f"identifiers: {split_in_words(known)} keeps them apart from others already")
            split = _split(left, frozenset(identifiers), Order(by=by, why=why, at=at), events_to)
            try:
                return planned(split, self._resolving([*split.left, *split.right], split, rules, cause_of(split), at), self._id_of)
            except Conflict:
                continue
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

    def lift(self, split_id: str, *, rules: Rules, by: str, why: str, at: datetime) -> Transition:
        """Makes a split void: what it alone kept apart is one person again. Raises NotFound (``split_unknown``), Conflict
        (``split_lifted``) where somebody else lifted it before."""
        for _ in range(_ATTEMPTS):
            split = self.find(split_id)
            cause = f"{cause_of(split)}/lift"
            if split.lifted is not None:
                if split.lifted.by != by or split.lifted.why != why:
                    raise Conflict("split_lifted", f"the split {split.id} was lifted before, {_lifted_in_words(split.lifted)}")
                return self._told(split, cause)
            lifted = replace(split, lifted=Lifted(at=at, by=by, why=why))
            transition = self._try(lifted, rules, cause=cause)
            if transition is not None:
                return transition
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

    def link(self, identifiers: Sequence[Identifier], *, rules: Rules, by: str, why: str, at: datetime) -> Transition:
        """Says that these are one person: a trusted assertion, which stands before every public one.

        Raises Rejected (``identifier_missing``, ``too_many_identifiers``), Conflict: ``split_stands`` (names the split), ``illegal_link``
        (names the rule), ``identity_pending`` (the background has the last word on these people first).
        """
        return self._joiner.link(identifiers, Order(by=by, why=why, at=at), rules)

    def linked(self, identifiers: Sequence[Identifier], rules: Rules) -> Assertion | None:
        """The word that stands for these: somebody may have said so before. Raises as ``link``."""
        return self._joiner.standing(identifiers, rules)

    def told(self, split: Split) -> Transition:
        """What laying it down changed, or lifting it where it is lifted; nothing that is stored: it changed nobody."""
        return self._told(split, f"{cause_of(split)}/lift" if split.is_lifted else cause_of(split))

    def find(self, split_id: str) -> Split:
        """Raises NotFound (``split_unknown``)."""
        split = self._store.splits([split_id]).get(split_id)
        if split is None:
            raise NotFound("split_unknown", f"there is no split {split_id[:40]}")
        return split

    # splitting

    def _common_root(self, identifiers: Collection[Identifier]) -> Head:
        ids = [self._id_of(each) for each in identifiers]
        paths = climb(self._store, ids)
        roots = {root.person_id: root for root in (paths.root_of(each) for each in ids)}
        if len(roots) > 1:
            raise Rejected("identifiers_apart", f"identifiers: these are {len(roots):,} people already")
        (root,) = roots.values()
        if root.identifier is None:  # never asserted together with another
            raise Rejected("identifier_alone", f"identifiers: {all_that_there_is(identifiers)}; there is nobody to part them from")
        return root

    def _members(self, root: Head) -> list[Identifier]:
        texts = gather(self._store, root).values()
        return [*([root.identifier] if root.identifier else []), *map(Identifier.parse, texts)]

    def _same_again(self, root: Head, identifiers: Collection[Identifier]) -> tuple[Split, Transition]:
        """These are a whole person. By a split of the same words, said before?"""
        named = sorted(root.summary.left | root.summary.right) if root.summary else []
        standing = [split for split in self._store.splits(named).values() if not split.is_lifted] if named else []
        for split in standing:
            if split.right == frozenset(identifiers):
                return split, self._told(split, cause_of(split))
        if standing:
            words = "these are a person of their own already"
            raise Conflict("already_split", f"identifiers: {words}: {split_in_words(standing[0])} keeps them apart from others")
        raise Rejected("identifier_alone", f"identifiers: {all_that_there_is(identifiers)}; there is nobody to part them from")

    def _told(self, split: Split, cause: str) -> Transition:
        known = self._store.transition(self._id_of(_first(split.right)), cause)
        return known or Transition(cause=cause, at=split.lifted.at if split.lifted else split.at)

    def _try(self, split: Split, rules: Rules, *, cause: str) -> Transition | None:
        """None: somebody else was faster."""
        at = split.lifted.at if split.lifted else split.at
        own = self._id_of(_first(split.right))
        try:
            is_small = len(split.left) + len(split.right) <= self._bound
            named = [*split.left, *split.right, *(self._kept_apart(split) if split.is_lifted and is_small else ())]
            is_whole = is_small or not split.is_lifted  # of a large one the background looks for whom it kept apart
            resolving = self._resolving(named, split, rules, cause, at) if is_whole else None
            commit = resolving.commit(stored_under=own) if resolving is not None else None
            if commit is not None and commit.actions <= MOST_ACTIONS:
                self._commit(commit)
            else:
                roots, rows = self._met(named)
                for commit in waiting(rows, roots, split, rules, self._pending(split, cause, at), own):
                    self._commit(commit)
        except Conflict:
            return None
        return commit.transition[1] if commit and commit.transition else Transition(cause=cause, at=at)

    def _kept_apart(self, split: Split) -> set[Identifier]:
        """Whom evidence of both sides names beside them. Where the side that had such events is a hub by now, it linked nobody."""
        under = (self._store.assertions_under(self._id_of(each)) for each in (*split.left, *split.right))
        return {each for found in under for assertion in found if straddles(split, assertion.identifiers) for each in assertion.identifiers}

    def _met(self, identifiers: Iterable[Identifier]) -> tuple[list[Head], Collection[Cluster]]:
        """The roots of all of them, and then the clusters in conflict that these are in. Raises Conflict."""
        named = {self._id_of(each): each for each in identifiers}
        paths = climb(self._store, named)
        roots = {root.person_id: root for root in map(paths.root_of, named)}
        rows = {row.id: row for row in top_clusters(self._store, roots.values()).values()}
        expect_unmoved(self._store, paths, list(named))
        return [described(each, root, named[each]) if each in named else root for each, root in sorted(roots.items())], rows.values()

    def _pending(self, split: Split, cause: str, at: datetime) -> Transition:
        every = {self._id_of(each) for each in split.left | split.right} if split.events_to is not None else set[str]()
        return Transition(cause=cause, at=at, refold=tuple(sorted(every)))

    def _resolving(self, named: Collection[Identifier], split: Split, rules: Rules, cause: str, at: datetime) -> Resolving | None:
        """None: it is too much, or waits already. Raises Conflict."""
        view = ClusterReader(self._store, self._key, bound=self._bound).around(named, rules)
        if not view.is_complete or any(row.quarantine is not None for row in view.rows.values()):
            return None
        others = [each for each in view.splits if each.id != split.id]
        splits = others if split.is_lifted else [*others, split]
        news = News(cause=cause, at=at, evidence=view.evidence, splits=splits, split=split)
        return Resolving(view, news, rules=rules, id_of=self._id_of)

    def _commit(self, commit: Commit) -> None:
        if commit.transition is not None:
            owner, transition = commit.transition
            self._expect(owner, transition.cause)
        self._store.commit(commit)

    def _id_of(self, identifier: Identifier) -> str:
        return person_id(identifier, self._key)


def all_that_there_is(identifiers: Collection[Identifier]) -> str:
    first, *others = sorted(identifiers)
    return "these are all that the person has" if others else f"{first} is all that the person has"


def cause_of(split: Split) -> str:
    return f"{OPERATOR}/{split.id}"


def _split(left: frozenset[Identifier], right: frozenset[Identifier], order: Order, events_to: Side | None) -> Split:
    parts = [*sorted(map(str, left)), "", *sorted(map(str, right)), "", order.at.isoformat()]
    name = "spl_" + hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:26]
    return Split(id=name, left=left, right=right, at=order.at, by=order.by, why=order.why, events_to=events_to)


def _lifted_in_words(lifted: Lifted) -> str:
    return f"by {lifted.by} on {lifted.at:%Y-%m-%d} ({lifted.why})"


def _first(identifiers: Iterable[Identifier]) -> Identifier:
    return min(identifiers, key=str)
