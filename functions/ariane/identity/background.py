"""Resolving what was too much while an event waited: however large, in as many commits as it takes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from ariane.errors import Conflict, Retryable
from ariane.identity.clusters import ClusterReader, ClusterView, Each
from ariane.identity.commits import MOST_ACTIONS, Commit, IdentityStore
from ariane.identity.ids import person_id
from ariane.identity.model import Assertion, Cluster, Evidence, Transition
from ariane.identity.resolving import News, Resolving
from ariane.identity.rules import Identifier, Rules
from ariane.identity.stages import Stages

_ATTEMPTS = 8
SHUT_FOR = timedelta(minutes=15)
"""As long as a function may run: whoever shut a cluster and did not live to resolve it keeps others out for no longer."""
_KNOCKS = 50
"""Each a read and a write of one row: it is met by those who bring something new in the milliseconds between the two alone."""


class BackgroundStore(IdentityStore, Protocol):
    def history_under(self, person_id: str) -> Sequence[Transition]:
        """By time."""
        ...


type Plan = Callable[[], tuple[ClusterView, News] | None]
"""Reads everything and says what is new about it; None: there is nothing to do any more."""


def resolve_cluster(store: BackgroundStore, key: bytes, cluster_id: str, rules: Rules, *, at: datetime, each: Each = map) -> Transition:
    """Ends the quarantine of a cluster. Returns everything that the background ever changed about it: what an earlier attempt committed and
    did not live to announce is among it. Raises Retryable.

    The first attempt lets others bring new evidence; each of them raises the row's version and so makes it fail. From the second on the
    cluster is shut: who brings something is told to come again (``Linker``), so that however much comes, two readings are enough.

    Two runs at once need no lease between them. Each commit is conditional on the heads that it moves and on the row: of two that meet, one
    is through, and the other reads again what it did. Both go to the same groups, and to the same roots of them: a part of a group that one
    has joined, the other never takes apart.
    """

    def plan() -> tuple[ClusterView, News] | None:
        row = _top(store, cluster_id)
        if row is None or row.quarantine is None:
            return None
        view = work.whole(row, at)
        cause = f"background/{row.id}/{row.version}"
        return view, News(cause=cause, at=at, evidence=view.evidence, splits=view.splits)

    row = _top(store, cluster_id)
    own = row.id if row is not None else cluster_id
    work = _Work(store, key, rules, each)
    work.run(plan, stored_under=own, shut=lambda: _shut(store, cluster_id, at))
    return _together([one for name in dict.fromkeys((own, cluster_id)) for one in store.history_under(name)], at)


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
    each: Each = map

    def run(self, plan: Plan, *, stored_under: str, shut: Callable[[], None] | None = None) -> list[Transition]:
        """``shut``: from the second attempt on, keeps those out who stood in the way of the first."""
        for attempt in range(_ATTEMPTS):
            try:
                if attempt and shut is not None:
                    shut()
                planned = plan()
                if planned is None:
                    return []
                view, news = planned
                resolving = Resolving(view, news, rules=self.rules, id_of=self._id_of)
                return list(self._commit(resolving, stored_under))
            except Conflict:
                continue
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

    def whole(self, row: Cluster, at: datetime) -> ClusterView:
        """The cluster; where a split was lifted in it, with whomever the split had kept out by saying whose the events were."""
        reader = ClusterReader(self.store, self.key, bound=None, each=self.each)
        view = reader.of(row, self.rules)
        kept_apart: set[Identifier] = set()
        while any(split.is_lifted for split in view.waiting):
            news = News(cause="", at=at, evidence=view.evidence, splits=view.splits)
            inside = {head.identifier for head in view.heads.values() if head.identifier is not None}
            reached = Resolving(view, news, rules=self.rules, id_of=self._id_of).linking - inside
            if not reached:
                break
            kept_apart |= reached
            view = reader.around(sorted({min(inside), *kept_apart}), self.rules)
        return view

    def closed(
        self, person_ids: Collection[str], add: Sequence[Assertion], evidence: Mapping[Identifier, Evidence], at: datetime
    ) -> ClusterView:
        """With everybody whom the assertions link, directly or not, under these rules."""
        reader = ClusterReader(self.store, self.key, bound=None, each=self.each)
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
        yield from Stages(self.store, resolving, stored_under).run()

    def _id_of(self, identifier: Identifier) -> str:
        return person_id(identifier, self.key)


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


def _shut(store: IdentityStore, cluster_id: str, at: datetime) -> None:
    """Raises Conflict where so many come at once that not even this gets through."""
    for _ in range(_KNOCKS):
        row = _top(store, cluster_id)
        if row is None or row.quarantine is None or (row.shut_until is not None and row.shut_until >= at + SHUT_FOR):
            return
        try:
            store.commit(Commit(clusters=(replace(row, shut_until=at + SHUT_FOR),)))
        except Conflict:
            continue
        return
    raise Conflict("identity_changed", "others keep changing the cluster")


def _together(transitions: Sequence[Transition], at: datetime, *, cause: str = "background") -> Transition:
    return Transition(
        cause=transitions[-1].cause if transitions else cause,
        at=transitions[-1].at if transitions else at,
        merged=tuple(dict.fromkeys(each for one in transitions for each in one.merged)),
        parted=tuple(dict.fromkeys(each for one in transitions for each in one.parted)),
        refold=tuple(sorted({each for one in transitions for each in one.refold})),
        sealing=tuple(sorted({each for one in transitions for each in one.sealing})),
    )
