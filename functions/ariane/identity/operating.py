"""What operators say by hand: these are not one person, that was wrong, these are."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ariane.errors import Conflict, NotFound, Rejected, Retryable
from ariane.identity.clusters import BOUND, ClusterReader, ClusterView, described, top_clusters
from ariane.identity.commits import MOST_ACTIONS, Commit, Entry, IdentityStore
from ariane.identity.components import summary_of
from ariane.identity.epochs import Facts, plain
from ariane.identity.ids import person_id
from ariane.identity.linking import Decision, Linker
from ariane.identity.model import OPERATOR, Assertion, Cluster, Head, Lifted, Side, Split, Transition
from ariane.identity.resolving import News, Resolving, cluster_id, straddles
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb, expect_unmoved, gather

_ATTEMPTS = 6
_NO_FACTS = Facts()
_REFUSALS = frozenset({"identity_pending", "illegal_link"})
MOST_LINKED = 10
"""Identifiers that one ``link`` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who says it, why, and when."""

    by: str
    why: str
    at: datetime


class Operator:
    def __init__(self, store: IdentityStore, key: bytes, *, bound: int = BOUND) -> None:
        self._store = store
        self._key = key
        self._bound = bound

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

    def lift(self, split_id: str, *, rules: Rules, by: str, why: str, at: datetime) -> Transition:
        """Makes a split void: what it alone kept apart is one person again. Raises NotFound (``split_unknown``), Conflict
        (``split_lifted``) where somebody else lifted it before."""
        for _ in range(_ATTEMPTS):
            split = self.find(split_id)
            cause = f"{cause_of(split)}/lift"
            if split.lifted is not None:
                if split.lifted.by != by or split.lifted.why != why:
                    raise Conflict("split_lifted", f"the split {split.id} was lifted before, by {split.lifted.by}")
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
        ordered = tuple(sorted(set(map(plain, identifiers)), key=lambda each: (rules.priority_of(each), each.value, each.namespace)))
        if len(ordered) < 2:
            raise Rejected("identifier_missing", "identifiers: a link names two identifiers at least")
        if len(ordered) > MOST_LINKED:
            raise Rejected("too_many_identifiers", f"identifiers: a link names {MOST_LINKED} at most")
        assertion = _linked(ordered, Order(by=by, why=why, at=at))
        linker = Linker(self._store, self._key, bound=self._bound)
        cause = f"{OPERATOR}/{assertion.message_id}"
        self._expect_no_split(ordered)
        known = self._store.assertion(self._id_of(ordered[0]), assertion.digest)
        if known is not None and known.order <= assertion.order:
            self._expect_together(ordered)
            return linker.transition(f"{OPERATOR}/{known.message_id}", ordered) or Transition(cause=cause, at=at)
        for _ in range(_ATTEMPTS):
            try:
                decision = linker.decide(assertion, rules=rules, cause=cause)
                _expect_allowed(decision)
                self._store.commit(decision.commit)
            except Conflict as error:
                if error.code in _REFUSALS:
                    raise
                continue
            changed = decision.commit.transition
            return changed[1] if changed else Transition(cause=cause, at=at)
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

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
            raise Rejected("identifiers_apart", "identifiers: these are several people already")
        (root,) = roots.values()
        if root.identifier is None:  # never asserted together with another
            raise Rejected("identifier_alone", "identifiers: there is nothing to part this identifier from")
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
            raise Conflict("already_split", f"identifiers: the split {standing[0].id} keeps them apart from others already")
        raise Rejected("identifier_alone", "identifiers: these are all that the person has; there is nobody to part them from")

    def _told(self, split: Split, cause: str) -> Transition:
        known = self._store.transition(self._id_of(_first(split.right)), cause)
        return known or Transition(cause=cause, at=split.lifted.at if split.lifted else split.at)

    def _try(self, split: Split, rules: Rules, *, cause: str) -> Transition | None:
        """None: somebody else was faster."""
        at = split.lifted.at if split.lifted else split.at
        own = self._id_of(_first(split.right))
        try:
            is_small = len(split.left) + len(split.right) <= BOUND
            named = [*split.left, *split.right, *(self._kept_apart(split) if split.is_lifted and is_small else ())]
            view = ClusterReader(self._store, self._key, bound=self._bound).around(named, rules)
            commit = self._resolved(view, split, rules, cause, at, own)
            if commit is None or commit.actions > MOST_ACTIONS:
                roots, rows = self._met(named)
                commit = _waiting(rows, roots, split, rules, self._pending(split, cause, at), own)
            self._store.commit(commit)
        except Conflict:
            return None
        return commit.transition[1] if commit.transition else Transition(cause=cause, at=at)

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

    def _resolved(self, view: ClusterView, split: Split, rules: Rules, cause: str, at: datetime, own: str) -> Commit | None:
        if not view.is_complete or any(row.quarantine is not None for row in view.rows.values()):
            return None
        others = [each for each in view.splits if each.id != split.id]
        splits = others if split.is_lifted else [*others, split]
        news = News(cause=cause, at=at, evidence=view.evidence, splits=splits, split=split)
        return Resolving(view, news, rules=rules, id_of=self._id_of).commit(stored_under=own)

    # linking

    def _expect_together(self, identifiers: Collection[Identifier]) -> None:
        ids = [self._id_of(each) for each in identifiers]
        paths = climb(self._store, ids)
        if len({paths.root_of(each).person_id for each in ids}) > 1:
            raise Conflict("illegal_link", "identifiers: a trusted source has said so before, and the rules refuse it; explain says why")

    def _expect_no_split(self, identifiers: Collection[Identifier]) -> None:
        ids = [self._id_of(each) for each in identifiers]
        paths = climb(self._store, ids)
        roots = {root.person_id: root for root in (paths.root_of(each) for each in ids)}
        left = {split for root in roots.values() if root.summary for split in root.summary.left}
        right = {split for root in roots.values() if root.summary for split in root.summary.right}
        for split in self._store.splits(sorted(left & right)).values() if left & right else ():
            if not split.is_lifted:
                raise Conflict("split_stands", f"identifiers: the split {split.id} of {split.by} keeps them apart; lift it first")

    def _id_of(self, identifier: Identifier) -> str:
        return person_id(identifier, self._key)


def cause_of(split: Split) -> str:
    return f"{OPERATOR}/{split.id}"


def _expect_allowed(decision: Decision) -> None:
    if decision.is_waiting:
        raise Conflict("identity_pending", "the evidence about these people is being resolved; say it again in some minutes")
    for identifier, reason in decision.refused.items():
        raise Conflict("illegal_link", f"identifiers: {plain(identifier)} cannot join: {reason}")


def _waiting(rows: Collection[Cluster], roots: Iterable[Head], split: Split, rules: Rules, transition: Transition, own: str) -> Commit:
    """Too much for now: the split is kept, the background obeys it. ``roots`` are all that its identifiers have by now: even those that
    nothing connects any more remember it. ``rows`` are their clusters, read after them."""
    row, *others = sorted(rows, key=lambda each: each.id) or [Cluster(id=cluster_id(transition.cause))]
    heads = [replace(_marked(root, split, rules), last=None, cluster=row.id) for root in roots]
    return Commit(
        heads=tuple(heads),
        clusters=(
            replace(row, quarantine=row.quarantine or "an operator's split of many identifiers"),
            *(replace(each, parent=row.id) for each in others),
        ),
        entries=tuple(Entry(row.id, each) for each in (*(each.id for each in others), *(each.person_id for each in heads))),
        split=split,
        transition=(own, replace(transition, quarantined=row.id)),
    )


def _marked(root: Head, split: Split, rules: Rules) -> Head:
    """Of a lifted one too: the background learns from it whose events have to be folded again."""
    summary = root.summary or summary_of(_known(root), _NO_FACTS, (), rules)
    return replace(root, summary=replace(summary, left=summary.left | {split.id}, right=summary.right | {split.id}))


def _split(left: frozenset[Identifier], right: frozenset[Identifier], order: Order, events_to: Side | None) -> Split:
    parts = [*sorted(map(str, left)), "", *sorted(map(str, right)), "", order.at.isoformat()]
    name = "spl_" + hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:26]
    return Split(id=name, left=left, right=right, at=order.at, by=order.by, why=order.why, events_to=events_to)


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


def _first(identifiers: Iterable[Identifier]) -> Identifier:
    return min(identifiers, key=str)


def _known(head: Head) -> Identifier:
    if head.identifier is None:
        raise Rejected("identifier_alone", "identifiers: there is nothing to part this identifier from")
    return head.identifier
