"""Why what somebody asked for by hand cannot be, in a sentence that names the people's own identifiers."""

from collections.abc import Mapping, Sequence

from ariane.identity.epochs import Reason
from ariane.identity.model import Split
from ariane.identity.rules import Identifier, Rules

type Together = Mapping[Identifier, Sequence[Identifier]]
"""Each identifier that was named -> all identifiers of its person."""


def split_in_words(split: Split) -> str:
    return f"the split {split.id}, by {split.by} on {split.at:%Y-%m-%d} ({split.why}),"


def in_words(reason: Reason | None, identifier: Identifier, people: Together, rules: Rules) -> str:
    """``identifier`` is the one that was refused; no reason: found out from who they are now."""
    match reason:
        case Reason.UNIQUE | None if pair := _two_accounts(people, rules):
            one, other = pair
            return f"{one} and {other} are two accounts, and one person never has two ({one.namespace} is unique)"
        case Reason.LIMIT | None if over := _too_many(people, rules):
            return f"{identifier} cannot join: one person would have more {over}"
        case Reason.COMPONENT_LIMIT:
            most = f"{rules.component_limit:,} identifiers that are no devices"
            return f"{identifier} cannot join: one person would have more than {most} (component_limit)"
        case Reason.SHARED_DEVICE:
            return f"{identifier} is a device that two accounts have used: since then it links nothing (shared_device)"
        case Reason.HUB:
            return f"{identifier} cannot be linked: more than {rules.spread:,} accounts have named one of these identifiers (hub)"
        case Reason.SPLIT:
            return f"{identifier} cannot join: a split keeps it apart from one of the others' person (split); explain shows it"
    return f"{identifier} cannot join{f': {reason}' if reason else ''}; explain says why"


def _two_accounts(people: Together, rules: Rules) -> tuple[Identifier, Identifier] | None:
    """Of one namespace that is unique, of two people."""
    first: dict[str, Identifier] = {}
    for each in sorted({one for person in people.values() for one in person if rules.is_identified(one)}):
        if first.setdefault(each.namespace, each) != each:
            return first[each.namespace], each
    return None


def _too_many(people: Together, rules: Rules) -> str | None:
    """The namespaces of which they have more, together, than one person may."""
    counts: dict[str, int] = {}
    for each in {one for person in people.values() for one in person}:
        counts[each.namespace] = counts.get(each.namespace, 0) + 1
    over = [
        f"{name} than the limit, {rule.limit.count:,}"
        for name, count in sorted(counts.items())
        if (rule := rules.namespaces.get(name)) is not None and rule.limit is not None and count > rule.limit.count
    ]
    return over[0] if over else None
