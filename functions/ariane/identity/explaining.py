"""Why identifiers are one person, and why others are not: the reference's own steps over a cluster's evidence, told one by one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ariane.identity.epochs import Facts, Reason, mapped, plain
from ariane.identity.facts import evidence_of, facts_of
from ariane.identity.model import Assertion, Evidence, Split
from ariane.identity.reference import Refusal, Resolution, resolve
from ariane.identity.rules import Identifier, Rules

type Component = frozenset[Identifier]


@dataclass(frozen=True, slots=True)
class Link:
    """``assertion`` joined ``identifier`` to the person, by way of ``through``: from one ``through`` to the next, links lead from every
    identifier to the one that the explanation begins with."""

    identifier: Identifier
    through: Identifier
    assertion: Assertion


@dataclass(frozen=True, slots=True)
class SharedDevice:
    device: Identifier
    since: datetime
    """From then on it links nothing."""
    accounts: tuple[Identifier, ...]
    """The first two that used it, the first one first; as far as they are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    begins_with: Identifier
    links: Sequence[Link] = ()
    """The earliest first; with ``begins_with``, one for each identifier of the person."""
    refusals: Sequence[Refusal] = ()
    """In which the person had a part, on either side; the earliest of each pair of people, identifier and reason."""
    shared: Sequence[SharedDevice] = ()
    hubs: Sequence[Identifier] = ()
    splits: Sequence[Split] = ()
    """That name one of the person's identifiers, the latest first; lifted ones too."""


def explain(
    component: Component,
    assertions: Iterable[Assertion],
    splits: Collection[Split],
    rules: Rules,
    *,
    evidence: Mapping[Identifier, Evidence] | None = None,
) -> Explanation:
    """``assertions``: of the whole cluster, accepted and refused; ``splits``: standing and lifted ones. ``evidence`` where more is known of
    the identifiers than these assertions say. ``component`` is as the store has it: in quarantine it may not be what they make it."""
    standing = list(assertions)
    known = evidence_of(standing, rules) if evidence is None else evidence
    resolution = resolve(standing, splits, rules, facts=facts_of(known, rules))
    first = min(component, key=lambda each: (rules.priority_of(each), each.value))
    named = {plain(each) for each in component}
    beside = {each for assertion in resolution.assertions if named & {*assertion.identifiers} for each in assertion.identifiers} | named
    return Explanation(
        begins_with=first,
        links=_links(first, component, resolution),
        refusals=_refusals(component, resolution),
        shared=_shared(beside, known, resolution.facts),
        hubs=sorted(each for each in beside if each in resolution.facts.hubs),
        splits=sorted((each for each in splits if any(map(each.side_of, named))), key=lambda each: (each.at, each.id), reverse=True),
    )


def _links(first: Identifier, component: Component, resolution: Resolution) -> list[Link]:
    """The joins of the component span it as a tree: followed from its first identifier, each leads to one more."""
    edges: dict[Identifier, list[Link]] = {}
    for join in _joins(resolution):
        if join.identifier in component:
            edges.setdefault(join.through, []).append(join)
            edges.setdefault(join.identifier, []).append(Link(join.through, join.identifier, join.assertion))
    found: list[Link] = []
    known, reached = {first}, [first]
    while reached:
        for link in edges.get(reached.pop(), ()):
            if link.identifier not in known:
                known.add(link.identifier)
                reached.append(link.identifier)
                found.append(link)
    return sorted(found, key=lambda link: (link.assertion.sequence[1:], link.identifier))


def _joins(resolution: Resolution) -> Iterable[Link]:
    """What made one component of two, in the reference's order: an accepted identifier that was not of its anchor's yet."""
    refused = {(refusal.assertion.digest, refusal.identifier) for refusal in resolution.refusals}
    leader: dict[Identifier, Identifier] = {}

    def top(each: Identifier) -> Identifier:
        while (above := leader.get(each, each)) != each:
            each = above
        return each

    for assertion in resolution.assertions:
        reading = resolution.mapped(assertion.identifiers, assertion.at)
        for other in reading.others:
            if (assertion.digest, other) not in refused and top(other) != top(reading.anchor):
                leader[top(other)] = top(reading.anchor)
                yield Link(other, reading.anchor, assertion)


