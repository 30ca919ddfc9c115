"""Everything that a decision about one person may depend on: the people whom assertions connect with them, accepted or refused."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ariane.errors import Conflict
from ariane.identity.commits import EvidenceReader
from ariane.identity.components import summary_of
from ariane.identity.epochs import Facts, mapped
from ariane.identity.facts import facts_of
from ariane.identity.forests import are_trees
from ariane.identity.ids import person_id
from ariane.identity.model import Assertion, Cluster, Evidence, Head, Split, Summary
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import Paths, climb

BOUND = 500
"""Assertions, or people's identifiers, above which nothing is resolved while an event waits."""

type Each = Callable[[Callable[[str], Sequence[Assertion]], Iterable[str]], Iterable[Sequence[Assertion]]]
"""Reads what lies under each of some person ids, one after the other (``map``) or several at a time: the answers in the ids' order, and
little more of them than is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView:
    heads: Mapping[str, Head]
    """Of every identifier in it, by person id; version 0 where it has none yet."""
    rows: Mapping[str, Cluster]
    """The clusters in conflict that it is made of, by id; none: it is clean."""
    entries: Mapping[str, frozenset[str]]
    """Cluster id -> what it lists."""
    assertions: Sequence[Assertion]
    splits: Sequence[Split]
    """Those that stand and name anybody in it."""
    evidence: Mapping[Identifier, Evidence]
    """Of every identifier that the assertions name, whether it is in the cluster or, being a shared device or a hub, is not."""
    is_complete: bool
    """False: it is larger than the bound, and nothing but ``rows`` and some ``heads`` were read."""
    waiting: Sequence[Split] = ()
    """Of a cluster in quarantine, all splits that its heads remember, lifted ones too: nobody may have obeyed them yet. Whoever ends the
    quarantine, the background or a change of rules, has to say whose events they move."""

    def facts(self, rules: Rules) -> Facts:
        return facts_of(self.evidence, rules)


def top_clusters(store: EvidenceReader, heads: Iterable[Head]) -> dict[str, Cluster]:
    """The cluster in conflict that each of the roots is in, by the id that the root's head names."""
    named = {head.cluster for head in heads if head.cluster is not None}
    found: dict[str, Cluster] = {}
    wanted = set(named)
    while wanted:
        level = store.clusters(sorted(wanted))
        found.update({each: level.get(each, Cluster(id=each)) for each in wanted})
        wanted = {row.parent for row in level.values() if row.parent is not None} - found.keys()
    return {each: _top(each, found) for each in named}


def _top(name: str, found: Mapping[str, Cluster]) -> Cluster:
    cluster = found[name]
    while cluster.parent is not None:
        cluster = found[cluster.parent]
    return cluster


def described(person: str, head: Head | None, identifier: Identifier) -> Head:
    """The head, with the identifier that a consent decision did not know."""
    head = head or Head(person_id=person)
    return head if head.identifier is not None else replace(head, identifier=identifier)


def summary_in(head: Head, facts: Facts, splits: Sequence[Split], rules: Rules) -> Summary:
    """A root's."""
    if head.summary is not None:
        return head.summary
    if head.identifier is None:
        raise ValueError("a root without an identifier has no summary")
    return summary_of(head.identifier, facts, splits, rules)


def standing_splits(store: EvidenceReader, heads: Iterable[Head]) -> list[Split]:
    return [split for split in known_splits(store, heads) if not split.is_lifted]


def known_splits(store: EvidenceReader, heads: Iterable[Head]) -> list[Split]:
    """Lifted ones too, where the roots have not been resolved since."""
    named = {split for head in heads if head.summary for split in head.summary.left | head.summary.right}
    found = store.splits(sorted(named)) if named else {}
    return sorted(found.values(), key=lambda split: split.id)


