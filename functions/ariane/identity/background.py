"""Resolving what was too much while an event waited: however large, in as many commits as it takes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from ariane.errors import Conflict, Retryable
from ariane.identity.clusters import ClusterReader, ClusterView, known_splits
from ariane.identity.commits import MOST_ACTIONS, Commit, Entry, IdentityStore
from ariane.identity.forests import Parents, pieces, regrouped
from ariane.identity.ids import person_id
from ariane.identity.model import Assertion, Cluster, Evidence, Head, Transition
from ariane.identity.resolving import News, Resolving
from ariane.identity.rules import Identifier, Rules

_ATTEMPTS = 8
_MOVES = 20
"""Of one commit: each moves a head, two member rows, and changes the roots that it leaves and joins."""


class BackgroundStore(IdentityStore, Protocol):
    def history_under(self, person_id: str) -> Sequence[Transition]:
        """By time."""
        ...


type Plan = Callable[[], tuple[ClusterView, News] | None]
"""Reads everything and says what is new about it; None: there is nothing to do any more."""


def resolve_cluster(store: BackgroundStore, key: bytes, cluster_id: str, rules: Rules, *, at: datetime) -> Transition:
    """Ends the quarantine of a cluster. Returns everything that the background ever changed about it: what an earlier attempt committed and
    did not live to announce is among it. Raises Retryable."""

    def plan() -> tuple[ClusterView, News] | None:
        row = _top(store, cluster_id)
        if row is None or row.quarantine is None:
            return None
        view = ClusterReader(store, key, bound=None).of(row, rules)
        cause = f"background/{row.id}/{row.version}"
        return view, News(cause=cause, at=at, evidence=view.evidence, splits=view.splits, settled=known_splits(store, view.heads.values()))

    row = _top(store, cluster_id)
    own = row.id if row is not None else cluster_id
    _Work(store, key, rules).run(plan, stored_under=own)
    return _together([each for name in dict.fromkeys((own, cluster_id)) for each in store.history_under(name)], at)


def reevaluate(
    store: BackgroundStore,
    key: bytes,
    person_ids: Collection[str],
    rules: Rules,
    *,
    cause: str,
    at: datetime,
    add: Sequence[Assertion] = (),
    drop: Sequence[Assertion] = (),
    evidence: Mapping[Identifier, Evidence] | None = None,
) -> Transition:
    """Resolves the clusters of these people under other rules: stored assertions but ``drop``, with ``add``; ``evidence`` of identifiers
    where the rules say something else about it than the heads do. Whom an assertion links under these rules is read, too.

    Nothing that differs: nothing is written. Raises Retryable."""
    work = _Work(store, key, rules)

    def plan() -> tuple[ClusterView, News] | None:
        view = work.closed(person_ids, add, evidence or {}, at)
        known = {**view.evidence, **(evidence or {})}
        return view, News(cause=cause, at=at, evidence=known, splits=view.splits, added=tuple(add), dropped=tuple(drop))

    changed = work.run(plan, stored_under=min(person_ids))
    known = [each for each in store.history_under(min(person_ids)) if each.cause.startswith(cause)]
    return _together(known or changed, at, cause=cause)


@dataclass(frozen=True, slots=True)
class _Work:
    store: IdentityStore
    key: bytes
    rules: Rules

    def run(self, plan: Plan, *, stored_under: str) -> list[Transition]:
        for _ in range(_ATTEMPTS):
            try:
                planned = plan()
                if planned is None:
                    return []
                view, news = planned
                resolving = Resolving(view, news, rules=self.rules, id_of=self._id_of)
                return list(self._commit(resolving, stored_under))
            except Conflict:
                continue
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

    def closed(
        self, person_ids: Collection[str], add: Sequence[Assertion], evidence: Mapping[Identifier, Evidence], at: datetime
    ) -> ClusterView:
        """With everybody whom the assertions link, directly or not, under these rules."""
        reader = ClusterReader(self.store, self.key, bound=None)
        heads = self.store.heads(sorted(person_ids))
        named = {head.identifier for head in heads.values() if head.identifier is not None}
        named |= {each for assertion in add for each in assertion.identifiers}
        while True:
            view = reader.around(sorted(named), self.rules)
            news = News(cause="", at=at, evidence={**view.evidence, **evidence}, splits=view.splits, added=tuple(add))
            reached = Resolving(view, news, rules=self.rules, id_of=self._id_of).linking
            inside = {head.identifier for head in view.heads.values()}
            if reached <= inside:
                return view
            named |= reached

    def _commit(self, resolving: Resolving, stored_under: str) -> Iterator[Transition]:
        commit = resolving.commit(stored_under=stored_under)
        if _is_idle(commit, resolving.view):
            return
        if commit.actions <= MOST_ACTIONS:
            self.store.commit(commit)
            if commit.transition is not None:
                yield commit.transition[1]
            return
        yield from _Stages(self.store, resolving, stored_under).run()

    def _id_of(self, identifier: Identifier) -> str:
        return person_id(identifier, self.key)


class _Stages:
    """From one forest to another in commits of a few moves. First everything is taken apart that does not belong together, then what does
    is joined: at every moment each tree is part of an old person or of a new one, so every rule holds throughout."""

    def __init__(self, store: IdentityStore, resolving: Resolving, stored_under: str) -> None:
        self._store = store
        self._resolving = resolving
        self._own = stored_under
        self._heads = dict(resolving.view.heads)
        self._row = resolving.row()
        self._listed = set(resolving.view.entries.get(self._row.id, ()))

    def run(self) -> Iterator[Transition]:
        resolving = self._resolving
        apart = regrouped(resolving.before, pieces(resolving.before, resolving.groups), resolving.choose)
        at = dict(resolving.before)
        step = 0
        for target in (apart, resolving.after):
            moves = sorted((each for each in at if at[each] != target[each]), key=lambda each: (target[each] is not None, each))
            for place in range(0, len(moves), _MOVES):
                before = dict(at)
                at |= {each: target[each] for each in moves[place : place + _MOVES]}
                yield self._step(before, at, f"{resolving.news.cause}/{step}")
                step += 1
        yield from self._finish(at, f"{resolving.news.cause}/{step}")

    def _step(self, before: Parents, after: Parents, cause: str) -> Transition:
        transition = self._resolving.transition(before, dict(after), cause=cause)
        touched = [head for head in self._resolving.heads_in(after) if _differs(head, self._heads[head.person_id])]
        self._store.commit(
            self._with_entries(touched, joined=(before, after), transition=None if transition.is_nothing else (self._own, transition))
        )
        return transition

    def _with_entries(
        self,
        heads: Sequence[Head],
        *,
        joined: tuple[Parents, Parents] | None = None,
        transition: tuple[str, Transition] | None = None,
        row: Cluster | None = None,
    ) -> Commit:
        put = [self._placed(head) for head in heads]
        entries = [Entry(self._row.id, head.person_id) for head in put if head.parent is None and head.person_id not in self._listed]
        commit = Commit(
            heads=tuple(put),
            joined=tuple(self._resolving.moved(*joined)) if joined else (),
            left=tuple(self._resolving.moved(*reversed(joined))) if joined else (),
            clusters=() if row is None and self._row.version else (row or self._row,),
            checked_clusters=(self._row,) if row is None and self._row.version else (),
            entries=tuple(entries),
            transition=transition,
        )
        self._heads |= {head.person_id: replace(head, version=head.version + 1) for head in put}
        self._listed |= {entry.member for entry in entries}
        if commit.clusters:
            self._row = replace(commit.clusters[0], version=commit.clusters[0].version + 1)
        return commit

    def _placed(self, head: Head) -> Head:
        """All of them stay in one cluster in conflict, which is true of a part of them: they are only looked at more closely."""
        version = self._heads[head.person_id].version
        return replace(head, version=version, cluster=self._row.id if head.parent is None else None)

    def _finish(self, at: Parents, cause: str) -> Iterator[Transition]:
        resolving = self._resolving
        waiting = [head for head in resolving.heads_in(at) if _differs(head, self._heads[head.person_id]) or self._is_unplaced(head)]
        for place in range(0, len(waiting), _MOVES):
            self._store.commit(self._with_entries(waiting[place : place + _MOVES]))
        last = max((each.sequence for each in resolving.resolution.assertions), default=None)
        told = replace(resolving.transition(resolving.before, resolving.after, cause=cause), merged=(), parted=())
        extra = resolving.commit(stored_under=self._own)
        self._store.commit(
            replace(
                self._with_entries([], row=replace(self._row, quarantine=None, last=last)),
                assertions=extra.assertions,
                dropped=extra.dropped,
                transition=None if told.is_nothing else (self._own, told),
            )
        )
        if not told.is_nothing:
            yield told

    def _is_unplaced(self, head: Head) -> bool:
        return head.parent is None and self._heads[head.person_id].cluster != self._row.id


def _differs(new: Head, old: Head) -> bool:
    return replace(new, version=0, last=None, cluster=None) != replace(old, version=0, last=None, cluster=None)


def _is_idle(commit: Commit, view: ClusterView) -> bool:
    """Nothing but what is there already."""
    if commit.joined or commit.left or commit.entries or commit.assertions or commit.dropped or commit.transition or commit.split:
        return False
    same_heads = all(head == view.heads[head.person_id] for head in commit.heads)
    return same_heads and all(row == view.rows.get(row.id) for row in commit.clusters)


def _top(store: IdentityStore, cluster_id: str) -> Cluster | None:
    row = store.clusters([cluster_id]).get(cluster_id)
    while row is not None and row.parent is not None:
        row = store.clusters([row.parent]).get(row.parent)
    return row


def _together(transitions: Sequence[Transition], at: datetime, *, cause: str = "background") -> Transition:
    return Transition(
        cause=transitions[-1].cause if transitions else cause,
        at=transitions[-1].at if transitions else at,
        merged=tuple(dict.fromkeys(each for one in transitions for each in one.merged)),
        parted=tuple(dict.fromkeys(each for one in transitions for each in one.parted)),
        refold=tuple(sorted({each for one in transitions for each in one.refold})),
    )
