"""Why identifiers are one person, and why others are not: the reference's own steps over a cluster's evidence, told one by one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ariane.identity.epochs import Facts, Reason, mapped, plain
from ariane.identity.model import Assertion, Split
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
    """The first two accounts that used it, as far as the evidence at hand names them."""


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
    component: Component, assertions: Iterable[Assertion], splits: Collection[Split], rules: Rules, *, facts: Facts | None = None
) -> Explanation:
    """``assertions``: of the whole cluster, accepted and refused; ``splits``: standing and lifted ones. ``facts`` where more is known of
    the identifiers than these assertions say. ``component`` is as the store has it: in quarantine it may not be what they make it."""
    resolution = resolve(assertions, splits, rules, facts=facts)
    first = min(component, key=lambda each: (rules.priority_of(each), each.value))
    named = {plain(each) for each in component}
    beside = {each for assertion in resolution.assertions if named & {*assertion.identifiers} for each in assertion.identifiers} | named
    return Explanation(
        begins_with=first,
        links=_links(first, component, resolution),
        refusals=_refusals(component, resolution),
        shared=_shared(beside, resolution, rules),
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


def _shared(beside: Collection[Identifier], resolution: Resolution, rules: Rules) -> list[SharedDevice]:
    since = {each: at for each, at in resolution.facts.shared_since.items() if each in beside}
    return [SharedDevice(each, at, _accounts(each, resolution, rules)) for each, at in sorted(since.items(), key=lambda pair: pair[::-1])]


def _accounts(device: Identifier, resolution: Resolution, rules: Rules) -> tuple[Identifier, ...]:
    first: dict[Identifier, datetime] = {}
    for assertion in resolution.assertions:
        for account in filter(rules.is_identified, assertion.identifiers if device in assertion.identifiers else ()):
            first[account] = min(first.get(account, assertion.at), assertion.at)
    return tuple(sorted(first, key=lambda each: (first[each], each))[:2])


def refusal_in_words(refusal: Refusal, explanation: Explanation, rules: Rules) -> str:
    """For somebody at a till: one sentence, without our terms."""
    namespace = refusal.identifier.namespace
    match refusal.reason:
        case Reason.SHARED_DEVICE:
            return "more than one customer had signed in on this device by then, so it no longer tells who somebody is"
        case Reason.HUB:
            return f"more than {rules.spread} customers have given it, or the one beside it, so it is nobody's own"
        case Reason.SPLIT:
            return _split_in_words(refusal, explanation.splits)
        case Reason.UNIQUE:
            return "each of the two has an account of their own, and nobody has two"
        case Reason.LIMIT:
            return f"the customer would have more than {_most(namespace, rules)}, more than one person is expected to have"
        case Reason.COMPONENT_LIMIT:
            return f"the customer would have more than {rules.component_limit} addresses, numbers, cards and accounts in all"
        case Reason.UNTRUSTED:
            return "both were known customers already, and what a browser or an app says is not enough to make two known customers one"
        case Reason.QUARANTINED:
            return "too much contradicts itself here to decide at once: it is being worked out in the background"


def _split_in_words(refusal: Refusal, splits: Sequence[Split]) -> str:
    named = {refusal.identifier, *refusal.assertion.identifiers}
    for split in splits:
        if not split.is_lifted and split.left & named and split.right & named:
            return f"{split.by} took the two apart on {split.at:%Y-%m-%d} ({split.why})"
    return "somebody took the two apart by hand"


def _most(namespace: str, rules: Rules) -> str:
    rule = rules.namespaces.get(namespace)
    if rule is None or rule.limit is None:
        return f"the allowed number of {namespace}"
    if rule.limit.within_seconds is None:
        return f"{rule.limit.count:,} {namespace}"
    return f"{rule.limit.count:,} {namespace} within {rule.limit.within_seconds / 86400:,.3g} days"
