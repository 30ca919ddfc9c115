"""Resolving a whole cluster again: the reference over its assertions, and what turns the present trees into its result."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ariane.identity.clusters import ClusterView
from ariane.identity.commits import Child, Commit, Entry
from ariane.identity.components import is_device, joined, summary_of
from ariane.identity.epochs import Facts, Reason, later_self
from ariane.identity.facts import facts_of
from ariane.identity.forests import Parents, children, regrouped, tops, trees
from ariane.identity.model import Assertion, Cluster, Evidence, Head, Merged, Parted, Split, Standing, Summary, Transition
from ariane.identity.reference import Resolution, rank, resolve
from ariane.identity.rules import Identifier, Rules
from ariane.identity.shapes import affected_by, shaped

_NOT_CONFLICTS = frozenset({Reason.SHARED_DEVICE, Reason.HUB})
"""Nothing was connected that could have been refused."""

type IdOf = Callable[[Identifier], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a resolution is about, over what the cluster was: ``evidence`` and ``splits`` are those of afterwards."""

    cause: str
    at: datetime
    evidence: Mapping[Identifier, Evidence]
    splits: Sequence[Split]
    added: tuple[Assertion, ...] = ()
    dropped: tuple[Assertion, ...] = ()
    """Stored ones that a change of rules says otherwise, or not at all."""
    split: Split | None = None
    """To be stored with it: laid down or lifted."""


