"""One group of people under other rules: what is stored becomes what the rules say, in one commit, or in quarantine if that is too much."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched
from typing import Protocol

from ariane.errors import Conflict, Retryable
from ariane.identity.background import BackgroundStore, resolve_cluster
from ariane.identity.clusters import ClusterReader, ClusterView
from ariane.identity.commits import MOST_ACTIONS, Commit, Entry, EvidenceReader, IdentityStore
from ariane.identity.ids import person_id
from ariane.identity.model import Assertion, Cluster, Head, Split, Transition
from ariane.identity.resolving import News, Resolving
from ariane.identity.rule_change import rewritten
from ariane.identity.rule_groups import Group
from ariane.identity.rule_snapshot import Held, Snapshot
from ariane.identity.rules import Identifier, Rules
from ariane.instants import format_instant

_ATTEMPTS = 8
_AT_ONCE = 40
"""Heads, or rows, of one commit of a quarantine: a head may bring an entry."""


class IdentityReader(EvidenceReader, Protocol):
    def assertion(self, person_id: str, digest: str) -> Assertion | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """How to do it."""

    key: bytes
    rules: Rules
    splits: Sequence[Split]
    """Those that stand, as these rules write their identifiers."""
    at: datetime
    began_at: datetime
    """Of the change: rules that come back are another one."""

    def id_of(self, identifier: Identifier) -> str:
        return person_id(identifier, self.key)

    def cause(self, group: Group) -> str:
        return f"rules/{self.rules.digest}/{format_instant(self.began_at)}/{self.id_of(group.name)}"

    def owner(self, group: Group) -> str:
        """Under whose id the transition is stored."""
        return self.id_of(group.name)

    def is_due(self, snapshot: Snapshot, group: Group) -> bool:
        """A snapshot that was taken while things changed may contradict itself: then it is worth a look."""
        try:
            return bool(group.placed or group.removed) or self._planned(snapshot, group) is not None
        except (KeyError, ValueError, Conflict, Retryable):
            return True

    def carry_out(self, store: BackgroundStore, group: Group, *, told: Callable[[str], None]) -> Transition | None:
        """None: there was nothing to do. ``told`` hears of a cluster before it is resolved in several commits. Raises Retryable."""
        for _ in range(_ATTEMPTS):
            try:
                planned = self._planned(store, group)
                if planned is None:
                    return None
                resolving, commit = planned
                if commit.actions <= MOST_ACTIONS:
                    store.commit(commit)
                    return commit.transition[1] if commit.transition else Transition(cause=self.cause(group), at=self.at)
                row = _Quarantine(store, resolving, commit).enter()
            except Conflict:
                continue
            told(row.id)
            return resolve_cluster(store, self.key, row.id, self.rules, at=self.at)
        raise Retryable("identity_contended", "other changes of the same identities keep coming")

    def _planned(self, store: IdentityReader, group: Group) -> tuple[Resolving, Commit] | None:
        placed, removed = self._rows(store, group)
        view = self._completed(store, ClusterReader(store, self.key, bound=None).around(group.identifiers, self.rules), group)
        said = replace(view, assertions=self._said(view, group))
        evidence = {**view.evidence, **group.evidence}
        added = tuple(held.assertion for held in placed)
        news = News(cause=self.cause(group), at=self.at, evidence=evidence, splits=self._splits(store, view), added=added)
        resolving = Resolving(said, news, rules=self.rules, id_of=self.id_of)
        commit = resolving.commit(stored_under=self.owner(group))
        commit = replace(commit, assertions=(), replaced=tuple(placed), dropped=tuple(removed))
        is_settled = _is_idle(commit, view) or (commit.actions > MOST_ACTIONS and _is_one_cluster(commit, view))
        return None if is_settled else (resolving, commit)

    def _completed(self, store: IdentityReader, view: ClusterView, group: Group) -> ClusterView:
        """With what the heads say of everybody whom the group's assertions name: what differs from that is a change, and nothing else."""
        missing = {each: self.id_of(each) for each in group.evidence if each not in view.evidence}
        heads = store.heads(sorted(missing.values())) if missing else {}
        known = {each: heads[own].evidence for each, own in missing.items() if own in heads}
        return replace(view, evidence={**known, **view.evidence})

    def _rows(self, store: IdentityReader, group: Group) -> tuple[list[Held], list[Held]]:
        """What is still to be written: somebody may have been here before, or an earlier assertion of the same set has come since."""
        before = {_key(held): held.assertion for held in group.removed}
        placed = []
        for held in group.placed:
            stored = store.assertion(*_key(held))
            is_earlier = stored is not None and stored.order < held.assertion.order
            is_since = stored != before.get(_key(held))
            if stored != held.assertion and not (is_earlier and is_since):
                placed.append(held)
        written = {_key(held) for held in group.placed}
        removed = [held for held in group.removed if _key(held) not in written]
        return placed, [held for held in removed if store.assertion(*_key(held)) == held.assertion]

    def _said(self, view: ClusterView, group: Group) -> Sequence[Assertion]:
        """With what came since the log was read: stitching goes on, under these rules."""
        stale = {held.assertion for held in group.removed}
        known = {each.digest: each for each in group.assertions}
        for each in view.assertions:
            if each not in stale and (each.digest not in known or each.order < known[each.digest].order):
                known[each.digest] = each
        return list(known.values())

    def _splits(self, store: IdentityReader, view: ClusterView) -> Sequence[Split]:
        """As they stand now: an operator may have laid one down, or lifted one, since the log was read."""
        inside = {head.identifier for head in view.heads.values()}
        ids = {each.id for each in view.splits} | {each.id for each in self.splits if inside & (each.left | each.right)}
        found = store.splits(sorted(ids)) if ids else {}
        return [rewritten(found[each], self.rules) for each in sorted(found) if not found[each].is_lifted]