class ClusterReader:
    def __init__(self, store: EvidenceReader, key: bytes, *, bound: int | None = BOUND, each: Each = map) -> None:
        """``bound`` None: however large it is. ``each``: how the evidence of its members is asked for."""
        self._each = each
        self._store = store
        self._key = key
        self._bound = bound

    def around(self, identifiers: Collection[Identifier], rules: Rules) -> ClusterView:
        """The union of the clusters of these identifiers."""
        named = {person_id(each, self._key): each for each in identifiers}
        paths = climb(self._store, named)
        roots = {root.person_id: root for root in (paths.root_of(each) for each in named)}
        tops = {top.id: top for top in top_clusters(self._store, roots.values()).values()}
        return self._read(named, paths, roots, tops, rules)

    def of(self, cluster: Cluster, rules: Rules) -> ClusterView:
        """A cluster in conflict, which no other took in."""
        return self._read({}, Paths(), {}, {cluster.id: cluster}, rules)

    def _read(
        self, named: Mapping[str, Identifier], paths: Paths, roots: Mapping[str, Head], tops: Mapping[str, Cluster], rules: Rules
    ) -> ClusterView:
        rows, entries, found = self._connected(roots, tops)
        heads = {**found, **{each: described(each, found.get(each, paths.heads.get(each)), own) for each, own in named.items()}}
        members = self._members(found.values(), heads)
        assertions = None if members is None else self._assertions(members)
        if members is None or assertions is None:
            return ClusterView(heads=heads, rows=rows, entries=entries, assertions=(), splits=(), evidence={}, is_complete=False)
        if not named.keys() <= members.keys() or not are_trees({each: head.parent for each, head in members.items()}):
            raise Conflict("identity_changed", "an identity was changed while it was read")
        return self._view(members, rows, entries, assertions, rules)

    def _connected(
        self, roots: Mapping[str, Head], tops: Mapping[str, Cluster]
    ) -> tuple[dict[str, Cluster], dict[str, frozenset[str]], dict[str, Head]]:
        """With the roots of the clusters in conflict that they are in."""
        rows, entries = self._rows(tops)
        listed = {each for members in entries.values() for each in members if each not in rows}
        paths = climb(self._store, listed - roots.keys()) if listed else Paths()
        found = dict(roots)
        for each in listed:
            root = paths.root_of(each) if each not in roots else roots[each]
            if root.cluster in rows:  # otherwise it has left since
                found.setdefault(root.person_id, root)
        return rows, entries, found

    def _rows(self, tops: Mapping[str, Cluster]) -> tuple[dict[str, Cluster], dict[str, frozenset[str]]]:
        rows = dict(tops)
        entries: dict[str, frozenset[str]] = {}
        wanted = set(tops)
        while wanted:
            entries |= {each: frozenset(self._store.entries(each)) for each in sorted(wanted)}
            below = {each for name in wanted for each in entries[name] if each.startswith("clu_")} - rows.keys()
            found = self._store.clusters(sorted(below)) if below else {}
            rows |= found
            wanted = set(found)
        return rows, entries

    def _members(self, roots: Iterable[Head], named: Mapping[str, Head]) -> dict[str, Head] | None:
        """Every head of the roots' trees; None: too many."""
        found: dict[str, Head] = {root.person_id: named.get(root.person_id, root) for root in roots}
        parents = [root for root in found.values() if root.children]
        while parents:
            level: dict[str, str] = {}
            for parent in parents:
                level |= self._store.members(parent.person_id)
                if self._bound is not None and len(found) + len(level) > self._bound:
                    return None
            heads = self._store.heads(sorted(level)) if level else {}
            found |= {each: heads[each] for each in level}
            parents = [head for head in heads.values() if head.children]
        return found

    def _assertions(self, members: Iterable[str]) -> list[Assertion] | None:
        found: dict[str, Assertion] = {}
        for theirs in self._each(self._store.assertions_under, members):
            found |= {assertion.digest: assertion for assertion in theirs}
            if self._bound is not None and len(found) > self._bound:
                return None
        return list(found.values())

    def _view(
        self,
        heads: Mapping[str, Head],
        rows: Mapping[str, Cluster],
        entries: Mapping[str, frozenset[str]],
        assertions: Sequence[Assertion],
        rules: Rules,
    ) -> ClusterView:
        evidence = self._evidence(heads, assertions)
        known = known_splits(self._store, heads.values())
        facts = facts_of(evidence, rules)
        inside = {head.identifier for head in heads.values()}
        return ClusterView(
            heads=heads,
            rows=rows,
            entries=entries,
            assertions=[each for each in assertions if _links_within(each, inside, facts)],
            splits=[split for split in known if not split.is_lifted],
            evidence=evidence,
            is_complete=True,
            waiting=known if any(row.quarantine is not None for row in rows.values()) else (),
        )

    def _evidence(self, heads: Mapping[str, Head], assertions: Iterable[Assertion]) -> dict[Identifier, Evidence]:
        found = {head.identifier: head.evidence for head in heads.values() if head.identifier is not None}
        outside = {each: person_id(each, self._key) for assertion in assertions for each in assertion.identifiers if each not in found}
        known = self._store.heads(sorted(outside.values())) if outside else {}
        return found | {each: known[own].evidence for each, own in outside.items() if own in known}


def _links_within(assertion: Assertion, inside: Collection[Identifier | None], facts: Facts) -> bool:
    """Rows under a shared device may be about other people since its second account came."""
    return any(each in inside for each in mapped(assertion.identifiers, assertion.at, facts).linking)