def _refusals(component: Component, resolution: Resolution) -> list[Refusal]:
    found: dict[tuple[Identifier, Identifier, Reason], Refusal] = {}
    for refusal in resolution.refusals:
        anchor = anchor_of(refusal.assertion, resolution.facts, resolution.splits)
        if anchor in component or refusal.identifier in component:
            found.setdefault((anchor, refusal.identifier, refusal.reason), refusal)
    return sorted(found.values(), key=lambda each: (each.assertion.at, each.assertion.digest, each.identifier))


def anchor_of(assertion: Assertion, facts: Facts, splits: Sequence[Split]) -> Identifier:
    """Whose the event is."""
    return mapped(assertion.identifiers, assertion.at, facts, splits).anchor


def _shared(beside: Collection[Identifier], known: Mapping[Identifier, Evidence], facts: Facts) -> list[SharedDevice]:
    since = {each: at for each, at in facts.shared_since.items() if each in beside}
    return [SharedDevice(each, at, accounts_of(known.get(each))) for each, at in sorted(since.items(), key=lambda pair: pair[::-1])]


def accounts_of(evidence: Evidence | None) -> tuple[Identifier, ...]:
    """The accounts that used a device, as far as it remembers them."""
    if evidence is None:
        return ()
    known = {Identifier.parse(text): evidence.accounts[mark] for mark, text in evidence.names.items() if mark in evidence.accounts}
    return tuple(sorted(known, key=lambda each: (known[each], each)))


def refusal_in_words(refusal: Refusal, explanation: Explanation, rules: Rules) -> str:
    """For somebody at a till: one sentence, without our terms."""
    match refusal.reason:
        case Reason.SHARED_DEVICE:
            return "more than one customer had signed in on this device by then, so it no longer tells who somebody is"
        case Reason.HUB:
            return f"more than {rules.spread:,} customers have given {_hub_of(refusal, explanation)}, so it is nobody's own"
        case Reason.SPLIT:
            return _split_in_words(refusal, explanation.splits)
        case Reason.UNIQUE:
            return "each of the two has an account of their own, and one customer has one account"
        case Reason.LIMIT:
            return f"one customer would then have more than {_most(refusal.identifier.namespace, rules)}"
        case Reason.COMPONENT_LIMIT:
            return f"one customer would then have more than {rules.component_limit:,} addresses, numbers, cards and accounts in all"
        case Reason.UNTRUSTED:
            return "both were known customers already, and what a browser or an app says is not enough to make two known customers one"
        case Reason.QUARANTINED:
            return "too much contradicts itself here to decide at once, so it is being worked out in the background"


def _hub_of(refusal: Refusal, explanation: Explanation) -> str:
    """What so many have given: the identifier itself, or the one whose the event was."""
    if refusal.identifier in explanation.hubs:
        return "it"
    return next((str(each) for each in refusal.assertion.identifiers if each in explanation.hubs), "it")


def _split_in_words(refusal: Refusal, splits: Sequence[Split]) -> str:
    named = {refusal.identifier, *refusal.assertion.identifiers}
    for split in splits:
        if not split.is_lifted and split.left & named and split.right & named:
            return f"{split.by} took the two apart on {split.at:%Y-%m-%d} ({split.why})"
    return "somebody took the two apart by hand"


_PLURALS = {"email": "e-mail addresses", "phone": "telephone numbers"}
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def _most(namespace: str, rules: Rules) -> str:
    rule = rules.namespaces.get(namespace)
    kind = _PLURALS.get(namespace, f"{namespace.replace('_', ' ')}s")
    if rule is None or rule.limit is None:
        return f"the {kind} that the rules allow"
    said = f"{rule.limit.count:,} {kind}"
    within = rule.limit.within_seconds
    return f"{said} within {_lasting(within)}" if within is not None else f"{said}, the most that the rules allow"


def _lasting(seconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
