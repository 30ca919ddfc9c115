"""What an event's identifiers are once shared devices, hubs and splits are known: whose event it is, and whom it may join to whom."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ariane.identity.model import Side, Split
from ariane.identity.rules import Identifier

_LATER = "\x1f1"
"""Ends the value of a device in its second epoch. Cleaning keeps control characters out of values, so no identifier ends so by itself."""


class Reason(StrEnum):
    """Why an identifier of an event was not joined to the event's person."""

    SHARED_DEVICE = "shared_device"
    """The device had been used by a second account by then: it links nothing any more."""
    HUB = "hub"
    """More than ``spread`` accounts have named this identifier, or the event's own person is such a one."""
    SPLIT = "split"
    """An operator's un-merge keeps the two apart."""
    UNIQUE = "unique"
    """One person has one value of this namespace, as an account."""
    LIMIT = "limit"
    """The person would have more values of one namespace than its limit allows."""
    COMPONENT_LIMIT = "component_limit"
    UNTRUSTED = "untrusted"
    """A public source may not join two people that are both identified already."""
    QUARANTINED = "quarantined"
    """Too much evidence in conflict to decide at once: it waits for the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the assertions alone decide before any is taken in order: the earliest ones do, so order of arrival never does."""

    shared_since: Mapping[Identifier, datetime] = field(default_factory=dict)
    """Devices that a second account has used -> from when on they link nothing."""
    hubs: Collection[Identifier] = frozenset()
    protected: Collection[Identifier] = frozenset()
    """Identifiers of protected namespaces that a trusted source has named."""
    sightings: Mapping[Identifier, datetime] = field(default_factory=dict)
    """First sightings of identifiers whose namespace has a limit over a window."""


@dataclass(frozen=True, slots=True)
class Mapped:
    anchor: Identifier
    """The event is this identifier's person's; ``later_self`` of a device where it carries shared devices alone."""
    others: tuple[Identifier, ...]
    """Those that it may join to the anchor, in order."""
    dropped: Mapping[Identifier, Reason]
    """Those that link nothing here, whatever else is known."""

    @property
    def linking(self) -> tuple[Identifier, ...]:
        return (self.anchor, *self.others)


def later_self(device: Identifier) -> Identifier:
    """The device in its second epoch: a person of its own, that nothing is ever joined to."""
    return Identifier(device.namespace, device.value + _LATER)


def is_later(identifier: Identifier) -> bool:
    return identifier.value.endswith(_LATER)


def plain(identifier: Identifier) -> Identifier:
    """As the event said it."""
    return Identifier(identifier.namespace, identifier.value.removesuffix(_LATER))


def mapped(identifiers: Sequence[Identifier], at: datetime, facts: Facts, splits: Sequence[Split] = ()) -> Mapped:
    """``identifiers`` of one event of time ``at``, in the order of the rules; ``splits`` that stand. Of a hub's events only a split that
    names the hub can say whose they are: it is nobody's neighbour, so whoever takes others apart does not see them."""
    gone = {each for each in identifiers if each in facts.shared_since and at >= facts.shared_since[each]}
    live = [each for each in identifiers if each not in gone]
    if not live:
        own, *rest = identifiers
        return Mapped(later_self(own), (), dict.fromkeys(rest, Reason.SHARED_DEVICE))
    first = live[0]
    anchor = _anchor(live, splits if first not in facts.hubs else [each for each in splits if first in each.left | each.right])
    others = [each for each in live if each != anchor]
    dropped = dict.fromkeys((each for each in identifiers if each in gone), Reason.SHARED_DEVICE)
    if first in facts.hubs or anchor in facts.hubs:
        return Mapped(anchor, (), {**dropped, **dict.fromkeys(others, Reason.HUB)})
    dropped |= {each: Reason.HUB for each in others if each in facts.hubs}
    return Mapped(anchor, tuple(each for each in others if each not in facts.hubs), dropped)


def _anchor(live: Sequence[Identifier], splits: Sequence[Split]) -> Identifier:
    """The strongest identifier, unless the latest split that the event straddles says whose such events are."""
    for split in sorted(splits, key=lambda each: (each.at, each.id), reverse=True):
        if split.events_to is None or split.is_lifted:
            continue
        named, other = (split.left, split.right) if split.events_to is Side.LEFT else (split.right, split.left)
        candidates = [each for each in live if each in named]
        if candidates and any(each in other for each in live):
            return candidates[0]
    return live[0]
