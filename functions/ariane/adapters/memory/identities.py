"""Heads, members, clusters, assertions, splits and transitions in memory."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ariane.errors import Conflict
from ariane.identity.commits import MOST_ACTIONS, Child, Commit, Entry
from ariane.identity.model import Assertion, Cluster, Head, Split, Transition
from ariane.identity.rule_snapshot import Held, Row
from ariane.identity.split_packing import packed_sides


class MemoryIdentities:
    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}
        self._members: dict[str, dict[str, str]] = defaultdict(dict)
        self._assertions: dict[str, dict[str, Assertion]] = defaultdict(dict)
        self._clusters: dict[str, Cluster] = {}
        self._entries: dict[str, set[str]] = defaultdict(set)
        self._splits: dict[str, Split] = {}
        self._history: dict[str, dict[str, Transition]] = defaultdict(dict)
        self._refolded: set[tuple[str, str]] = set()

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        return {person_id: self._heads[person_id] for person_id in person_ids if person_id in self._heads}

    def members(self, person_id: str) -> Mapping[str, str]:
        return dict(self._members.get(person_id, {}))

    def assertions_under(self, person_id: str) -> Sequence[Assertion]:
        return sorted(self._assertions.get(person_id, {}).values(), key=lambda assertion: assertion.order)

    def assertion(self, person_id: str, digest: str) -> Assertion | None:
        return self._assertions.get(person_id, {}).get(digest)

    def clusters(self, ids: Collection[str]) -> Mapping[str, Cluster]:
        return {each: self._clusters[each] for each in ids if each in self._clusters}

    def entries(self, cluster_id: str) -> Sequence[str]:
        return sorted(self._entries.get(cluster_id, ()))

    def splits(self, ids: Collection[str]) -> Mapping[str, Split]:
        return {each: self._splits[each] for each in ids if each in self._splits}

    def transition(self, person_id: str, cause: str) -> Transition | None:
        return self._history.get(person_id, {}).get(cause)

    def history_under(self, person_id: str) -> Sequence[Transition]:
        return sorted(self._history.get(person_id, {}).values(), key=lambda each: (each.at, each.cause))

    def mark_refolded(self, partition: str, cause: str) -> None:
        self._refolded.add((partition, cause))

    def refolded(self, partitions: Collection[str], cause: str) -> Collection[str]:
        return {each for each in partitions if (each, cause) in self._refolded}

    def commit(self, commit: Commit) -> None:
        _expect_one_transaction(commit)
        if commit.split is not None:
            packed_sides(commit.split)
        self._expect_unchanged(commit)
        self._heads |= {head.person_id: replace(head, version=head.version + 1) for head in commit.heads}
        self._clusters |= {each.id: replace(each, version=each.version + 1) for each in commit.clusters}
        for child in commit.joined:
            self._members[child.parent][child.child] = child.identifier
        for child in commit.left:
            self._members[child.parent].pop(child.child, None)
        for entry in commit.entries:
            self._entries[entry.cluster].add(entry.member)
        for person_id, assertion in commit.dropped:
            self._assertions[person_id].pop(assertion.digest, None)
        for person_id, assertion in (*commit.assertions, *commit.replaced):
            self._assertions[person_id][assertion.digest] = assertion
        if commit.split is not None:
            self._splits[commit.split.id] = commit.split
        if commit.transition is not None:
            person_id, transition = commit.transition
            self._history[person_id][transition.cause] = transition

    def _expect_unchanged(self, commit: Commit) -> None:
        heads = ((each.version, self._heads.get(each.person_id)) for each in (*commit.heads, *commit.checked))
        clusters = ((each.version, self._clusters.get(each.id)) for each in (*commit.clusters, *commit.checked_clusters))
        is_stale = any(version != (stored.version if stored else 0) for version, stored in (*heads, *clusters))
        if is_stale or self._is_overtaken(commit.assertions) or self._is_decided(commit.split):
            raise Conflict("identity_changed", "an identity was changed meanwhile")

    def _is_overtaken(self, assertions: Iterable[tuple[str, Assertion]]) -> bool:
        stored = ((self.assertion(person_id, each.digest), each) for person_id, each in assertions)
        return any(earlier is not None and earlier.precedence <= each.precedence for earlier, each in stored)

    def _is_decided(self, split: Split | None) -> bool:
        """A split is written once, and lifted once."""
        if split is None:
            return False
        stored = self._splits.get(split.id)
        return stored is not None if not split.is_lifted else stored is None or stored.is_lifted

    def everything(self) -> Iterator[Row]:
        yield from self._heads.values()
        yield from (Child(parent, child, text) for parent, theirs in self._members.items() for child, text in theirs.items())
        yield from (Held(owner, each) for owner, theirs in self._assertions.items() for each in theirs.values())
        yield from self._clusters.values()
        yield from (Entry(cluster, member) for cluster, theirs in self._entries.items() for member in sorted(theirs))
        yield from self._splits.values()

    def rewrite(self, split: Split) -> None:
        stored = self._splits.get(split.id)
        if stored is not None:
            self._splits[split.id] = replace(stored, left=split.left, right=split.right)

    def raise_version(self, root_id: str) -> None:
        """What a consent decision does to the head. Raises Conflict (``root_merged``) where it is no root any more."""
        head = self._heads.get(root_id, Head(person_id=root_id))
        if head.parent is not None:
            raise Conflict("root_merged", "the person was merged into another meanwhile")
        self._heads[root_id] = replace(head, version=head.version + 1)


def _expect_one_transaction(commit: Commit) -> None:
    """What DynamoDB refuses is a fault of who decided, and not a matter of chance."""
    items = [
        *(("head", each.person_id) for each in (*commit.heads, *commit.checked)),
        *(("cluster", each.id) for each in (*commit.clusters, *commit.checked_clusters)),
        *(("member", each.parent, each.child) for each in (*commit.joined, *commit.left)),
        *(("entry", *each) for each in commit.entries),
        *(("assertion", person_id, each.digest) for person_id, each in (*commit.assertions, *commit.dropped, *commit.replaced)),
    ]
    twice = sorted({str(each) for each in items if items.count(each) > 1})
    if not 0 < commit.actions <= MOST_ACTIONS or twice:
        raise AssertionError(f"no transaction of DynamoDB: {commit.actions} actions, 1 to {MOST_ACTIONS} fit; on one item twice: {twice}")