class Resolving:
    def __init__(self, view: ClusterView, news: News, *, rules: Rules, id_of: IdOf) -> None:
        """``view`` is complete, and holds everybody whom ``news`` names."""
        self.view = view
        self.news = news
        self._rules = rules
        self._id_of = id_of
        self.facts = facts_of({**view.evidence, **news.evidence}, rules)
        self.before: Parents = {each: head.parent for each, head in view.heads.items()}
        gone = {each.digest for each in news.dropped}
        every = [*(each for each in view.assertions if each.digest not in gone), *news.added]
        self.resolution: Resolution = resolve(every, news.splits, rules, facts=self.facts)
        self.groups = self._within(self.resolution.components)
        self.after: dict[str, str | None] = regrouped(self.before, self.groups, self.choose)

    def commit(self, *, stored_under: str) -> Commit:
        """Everything at once; it may be too much for one transaction. ``stored_under`` is the person id that keeps the transition."""
        clusters = self._within(self.resolution.clusters)
        labels = self._labels(clusters)
        heads = self._heads(labels)
        transition = self.transition(self.before, self.after, cause=self.news.cause)
        unused = {each: replace(row, quarantine=None, shut_until=None, last=None) for each, row in self.view.rows.items()}
        rows = unused | {row.id: row for row in labels.values() if row is not None}
        drafted = Commit(
            heads=tuple(heads),
            joined=tuple(self.moved(self.before, self.after)),
            left=tuple(self.moved(self.after, self.before)),
            clusters=tuple(rows[each] for each in sorted(rows)),
            entries=tuple(self._entries(labels)),
            assertions=tuple(self._rows(self.news.added)),
            dropped=tuple(self._rows(self.news.dropped)),
            split=self.news.split,
            transition=None if transition.is_nothing else (stored_under, transition),
        )
        return shaped(drafted, affected_by(self.before, self.after) if drafted.left else ())

    @property
    def linking(self) -> set[Identifier]:
        """Whom the assertions link: all of them are in the cluster, or it is not closed."""
        every = (self.resolution.mapped(each.identifiers, each.at).linking for each in self.resolution.assertions)
        return {each for linking in every if len(linking) > 1 for each in linking}

    def row(self) -> Cluster:
        """The row of the cluster in conflict that they are all in, or are to be."""
        spare = sorted((row for row in self.view.rows.values() if row.parent is None), key=lambda row: row.id)
        return spare[0] if spare else Cluster(id=self._new_id(0))

    def _new_id(self, number: int) -> str:
        """One cause may be decided again, about heads that have changed since."""
        return cluster_id(f"{self.news.cause}/{sum(head.version for head in self.view.heads.values())}", number)

    def refused(self, assertion: Assertion) -> dict[Identifier, Reason]:
        found = (each for each in self.resolution.refusals if each.assertion.sequence == assertion.sequence)
        return {each.identifier: each.reason for each in found if each.reason not in _NOT_CONFLICTS}

    def _rows(self, assertions: Iterable[Assertion]) -> Iterable[tuple[str, Assertion]]:
        return ((owner, each) for each in assertions for owner in owners_of(each, self._rules, self._id_of))

    def choose(self, group: Collection[str]) -> str:
        """An identified one first; then one that is a root already, so that a person's id changes as rarely as can be."""
        return min(group, key=self._preference)

    def _preference(self, person: str) -> tuple[bool, bool, datetime, str]:
        head = self.view.heads[person]
        is_unidentified, first_at, own = rank(self._identifier(person), self._first_at(head), self.facts, self._rules, self._id_of)
        return is_unidentified, head.parent is not None, first_at, own

    def _identifier(self, person: str) -> Identifier:
        identifier = self.view.heads[person].identifier
        if identifier is None:
            raise ValueError("a member of a cluster has no identifier")
        return identifier

    def _first_at(self, head: Head) -> datetime | None:
        known = [head.first_at, *(each.at for each in self.news.added if head.identifier in each.identifiers)]
        return min((each for each in known if each is not None), default=None)

    def _within(self, sets: Iterable[Collection[Identifier]]) -> list[set[str]]:
        """As person ids of the cluster, disjoint and complete: whom no assertion names any more is alone."""
        known = {head.identifier: each for each, head in self.view.heads.items()}
        found = [group for each in sets if (group := {known[one] for one in each if one in known})]
        placed = {each for group in found for each in group}
        return [*found, *({each} for each in self.view.heads if each not in placed)]

    # what becomes of each head

    def _heads(self, labels: Mapping[str, Cluster | None]) -> Iterable[Head]:
        last = self.latest()
        for head in self.heads_in(self.after):
            if head.parent is not None:
                if head != self.view.heads[head.person_id]:
                    yield head
                continue
            row = labels[head.person_id]
            yield replace(head, cluster=row.id if row else None, last=None if row else last.get(head.person_id))

    def heads_in(self, parents: Parents) -> Iterable[Head]:
        """As they are to be where the trees are ``parents``; roots without their cluster."""
        below, members = children(parents), trees(parents)
        for person, head in self.view.heads.items():
            new = replace(
                head,
                parent=parents[person],
                children=len(below.get(person, ())),
                first_at=self._first_at(head),
                evidence=self.news.evidence.get(self._identifier(person), head.evidence),
                is_identified=self._rules.is_identified(self._identifier(person)) or head.identifier in self.facts.protected,
                summary=None,
                last=None,
                cluster=None,
            )
            yield new if person not in members else replace(new, summary=self._summary(members[person]))

    def _summary(self, members: Iterable[str]) -> Summary:
        return joined(summary_of(self._identifier(each), self.facts, self.news.splits, self._rules) for each in members)

    def latest(self) -> dict[str, Standing]:
        """Root -> the latest assertion of its cluster; of one in conflict that is in its row instead."""
        top = tops(self.after)
        found: dict[str, Standing] = {}
        for assertion in self.resolution.assertions:
            anchor = self._id_of(self.resolution.mapped(assertion.identifiers, assertion.at).anchor)
            if anchor in top:
                root = top[anchor]
                found[root] = max(found.get(root, assertion.sequence), assertion.sequence)
        return found

    def moved(self, old: Parents, new: Parents) -> Iterable[Child]:
        """Those whose parent is another, or none, in ``old``."""
        for person, above in new.items():
            if above is not None and old[person] != above:
                yield Child(above, person, str(self._identifier(person)))

    # clusters in conflict

    def _labels(self, clusters: Sequence[set[str]]) -> dict[str, Cluster | None]:
        """Root -> the row of the cluster in conflict that it is in from now on; None: it is in none."""
        refused = {
            self._id_of(one)
            for each in self.resolution.refusals
            if each.reason not in _NOT_CONFLICTS
            for one in (each.identifier, self.resolution.mapped(each.assertion.identifiers, each.assertion.at).anchor)
        }
        latest = self.latest()
        spare = sorted((row for row in self.view.rows.values() if row.parent is None), key=lambda row: row.id)
        labels: dict[str, Cluster | None] = {}
        for number, cluster in enumerate(clusters):
            roots = [each for each in cluster if self.after[each] is None]
            row: Cluster | None = None
            if cluster & refused:
                row = spare.pop(0) if spare else Cluster(id=self._new_id(number))
                last = max((latest[each] for each in roots if each in latest), default=None)
                row = replace(row, quarantine=None, shut_until=None, last=last)
            labels |= dict.fromkeys(roots, row)
        return labels

    def _entries(self, labels: Mapping[str, Cluster | None]) -> Iterable[Entry]:
        for root, row in labels.items():
            if row is not None and root not in self.view.entries.get(row.id, ()):
                yield Entry(row.id, root)

    # what is to be told

    def transition(self, before: Parents, after: Parents, *, cause: str) -> Transition:
        """What of going from one forest to the other is to be told. Devices and splits belong to the step to ``self.after``."""
        old, new = tops(before), tops(after)
        merged: dict[str, set[str]] = {}
        parted: dict[str, set[str]] = {}
        for person, root in new.items():
            origin = old[person]
            if origin == root:
                continue
            if new[origin] == root:
                merged.setdefault(root, set()).add(origin)
            else:
                parted.setdefault(origin, set()).add(root)
        devices = self._changed_devices() if after is self.after else set[Identifier]()
        for device in devices:
            own = self._id_of(device)
            if own in old:
                parted.setdefault(old[own], set()).add(self._id_of(later_self(device)))
        at = self.news.at
        return Transition(
            cause=cause,
            at=at,
            merged=tuple(Merged(into=into, absorbed=tuple(sorted(merged[into])), cause=cause, at=at) for into in sorted(merged)),
            parted=tuple(Parted(origin=origin, parts=tuple(sorted(parted[origin])), cause=cause, at=at) for origin in sorted(parted)),
            refold=tuple(sorted(self._rehomed(devices, self._changed_hubs()))) if after is self.after else (),
        )

    def _changed_devices(self) -> set[Identifier]:
        before = facts_of(self.view.evidence, self._rules).shared_since
        after = self.facts.shared_since
        return {each for each in before.keys() | after.keys() if before.get(each) != after.get(each)}

    def _changed_hubs(self) -> set[Identifier]:
        return set(facts_of(self.view.evidence, self._rules).hubs) ^ set(self.facts.hubs)

    def _rehomed(self, devices: Collection[Identifier], hubs: Collection[Identifier]) -> Iterable[str]:
        """Partitions of the log with events that may be another's now."""
        found = {self._id_of(each) for each in devices}
        named = [each for each in (self.news.split, *self.view.waiting) if each is not None and each.events_to is not None]
        routing = [each for each in self.news.splits if each.events_to is not None and not each.is_lifted]
        for assertion in self.resolution.assertions:
            first, names = assertion.identifiers[0], assertion.identifiers
            is_named = any(each in devices for each in names)
            is_routed = is_named or any(each in hubs for each in names)
            is_moved = (is_named and is_device(first, self._rules)) or (is_routed and any(straddles(each, names) for each in routing))
            if is_moved or any(straddles(each, names) for each in named):
                found.add(self._id_of(first))
        for assertion in self.news.added:
            anchor = self.resolution.mapped(assertion.identifiers, assertion.at).anchor
            if is_rerouted(assertion.identifiers[0], anchor, self.facts):
                found.add(self._id_of(assertion.identifiers[0]))
        return found


def is_rerouted(first: Identifier, anchor: Identifier, facts: Facts) -> bool:
    """Whether a split says that an event is not its first identifier's: stitch has to look whose it is from then on, and so has whoever
    stitched it already. Of a shared device everybody has known since it is."""
    return anchor != first and first not in facts.shared_since


def straddles(split: Split, identifiers: Collection[Identifier]) -> bool:
    return any(each in split.left for each in identifiers) and any(each in split.right for each in identifiers)


def owners_of(assertion: Assertion, rules: Rules, id_of: IdOf) -> tuple[str, ...]:
    """Under whose ids it is stored: its first identifier's. Where that is a device, under each one's: when it is shared later, the others
    still have to find it."""
    first, *others = assertion.identifiers
    return (id_of(first), *map(id_of, others)) if is_device(first, rules) else (id_of(first),)


def cluster_id(cause: str, number: int = 0) -> str:
    """Computed, so that whoever repeats a cause means the same cluster."""
    return "clu_" + hashlib.sha256(f"{cause}\x00{number}".encode()).hexdigest()[:26]
