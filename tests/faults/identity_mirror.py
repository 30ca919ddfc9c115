"""Whether stored heads, clusters and assertions are what the reference makes of the same evidence, down to the last count."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ariane.identity.commits import EvidenceReader
from ariane.identity.components import joined, summary_of
from ariane.identity.epochs import is_later, later_self, mapped
from ariane.identity.facts import evidence_of, facts_of
from ariane.identity.ids import person_id
from ariane.identity.model import Assertion, Cluster, Evidence, Head, Split, Standing, Summary, Transition
from ariane.identity.reference import Resolution, in_order, resolve
from ariane.identity.rules import Identifier, Rules

type Group = frozenset[Identifier]


@dataclass
class Mirror:
    """``store`` at rest: nothing is in quarantine any more."""

    store: EvidenceReader
    assertions: Sequence[Assertion]
    """Everything that was ever told, in any order, with all its copies."""
    splits: Sequence[Split]
    rules: Rules
    key: bytes
    transitions: Sequence[Transition] = ()
    """As they were committed."""
    universe: Sequence[Identifier] = ()
    """Who else there may be."""

    @cached_property
    def reference(self) -> Resolution:
        return resolve(self.assertions, self.splits, self.rules)

    @cached_property
    def identifiers(self) -> list[Identifier]:
        """Of everybody, devices in both their epochs."""
        named = {each for assertion in self.assertions for each in assertion.identifiers} | {*self.universe}
        devices = {each for each in named if self.rules.namespaces[each.namespace].is_device}
        return sorted(named | {later_self(each) for each in devices})

    def id_of(self, identifier: Identifier) -> str:
        return person_id(identifier, self.key)

    @cached_property
    def heads(self) -> Mapping[str, Head]:
        return self.store.heads([self.id_of(each) for each in self.identifiers])

    def root_of(self, identifier: Identifier) -> str:
        current, steps = self.id_of(identifier), 0
        while (head := self.heads.get(current)) is not None and head.parent is not None:
            current, steps = head.parent, steps + 1
            if steps > len(self.heads):
                return f"a circle at {identifier}"
        return current

    @cached_property
    def groups(self) -> dict[str, Group]:
        """Root -> who is below it, itself too."""
        found: dict[str, set[Identifier]] = {}
        for identifier in self.identifiers:
            found.setdefault(self.root_of(identifier), set()).add(identifier)
        return {root: frozenset(group) for root, group in found.items()}

    def problems(self) -> Iterator[str]:
        yield from self._partition()
        yield from self._assertions()
        yield from self._members()
        yield from self._evidence()
        yield from self._summaries()
        yield from self._clusters()
        yield from self._announced()

    # who is who

    def _partition(self) -> Iterator[str]:
        expected = {each for each in self.reference.components if len(each) > 1}
        stored = {each for each in self.groups.values() if len(each) > 1}
        if expected != stored:
            yield f"partition: stored {_said(stored - expected)}, by the reference {_said(expected - stored)}"

    def _assertions(self) -> Iterator[str]:
        expected = {each.digest: each for each in in_order(self.assertions)}
        stored: dict[str, set[Assertion]] = {}
        for identifier in self.identifiers:
            for each in self.store.assertions_under(self.id_of(identifier)):
                stored.setdefault(each.digest, set()).add(each)
        for digest in expected.keys() | stored.keys():
            copies = stored.get(digest, set())
            if copies != ({expected[digest]} if digest in expected else set()):
                yield f"assertions: stored {[_brief(each) for each in copies]}, told {_brief(expected.get(digest))}"

    def _members(self) -> Iterator[str]:
        """What points up is listed below, and nothing else is."""
        expected: dict[str, dict[str, str]] = {}
        for identifier in self.identifiers:
            head = self.heads.get(self.id_of(identifier))
            if head is not None and head.parent is not None:
                expected.setdefault(head.parent, {})[head.person_id] = str(identifier)
        for identifier in self.identifiers:
            own = self.id_of(identifier)
            listed, wanted = dict(self.store.members(own)), expected.get(own, {})
            if listed != wanted:
                yield f"members: under {identifier} lie {sorted(listed.values())}, to it point {sorted(wanted.values())}"
            head = self.heads.get(own)
            if (head.children if head else 0) != len(wanted):
                yield f"members: {identifier} counts {head.children if head else 0} children of {len(wanted)}"
            if head is not None and head.identifier is not None and head.identifier != identifier:
                yield f"members: the head of {identifier} says that it is {head.identifier}"

    # what heads remember

    def _evidence(self) -> Iterator[str]:
        expected = evidence_of(in_order(self.assertions), self.rules)
        for identifier in self.identifiers:
            head = self.heads.get(self.id_of(identifier))
            known = head.evidence if head else Evidence()
            wanted = Evidence() if is_later(identifier) else expected.get(identifier, Evidence())
            if self._meaning(identifier, known) != self._meaning(identifier, wanted):
                yield f"evidence: {identifier} has {known}, by the assertions {wanted}"
            is_identified = self.rules.is_identified(identifier) or wanted.is_protected
            if head is not None and head.identifier is not None and head.is_identified != is_identified:
                yield f"evidence: the head of {identifier} is {'' if head.is_identified else 'not '}identified"

    def _meaning(self, identifier: Identifier, evidence: Evidence) -> object:
        """Which accounts a device was shared by, and a hub by, is nobody's business any more: that it is, and since when, is."""
        facts = facts_of({identifier: evidence}, self.rules)
        accounts = {} if identifier in facts.shared_since or identifier in facts.hubs else dict(evidence.accounts)
        return evidence.is_protected, evidence.seen_at, facts.shared_since, facts.hubs, accounts

    def _summary_of(self, identifiers: Iterable[Identifier]) -> Summary:
        return joined(summary_of(each, self.reference.facts, self.reference.splits, self.rules) for each in sorted(identifiers))

    def _summaries(self) -> Iterator[str]:
        for root, group in self.groups.items():
            head = self.heads.get(root)
            if head is None or (head.summary is None and len(group) == 1):
                continue
            if head.summary != self._summary_of(group):
                yield f"summary: {_said([group])} has {head.summary}, by its members {self._summary_of(group)}"

    # clusters

    def _clusters(self) -> Iterator[str]:
        for cluster in self.reference.clusters:
            roots = {self.root_of(each) for each in cluster}
            heads = [self.heads[root] for root in sorted(roots) if root in self.heads]
            if len(roots) == 1:
                yield from self._clean(cluster, heads)
            else:
                yield from self._in_conflict(cluster, roots, heads)

    def _clean(self, cluster: Group, heads: Collection[Head]) -> Iterator[str]:
        for head in heads:
            last = head.last
            if head.cluster is not None:  # once in conflict, and mended by a lift: more work, the same result
                top = self._top(head.cluster)
                last = top.last if top else None
                yield from self._entries(cluster, {head.person_id}, top)
            yield from self._last(cluster, last)

    def _in_conflict(self, cluster: Group, roots: Collection[str], heads: Collection[Head]) -> Iterator[str]:
        if len(heads) < len(roots) or any(head.cluster is None for head in heads):
            yield f"clusters: {_said([cluster])} is in conflict, and not all of its people's roots say so"
            return
        tops = {str(head.cluster): self._top(str(head.cluster)) for head in heads}
        if len({top.id if top else None for top in tops.values()}) > 1:
            yield f"clusters: the people of {_said([cluster])} belong to {len(tops)} clusters"
            return
        top = next(iter(tops.values()))
        yield from self._entries(cluster, roots, top)
        yield from self._last(cluster, top.last if top else None)

    def _entries(self, cluster: Group, roots: Collection[str], top: Cluster | None) -> Iterator[str]:
        """From the row every root of the cluster can be found."""
        if top is None:
            yield f"clusters: the row that {_said([cluster])} names is not stored"
            return
        if top.quarantine is not None:
            yield f"clusters: {_said([cluster])} still waits: {top.quarantine}"
        by_id = {self.id_of(each): each for each in self.identifiers}
        found = {self.root_of(by_id[each]) for each in self._listed(top.id) if each in by_id}
        if not set(roots) <= found:
            yield f"clusters: {_said([cluster])} is listed by {len(found & set(roots))} of its {len(roots)} people alone"

    def _listed(self, cluster_id: str) -> set[str]:
        wanted, found = {cluster_id}, set[str]()
        while wanted:
            each = wanted.pop()
            found.add(each)
            wanted |= {entry for entry in self.store.entries(each) if entry.startswith("clu_")} - found
            found |= {entry for entry in self.store.entries(each) if entry.startswith("prs_")}
        return {each for each in found if each.startswith("prs_")}

    def _top(self, cluster_id: str) -> Cluster | None:
        row = self.store.clusters([cluster_id]).get(cluster_id)
        while row is not None and row.parent is not None:
            row = self.store.clusters([row.parent]).get(row.parent)
        return row

    def _last(self, cluster: Group, last: Standing | None) -> Iterator[str]:
        """Whoever is taken for the latest must not be earlier than what the cluster holds: what comes between would be taken for last."""
        reading = [
            (each, mapped(each.identifiers, each.at, self.reference.facts, self.reference.splits)) for each in self.reference.assertions
        ]
        linking = [each.sequence for each, how in reading if len(how.linking) > 1 and how.anchor in cluster]
        if linking and (last is None or last < max(linking)):
            yield f"clusters: the latest of {_said([cluster])} is held to be {last}, and is {max(linking)}"

    # what was said about it

    def _announced(self) -> Iterator[str]:
        """Whoever hears every merge and every split in the order of the commits knows who is a root."""
        if not self.transitions:
            return
        below: set[str] = set()
        for each in self.transitions:
            for parted in each.parted:
                below -= {*parted.parts}
            for merged in each.merged:
                below |= {*merged.absorbed}
                below -= {merged.into}
        stored = {person for person, head in self.heads.items() if head.parent is not None}
        names = {self.id_of(each): str(each) for each in self.identifiers}
        if below != stored:
            heard, true = (sorted(names.get(each, each) for each in some) for some in (below - stored, stored - below))
            yield f"announced: heard to be below another: {heard}; are and were not announced: {true}"


def _brief(assertion: Assertion | None) -> str:
    return f"{assertion.message_id} of {' '.join(map(str, assertion.identifiers))}" if assertion else "nothing"


def _said(groups: Iterable[Collection[Identifier]]) -> str:
    return "; ".join(sorted("{" + " ".join(sorted(map(str, group))) + "}" for group in groups)) or "nothing"
