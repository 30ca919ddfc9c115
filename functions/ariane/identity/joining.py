"""Deciding one assertion without looking at its whole cluster: where the order cannot matter, or where it comes last."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ariane.identity.clusters import summary_in
from ariane.identity.commits import Child, Commit, Entry
from ariane.identity.components import joined, refusal, violation
from ariane.identity.epochs import Facts, Mapped, Reason
from ariane.identity.model import Assertion, Cluster, Evidence, Head, Merged, Split, Standing, Summary, Transition
from ariane.identity.resolving import IdOf, cluster_id, is_rerouted, owners_of
from ariane.identity.rules import Identifier, Rules
from ariane.identity.shapes import shaped

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What an assertion meets."""

    assertion: Assertion
    may_be_stored: bool
    """Every identifier has a head: a commit leaves none without."""
    reading: Mapped
    own: Mapping[Identifier, Head]
    """Of every identifier that the event named, as stored but for its ``identifier``."""
    evidence: Mapping[Identifier, Evidence]
    """The same identifiers', with this assertion in it."""
    roots: Mapping[Identifier, Head]
    """Of every identifier that may link here."""
    turned: Mapping[Identifier, Head]
    """The same of identifiers of which something is known now that changes what stored assertions mean."""
    tops: Mapping[str, Cluster]
    """Clusters in conflict, by the id that the roots' heads name."""
    facts: Facts
    splits: Sequence[Split]
    cause: str

    @property
    def distinct(self) -> dict[str, Head]:
        return {head.person_id: head for head in self.roots.values()}

    @property
    def rows(self) -> dict[str, Cluster]:
        return {row.id: row for row in self.tops.values()}

    @property
    def is_clean(self) -> bool:
        return not self.tops

    @property
    def latest(self) -> Standing | None:
        known = [*(head.last for head in self.roots.values()), *(row.last for row in self.tops.values())]
        return max((each for each in known if each is not None), default=None)


@dataclass(slots=True)
class _Draft:
    """A commit in the making: each head and each cluster at most once."""

    touched: Touched
    rules: Rules
    id_of: IdOf
    heads: dict[str, Head] = field(default_factory=dict)
    members: list[Child] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    merged: Merged | None = None

    def head(self, head: Head) -> Head:
        """As drafted so far."""
        return self.heads.get(head.person_id, head)

    def learn(self) -> None:
        for identifier, head in self.touched.own.items():
            evidence = self.touched.evidence[identifier]
            if evidence != head.evidence:
                self.heads[head.person_id] = self._described(head)

    def _described(self, head: Head) -> Head:
        """A head that the event names itself learns what the event says of it."""
        identifier = head.identifier
        if identifier is None or identifier not in self.touched.own:
            return head
        at = self.touched.assertion.at
        first = at if head.first_at is None else min(head.first_at, at)
        is_identified = self.rules.is_identified(identifier) or identifier in self.touched.facts.protected
        return replace(head, first_at=first, is_identified=is_identified, evidence=self.touched.evidence[identifier])

    def join(self, roots: Iterable[Head], summary: Summary) -> Head:
        """All of them into the smallest by (identified first, oldest first assertion, id)."""
        winner, *absorbed = sorted((self._described(self.head(root)) for root in roots), key=_rank)
        winner = replace(winner, summary=summary, children=winner.children + len(absorbed))
        self.heads[winner.person_id] = winner
        for head in absorbed:
            self.heads[head.person_id] = replace(head, parent=winner.person_id, summary=None, last=None, cluster=None)
            self.members.append(Child(winner.person_id, head.person_id, str(head.identifier)))
        if absorbed:
            gone = tuple(head.person_id for head in absorbed)
            self.merged = Merged(into=winner.person_id, absorbed=gone, cause=self.touched.cause, at=self.touched.assertion.at)
        return winner

    def stands_last(self, root: Head) -> None:
        last = max(each for each in (self.touched.latest, self.touched.assertion.sequence) if each is not None)
        self.heads[root.person_id] = replace(self.head(root), last=last)

    def gather(self, roots: Iterable[Head], *, last: Standing | None, quarantine: str | None = None) -> Cluster:
        """All of them into one cluster in conflict."""
        rows = sorted(self.touched.rows.values(), key=lambda row: row.id)
        own = (
            rows[0]
            if rows
            else Cluster(id=cluster_id(f"{self.touched.cause}/{sum(head.version for head in self.touched.distinct.values())}"))
        )
        self.clusters[own.id] = replace(own, last=last, quarantine=quarantine)
        for other in rows[1:]:
            self.clusters[other.id] = replace(other, parent=own.id)
            self.entries.append(Entry(own.id, other.id))
        for root in roots:
            if self.head(root).cluster is None:
                self.heads[root.person_id] = replace(self._described(self.head(root)), cluster=own.id, last=None)
                self.entries.append(Entry(own.id, root.person_id))
        return own

    def commit(self, *, quarantined: str | None = None, refold: Collection[str] = ()) -> Commit:
        assertion = self.touched.assertion
        owners = owners_of(assertion, self.rules, self.id_of)
        merged = (self.merged,) if self.merged else ()
        first, reading = assertion.identifiers[0], self.touched.reading
        rerouted = [self.id_of(first)] if is_rerouted(first, reading.anchor, self.touched.facts) else []
        moved = tuple(sorted({*refold, *rerouted}))
        transition = Transition(cause=self.touched.cause, at=assertion.at, merged=merged, refold=moved, quarantined=quarantined)
        met = {head.person_id: head for head in (*self.touched.roots.values(), *self.touched.turned.values())}
        drafted = Commit(
            heads=tuple(self.heads.values()),
            checked=tuple(head for person, head in met.items() if person not in self.heads),  # their cluster was read after them
            joined=tuple(self.members),
            clusters=tuple(self.clusters.values()),
            entries=tuple(self.entries),
            assertions=tuple((owner, assertion) for owner in owners),
            transition=None if transition.is_nothing else (self.id_of(assertion.identifiers[0]), transition),
        )
        return shaped(drafted)


