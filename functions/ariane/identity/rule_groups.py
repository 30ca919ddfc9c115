"""What is stored about identities against what the rules say of the log: group by group of people whom one decision is about."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ariane.identity.epochs import is_later, plain
from ariane.identity.facts import evidence_of
from ariane.identity.model import Assertion, Cluster, Evidence
from ariane.identity.reference import Resolution
from ariane.identity.resolving import owners_of
from ariane.identity.rule_snapshot import Held, Snapshot
from ariane.identity.rules import Identifier, Rules

type IdOf = Callable[[Identifier], str]

_NOTHING = Evidence()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People who are connected before, after, or both."""

    identifiers: Sequence[Identifier]
    assertions: Sequence[Assertion]
    """What the rules say about them."""
    placed: Sequence[Held]
    """Rows that are not stored so."""
    removed: Sequence[Held]
    """Stored rows that the rules do not say any more, or otherwise."""
    evidence: Mapping[Identifier, Evidence]
    """Of all of them, and of whoever is named beside them."""

    @property
    def name(self) -> Identifier:
        return min(self.identifiers)


class Grouping:
    def __init__(self, snapshot: Snapshot, resolution: Resolution, rules: Rules, *, id_of: IdOf) -> None:
        self._snapshot = snapshot
        self._resolution = resolution
        self._rules = rules
        self._id_of = id_of
        self._evidence = evidence_of(resolution.assertions, rules)
        self._unions = _Unions()

    def groups(self) -> Iterator[Group]:
        """By name."""
        self._connect()
        said, placed, removed = self._said(), self._placed(), self._removed()
        people = self._people(removed)
        for leader, identifiers in sorted(people.items(), key=lambda each: min(each[1])):
            assertions = said.get(leader, [])
            named = {each for assertion in assertions for each in assertion.identifiers} | set(identifiers)
            yield Group(
                identifiers=sorted(identifiers),
                assertions=assertions,
                placed=placed.get(leader, []),
                removed=removed.get(leader, []),
                evidence={each: self._evidence.get(each, _NOTHING) for each in named},
            )

    def _people(self, removed: Mapping[str, Sequence[Held]]) -> dict[str, set[Identifier]]:
        found: dict[str, set[Identifier]] = defaultdict(set)
        for head in self._snapshot.all_heads.values():
            if head.identifier is not None:
                found[self._unions.leader(head.person_id)].add(head.identifier)
        for identifier in self._evidence:  # shared devices, which link nobody, too
            found[self._unions.leader(self._id_of(identifier))].add(identifier)
        for leader, rows in removed.items():
            if leader not in found:
                found[leader] = {each for row in rows for each in row.assertion.identifiers if self._id_of(each) == row.person_id}
        return found

    def _connect(self) -> None:
        for head in self._snapshot.all_heads.values():
            if head.parent is not None:
                self._unions.join(head.person_id, head.parent)
            if head.cluster is not None:
                self._unions.join(head.person_id, self._top(head.cluster))
        for cluster in self._resolution.clusters:
            first, *rest = [self._id_of(each) for each in cluster if not is_later(each)] or [""]
            for each in rest:
                self._unions.join(first, each)

    def _top(self, cluster_id: str) -> str:
        known: Cluster | None = self._snapshot.clusters([cluster_id]).get(cluster_id)
        while known is not None and known.parent is not None:
            cluster_id = known.parent
            known = self._snapshot.clusters([cluster_id]).get(cluster_id)
        return cluster_id

    def _said(self) -> dict[str, list[Assertion]]:
        found: dict[str, list[Assertion]] = defaultdict(list)
        for assertion in self._resolution.assertions:
            found[self._leader_of(assertion)].append(assertion)
        return found

    def _leader_of(self, assertion: Assertion) -> str:
        anchor = self._resolution.mapped(assertion.identifiers, assertion.at).anchor
        return self._unions.leader(self._id_of(plain(anchor)))

    def _placed(self) -> dict[str, list[Held]]:
        found: dict[str, list[Held]] = defaultdict(list)
        for held in self._wanted():
            if self._snapshot.assertion(held.person_id, held.assertion.digest) != held.assertion:
                found[self._leader_of(held.assertion)].append(held)
        return found

    def _removed(self) -> dict[str, list[Held]]:
        wanted = {(held.person_id, held.assertion.digest): held.assertion for held in self._wanted()}
        found: dict[str, list[Held]] = defaultdict(list)
        for held in self._snapshot.all_held:
            if wanted.get((held.person_id, held.assertion.digest)) != held.assertion:
                found[self._unions.leader(held.person_id)].append(held)
        return found

    def _wanted(self) -> Iterator[Held]:
        for assertion in self._resolution.assertions:
            for owner in owners_of(assertion, self._rules, self._id_of):
                yield Held(owner, assertion)


class _Unions:
    """Of names, with path compression."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def leader(self, name: str) -> str:
        path = [name]
        while (above := self._above.get(path[-1], path[-1])) != path[-1]:
            path.append(above)
        self._above.update(dict.fromkeys(path[:-1], path[-1]))
        return path[-1]

    def join(self, one: str, other: str) -> None:
        one, other = self.leader(one), self.leader(other)
        if one != other:
            self._above[one] = other
