"""Which identifiers a message carries, normalised. Imported by collect: nothing heavy at the top."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ariane.events.model import SourceKind
from ariane.identity.normalising import is_slow, normalise
from ariane.identity.rules import Identifier, Rules

__all__ = ["Identifier", "identifiers_of", "normalise"]

MAX_IDENTIFIERS = 24
"""Of one event; what goes beyond is ignored, lowest priority first: joining them has to fit into one transaction of 100 actions."""
_OVERHEAD = 8
"""Characters that reading a short value takes as long as."""

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_GA_COOKIE = re.compile(r"GA\d\.\d{1,2}\.(\d+\.\d+)")
"""What the cookie ``_ga`` holds around the client id."""
_GA_NAMES = ("Google Analytics", "Google Analytics 4")
_SEGMENTS_TYPES: Mapping[str, str] = {
    "ios.id": "device_id",
    "android.id": "device_id",
    "ios.idfa": "advertising_id",
    "android.idfa": "advertising_id",
}
"""Segment's own types of external ids -> ours, where the rules have no namespace of the type's name."""
_ADVERTISING = frozenset({"advertising_id", "ios.idfa", "android.idfa"})
_OF_PEOPLE = (None, "", "users")
_PLAIN = (None, "", "none")


def identifiers_of(
    message: Mapping[str, Any], rules: Rules, *, kind: SourceKind, default_country: str | None = None
) -> tuple[Identifier, ...]:
    """The identifiers that the message says to be one person, valid and without repeats, by (priority, value): the first is the anchor.
    Empty: unusable. ``kind`` is its source's: everybody pays at the same till, so a store's devices are nobody's.

    Looks at ``userId``, ``anonymousId``, an alias's ``previousId``, ``context.device``, the Google Analytics client id,
    ``context.externalIds`` and the traits that a rule names; only namespaces of the rules count. ``default_country`` (of the source) reads
    phone numbers that have no country code.
    """
    found = {
        identifier
        for namespace, value in _candidates(message, rules)
        if value is not None and (identifier := normalise(namespace, value, rules, default_country=default_country)) is not None
    }
    ordered = sorted(found, key=rules.rank)
    return tuple((_without_devices(ordered, rules) if kind is SourceKind.STORE else ordered)[:MAX_IDENTIFIERS])


def effort_of(message: Mapping[str, Any], rules: Rules) -> int:
    """What ``identifiers_of`` has to read slowly (telephone numbers, international domains, what patterns repeat over), in characters of a
    telephone number: some two microseconds each."""
    return sum(_effort(namespace, value, rules) for namespace, value in _candidates(message, rules) if isinstance(value, str))


def _effort(namespace: str, value: str, rules: Rules) -> int:
    rule = rules.namespaces.get(namespace)
    if rule is None:
        return 0
    return rules.blocking_effort(len(value)) + (_OVERHEAD + len(value) if is_slow(rule, value) else 0)


def _without_devices(ordered: Sequence[Identifier], rules: Rules) -> Sequence[Identifier]:
    """Where there is nothing else, the first device alone: the event is the till's own."""
    return [each for each in ordered if not rules.is_device(each)] or ordered[:1]


def _candidates(message: Mapping[str, Any], rules: Rules) -> Iterator[tuple[str, object]]:
    yield "user_id", message.get("userId")
    yield "anonymous_id", message.get("anonymousId")
    if message.get("type") == "alias":
        yield _previous_namespace(message), message.get("previousId")
    context = _mapping(message.get("context"))
    device = _mapping(context.get("device"))
    yield "device_id", device.get("id")
    may_advertise = device.get("adTrackingEnabled") not in (False, "false")
    if may_advertise:
        yield "advertising_id", device.get("advertisingId")
    for integrations in (message.get("integrations"), context.get("integrations")):
        if integrations:
            yield from _ga_client_ids(integrations)
    external = context.get("externalIds")
    for entry in external if isinstance(external, list) else ():
        if isinstance(entry, Mapping):
            yield from _external(entry, rules, may_advertise=may_advertise)
    own = _mapping(message.get("traits")) if message.get("type") == "identify" else {}
    for traits in (own, _mapping(context.get("traits"))):
        for trait, namespace in rules.trait_namespaces.items():
            yield namespace, traits.get(trait)


def _external(entry: Mapping[str, Any], rules: Rules, *, may_advertise: bool) -> Iterator[tuple[str, object]]:
    """``{id, type, collection, encoding}``, the last two of which may be left out. A company's id is no person's, and what is encoded is
    not comparable."""
    kind = entry.get("type")
    if not isinstance(kind, str) or entry.get("collection") not in _OF_PEOPLE or entry.get("encoding") not in _PLAIN:
        return
    if kind in _ADVERTISING and not may_advertise:
        return
    namespace = kind if kind in rules.namespaces else _SEGMENTS_TYPES.get(kind, kind)
    yield namespace, _client_id(entry.get("id")) if namespace == "ga_client_id" else entry.get("id")


def _ga_client_ids(integrations: object) -> Iterator[tuple[str, object]]:
    for name in _GA_NAMES:
        yield "ga_client_id", _client_id(_mapping(_mapping(integrations).get(name)).get("clientId"))


def _client_id(value: object) -> object:
    cookie = _GA_COOKIE.fullmatch(value.strip()) if isinstance(value, str) else None
    return cookie[1] if cookie else value


def _previous_namespace(message: Mapping[str, Any]) -> str:
    """Segment does not say what ``previousId`` is. It is an anonymous id where it is the message's own, or where it is a UUID and the new
    user id is not one; otherwise a user id."""
    previous, user = message.get("previousId"), message.get("userId")
    if previous == message.get("anonymousId"):
        return "anonymous_id"
    is_device = isinstance(previous, str) and _UUID.fullmatch(previous) and not (isinstance(user, str) and _UUID.fullmatch(user))
    return "anonymous_id" if is_device else "user_id"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
