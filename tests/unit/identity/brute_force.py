"""§5 of the design, once more and by other means: everything is looked up in the whole list of assertions each time it is asked for. No
summaries, no disjoint sets, no evidence. Slow, and on purpose without a line in common with ``ariane.identity.reference``."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ariane.identity.model import Assertion, Side, Split
from ariane.identity.rules import Identifier, Namespace, Rules
from tests.builders.identity_worlds import IdentityWorld


class Node(NamedTuple):
    identifier: Identifier
    epoch: int = 0


class Demotion(NamedTuple):
    assertion: Assertion
    identifier: Identifier
    reason: str


type Groups = frozenset[frozenset[Node]]


class BruteForce:
    def __init__(self, world: IdentityWorld) -> None:
        self.rules: Rules = world.rules
        self.raw: Sequence[Assertion] = world.assertions
        self.splits: Sequence[Split] = [each for each in world.splits if each.lifted is None]
        self.nodes: set[Node] = set()
        self.accepted: list[tuple[Node, Node]] = []
        self.tried: list[tuple[Node, Node]] = []
        self.demotions: list[Demotion] = []
        for assertion in sorted(self._standing(), key=_place):
            self._take(assertion)

    @property
    def partition(self) -> Groups:
        return self._groups(self.accepted)

    @property
    def clusters(self) -> Groups:
        return self._groups(self.tried)

    def anchor(self, said: Assertion) -> Node:
        usable = [each for each in said.identifiers if not self._is_shared(each, said.at)]
        if not usable:
            return Node(said.identifiers[0], 1)
        named = [own for own in (self._named_side(split, usable) for split in self._latest_first()) if own]
        return Node(named[0] if named else usable[0])

    def _strongest(self, said: Assertion) -> Identifier:
        return next((each for each in said.identifiers if not self._is_shared(each, said.at)), said.identifiers[0])

    def _standing(self) -> Iterator[Assertion]:
        for said in self.raw:
            same = [each for each in self.raw if _is_same_set(each, said)]
            if (
                min(map(_place, same)) == _place(said)
                and said not in self.raw[: next(i for i, each in enumerate(self.raw) if each is said)]
            ):
                yield said

    def _take(self, said: Assertion) -> None:
        anchor = self.anchor(said)
        self.nodes.add(anchor)
        for identifier in said.identifiers:
            if identifier == anchor.identifier:
                continue
            if self._is_shared(identifier, said.at):
                self.demotions.append(Demotion(said, identifier, "shared_device"))
                continue
            self.nodes.add(Node(identifier))
            if self._is_hub(identifier) or self._is_hub(anchor.identifier) or self._is_hub(self._strongest(said)):
                self.demotions.append(Demotion(said, identifier, "hub"))
                continue
            self._try(said, anchor, Node(identifier))

    def _try(self, said: Assertion, anchor: Node, other: Node) -> None:
        self.tried.append((anchor, other))
        one, two = self._reach(anchor, self.accepted), self._reach(other, self.accepted)
        if one == two:
            return
        broken = [*self._broken(one | two)]
        if not broken and not said.is_trusted and self._is_identified(one) and self._is_identified(two):
            broken = ["untrusted"]
        if broken:
            self.demotions.append(Demotion(said, other.identifier, broken[0]))
        else:
            self.accepted.append((anchor, other))

    def _broken(self, people: Iterable[Node]) -> Iterator[str]:
        who = [node.identifier for node in people]
        if any(a in split.left and b in split.right for split in self.splits for a in who for b in who):
            yield "split"
        values: dict[str, list[Identifier]] = {}
        for each in who:
            values.setdefault(each.namespace, []).append(each)
        if any(self._of(name).is_unique and len(values[name]) > 1 for name in values):
            yield "unique"
        if any(self._is_over(self._of(name), values[name]) for name in values):
            yield "limit"
        if sum(not self._of(each.namespace).is_device for each in who) > self.rules.component_limit:
            yield "component_limit"

    def _is_over(self, namespace: Namespace, values: Sequence[Identifier]) -> bool:
        limit = namespace.limit
        if limit is None:
            return False
        if limit.within_seconds is None:
            return len(values) > limit.count
        seen = [self._first_seen(each) for each in values]
        window = timedelta(seconds=limit.within_seconds)
        return any(sum(begin <= each < begin + window for each in seen) > limit.count for begin in seen)

    def _is_identified(self, people: Iterable[Node]) -> bool:
        return any(self._of(node.identifier.namespace).is_unique or self._is_protected(node.identifier) for node in people)

    def _is_protected(self, identifier: Identifier) -> bool:
        said_so = any(each.is_trusted and identifier in each.identifiers for each in self.raw)
        return identifier.namespace in self.rules.protect and said_so

    def _is_shared(self, identifier: Identifier, at: datetime) -> bool:
        if not self._of(identifier.namespace).is_device:
            return False
        firsts = sorted(self._first_with(identifier, account) for account in self._accounts_of(identifier))
        return len(firsts) > 1 and at >= firsts[1]

    def _is_hub(self, identifier: Identifier) -> bool:
        namespace = self._of(identifier.namespace)
        return not namespace.is_device and not namespace.is_unique and len(self._accounts_of(identifier)) > self.rules.spread

    def _accounts_of(self, identifier: Identifier) -> set[Identifier]:
        beside = {other for each in self.raw if identifier in each.identifiers for other in each.identifiers}
        return {each for each in beside if self._of(each.namespace).is_unique}

    def _first_seen(self, identifier: Identifier) -> datetime:
        return min(each.at for each in self.raw if identifier in each.identifiers)

    def _first_with(self, identifier: Identifier, account: Identifier) -> datetime:
        return min(each.at for each in self.raw if identifier in each.identifiers and account in each.identifiers)

    def _latest_first(self) -> list[Split]:
        return sorted(self.splits, key=lambda each: (each.at, each.id))[::-1]

    def _named_side(self, split: Split, usable: Sequence[Identifier]) -> Identifier | None:
        sides = {Side.LEFT: split.left, Side.RIGHT: split.right}
        present = [side for side in Side if any(each in sides[side] for each in usable)]
        if split.events_to is None or len(present) < 2:
            return None
        return next(each for each in usable if each in sides[split.events_to])

    def _of(self, namespace: str) -> Namespace:
        return self.rules.namespaces[namespace]

    def _groups(self, links: Sequence[tuple[Node, Node]]) -> Groups:
        return frozenset(self._reach(node, links) for node in self.nodes)

    def _reach(self, start: Node, links: Sequence[tuple[Node, Node]]) -> frozenset[Node]:
        found = {start}
        while more := {node for link in links if found & set(link) for node in link} - found:
            found |= more
        return frozenset(found)


def _place(said: Assertion) -> tuple[bool, datetime, str, str, str, str]:
    return not said.is_trusted, said.at, said.source, said.message_id, said.body_digest, said.digest


def _is_same_set(one: Assertion, other: Assertion) -> bool:
    return one.is_trusted == other.is_trusted and set(one.identifiers) == set(other.identifiers)