def _key(held: Held) -> tuple[str, str]:
    return held.person_id, held.assertion.digest


class _Quarantine:
    """What is too much for one commit: first the cluster is closed, then its evidence and its rows are changed, then it is resolved."""

    def __init__(self, store: IdentityStore, resolving: Resolving, commit: Commit) -> None:
        self._store = store
        self._resolving = resolving
        self._commit = commit
        self._row = replace(resolving.row(), quarantine="a change of rules")

    def enter(self) -> Cluster:
        """Raises Conflict."""
        self._write(Commit())
        listed = self._resolving.view.entries.get(self._row.id, ())
        for heads in batched(self._heads(), _AT_ONCE, strict=False):
            entries = [Entry(self._row.id, each.person_id) for each in heads if each.parent is None and each.person_id not in listed]
            self._write(Commit(heads=heads, entries=tuple(entries)))
        for rows in batched(self._commit.replaced, _AT_ONCE, strict=False):
            self._write(Commit(replaced=rows))
        for rows in batched(self._commit.dropped, _AT_ONCE, strict=False):
            self._write(Commit(dropped=rows))
        return self._row

    def _heads(self) -> Iterator[Head]:
        """As their trees are, with what is known of them under the new rules, and of splits that nobody has obeyed yet."""
        for head in self._resolving.heads_in(self._resolving.before):
            placed = self._waiting(replace(head, cluster=self._row.id)) if head.parent is None else head
            if placed != self._resolving.view.heads[head.person_id]:
                yield placed

    def _waiting(self, root: Head) -> Head:
        """A lifted split is in no summary under the new rules: without its mark the background would not hear whose events it moves."""
        before = self._resolving.view.heads[root.person_id].summary
        if before is None or root.summary is None:
            return root
        ids = {split.id for split in self._resolving.view.waiting}
        left, right = root.summary.left | (before.left & ids), root.summary.right | (before.right & ids)
        return replace(root, summary=replace(root.summary, left=left, right=right))

    def _write(self, commit: Commit) -> None:
        """Each raises the cluster's version: nobody decides about it meanwhile without noticing."""
        self._store.commit(replace(commit, clusters=(self._row,)))
        self._row = replace(self._row, version=self._row.version + 1)


def _is_idle(commit: Commit, view: ClusterView) -> bool:
    """Nothing but what is there already. A person of one identifier needs no summary."""
    if commit.joined or commit.left or commit.entries or commit.replaced or commit.dropped or commit.transition:
        return False
    if any(row != view.rows.get(row.id) for row in commit.clusters):
        return False
    return all(_is_same(head, view.heads[head.person_id]) for head in commit.heads)


def _is_one_cluster(commit: Commit, view: ClusterView) -> bool:
    """What is too much for one commit stays one cluster once it was resolved, though parts of it may be in no conflict any more: they are
    looked at more closely than they need be, and that is all that is left to say."""
    if commit.joined or commit.left or commit.replaced or commit.dropped or commit.transition:
        return False
    labels = {head.cluster for head in view.heads.values() if head.parent is None}
    row = view.rows.get(label) if len(labels) == 1 and (label := next(iter(labels))) is not None else None
    if row is None or row.parent is not None or row.quarantine is not None:
        return False
    return all(_is_same(_unlabelled(head), _unlabelled(view.heads[head.person_id])) for head in commit.heads)


def _unlabelled(head: Head) -> Head:
    return replace(head, cluster=None, last=None)


def _is_same(new: Head, old: Head) -> bool:
    is_alone = old.summary is None and old.parent is None and not old.children
    return new == (replace(old, summary=new.summary) if is_alone else old)