def beside(touched: Touched, rules: Rules, id_of: IdOf, *, known: Collection[str]) -> tuple[Head, ...]:
    """Of identifiers that link nothing here, the heads that learn from it, but for those that are ``known``, by person id."""
    draft = _Draft(touched, rules, id_of)
    draft.learn()
    return tuple(head for person, head in draft.heads.items() if person not in known)


def recorded(touched: Touched, rules: Rules, id_of: IdOf) -> Commit:
    """Devices that all are shared: the assertion is kept, and joins nobody. Their first head keeps copies of it apart."""
    draft = _Draft(touched, rules, id_of)
    draft.learn()
    first = touched.own[touched.assertion.identifiers[0]]
    draft.heads.setdefault(first.person_id, first)
    return draft.commit()


def union(touched: Touched, rules: Rules, id_of: IdOf) -> Commit | None:
    """The order is immaterial where all is clean, all of it together is legal, and at most one of them is identified. None: it may
    matter."""
    if not touched.is_clean:
        return None
    parts = [summary_in(head, touched.facts, touched.splits, rules) for head in touched.distinct.values()]
    together = joined(parts)
    if violation(together, rules) is not None or sum(part.is_identified for part in parts) > 1:
        return None
    draft = _Draft(touched, rules, id_of)
    draft.learn()
    draft.stands_last(draft.join(touched.distinct.values(), together))
    return draft.commit()


def step(touched: Touched, rules: Rules, id_of: IdOf) -> tuple[Commit, Mapping[Identifier, Reason]] | None:
    """The reference's own step, where every assertion of the clusters comes before this one. None: one does not."""
    if touched.latest is not None and touched.latest >= touched.assertion.sequence:
        return None
    together, refused = _accepted(touched, rules)
    draft = _Draft(touched, rules, id_of)
    draft.learn()
    parts = [summary_in(head, touched.facts, touched.splits, rules) for head in together.values()]
    winner = draft.join(together.values(), joined(parts))
    if touched.is_clean and not refused:
        draft.stands_last(winner)
    else:
        others = [head for person, head in touched.distinct.items() if person not in together]
        for head in others:
            if head.summary is None:
                draft.join([head], summary_in(head, touched.facts, touched.splits, rules))
        draft.gather([winner, *others], last=touched.assertion.sequence)
    return draft.commit(), refused


def _accepted(touched: Touched, rules: Rules) -> tuple[dict[str, Head], dict[Identifier, Reason]]:
    """The roots that become one, and the identifiers that stay apart."""
    anchor = touched.roots[touched.reading.anchor]
    together, refused = {anchor.person_id: anchor}, dict[Identifier, Reason]()
    summary = summary_in(anchor, touched.facts, touched.splits, rules)
    for other in touched.reading.others:
        root = touched.roots[other]
        if root.person_id in together:
            continue
        theirs = summary_in(root, touched.facts, touched.splits, rules)
        reason = refusal(summary, theirs, is_trusted=touched.assertion.is_trusted, rules=rules)
        if reason is not None:
            refused[other] = reason
            continue
        together[root.person_id] = root
        summary = joined([summary, theirs])
    return together, refused


def quarantined(touched: Touched, rules: Rules, id_of: IdOf, *, reason: str, refold: Collection[str] = ()) -> Commit:
    """The assertion is kept and joins nobody yet; the background resolves its cluster."""
    draft = _Draft(touched, rules, id_of)
    draft.learn()
    roots = {**touched.distinct, **{head.person_id: head for head in touched.turned.values()}}
    for head in roots.values():
        if head.summary is None:
            draft.join([head], summary_in(head, touched.facts, touched.splits, rules))
    before = next((row.quarantine for row in touched.rows.values() if row.quarantine is not None), None)
    own = draft.gather(roots.values(), last=touched.latest, quarantine=before or reason)
    return draft.commit(quarantined=own.id, refold=refold)


def _rank(head: Head) -> tuple[bool, datetime, str]:
    return not head.is_identified, head.first_at or _LAST, head.person_id
