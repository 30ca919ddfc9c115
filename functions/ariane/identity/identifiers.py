"""Which identifiers a message carries, normalised. Imported by collect: nothing heavy at the top."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ariane.events.model import SourceKind
from ariane.identity.rules import Identifier, Namespace, Normaliser, Rules

__all__ = ["Identifier", "identifiers_of", "normalise"]

MAX_LENGTH = 512
MAX_IDENTIFIERS = 30
"""Of one event; what goes beyond is ignored, lowest priority first: a merge has to fit into one transaction."""
_OVERHEAD = 8
"""Characters that reading a short value takes as long as."""

_PLACEHOLDERS = frozenset(
    {"null", "undefined", "nan", "none", "nil", "n/a", "anonymous", "anon", "guest", "true", "false", "id", "0", "-1", "[object object]"}
)
_ZEROS_AND_DASHES = re.compile(r"[0\-]+")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def identifiers_of(
    message: Mapping[str, Any], rules: Rules, *, kind: SourceKind, default_country: str | None = None
) -> tuple[Identifier, ...]:
    """The identifiers that the message says to be one person, valid and without repeats, by (priority, value): the first is the anchor.
    Empty: unusable. ``kind`` is its source's: everybody pays at the same till, so a store's devices are nobody's.

    Looks at ``userId``, ``anonymousId``, an alias's ``previousId``, ``context.device.id``, ``context.externalIds`` and the traits that a
    rule names; only namespaces of the rules count. ``default_country`` (of the source) reads phone numbers that have no country code.
    """
    found = {
        identifier
        for namespace, value in _candidates(message, rules)
        if value is not None and (identifier := normalise(namespace, value, rules, default_country=default_country)) is not None
    }
    ordered = sorted(found, key=lambda each: (rules.priority_of(each), each.value, each.namespace))
    return tuple((_without_devices(ordered, rules) if kind is SourceKind.STORE else ordered)[:MAX_IDENTIFIERS])


def effort_of(message: Mapping[str, Any], rules: Rules) -> int:
    """What ``identifiers_of`` has to read slowly (telephone numbers, international domains), in characters: some two microseconds each."""
    return sum(
        _OVERHEAD + len(value)
        for namespace, value in _candidates(message, rules)
        if isinstance(value, str) and (rule := rules.namespaces.get(namespace)) is not None and _is_slow(rule, value)
    )


def _is_slow(rule: Namespace, value: str) -> bool:
    return rule.normaliser is Normaliser.PHONE or (rule.normaliser is Normaliser.EMAIL and not value.isascii())


def _without_devices(ordered: Sequence[Identifier], rules: Rules) -> Sequence[Identifier]:
    """Where there is nothing else, the first device alone: the event is the till's own."""
    return [each for each in ordered if not rules.namespaces[each.namespace].is_device] or ordered[:1]


def normalise(namespace: str, value: object, rules: Rules, *, default_country: str | None = None) -> Identifier | None:
    """The identifier, or None where the value is none: unknown namespace, placeholder, blocked, malformed, over 512 characters."""
    rule = rules.namespaces.get(namespace)
    if rule is None or isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    if not text or len(text) > MAX_LENGTH or _UNPRINTABLE.search(text) or _is_placeholder(text, rules):
        return None
    normal = _normal(rule, text, default_country or rules.default_country)
    if not normal or _is_placeholder(normal, rules) or _is_blocked(text, rules) or _is_blocked(normal, rules):
        return None
    return Identifier(namespace, normal)


def _candidates(message: Mapping[str, Any], rules: Rules) -> Iterator[tuple[str, object]]:
    yield "user_id", message.get("userId")
    yield "anonymous_id", message.get("anonymousId")
    if message.get("type") == "alias":
        yield _previous_namespace(message), message.get("previousId")
    context = _mapping(message.get("context"))
    yield "device_id", _mapping(context.get("device")).get("id")
    external = context.get("externalIds")
    for entry in external if isinstance(external, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("type"), str):
            yield entry["type"], entry.get("id")
    own = _mapping(message.get("traits")) if message.get("type") == "identify" else {}
    for traits in (own, _mapping(context.get("traits"))):
        for trait, namespace in rules.trait_namespaces.items():
            yield namespace, traits.get(trait)


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


def _is_placeholder(text: str, rules: Rules) -> bool:
    bare = text.strip("\"'`“”«» ").lower()
    return not bare or bare in _PLACEHOLDERS or bare in rules.placeholders or _ZEROS_AND_DASHES.fullmatch(bare) is not None


def _is_blocked(text: str, rules: Rules) -> bool:
    return text in rules.blocked_values or any(pattern.search(text) for pattern in rules.blocked_patterns)


def _normal(rule: Namespace, text: str, country: str | None) -> str | None:
    if rule.normaliser is Normaliser.EMAIL:
        return _email(text)
    if rule.normaliser is Normaliser.PHONE:
        return phone_number(text, country)
    return unicodedata.normalize("NFC", text)


def _email(text: str) -> str | None:
    """Trimmed, lower case, NFKC, the domain in its ASCII form. Never resolved: whether it exists is the provider's to say."""
    local, at, domain = unicodedata.normalize("NFKC", text).strip().lower().rpartition("@")
    domain = domain.rstrip(".")
    if not (local and at and domain) or "@" in local or any(character.isspace() for character in local + domain):
        return None
    return f"{local}@{domain}" if domain.isascii() else _with_ascii_domain(local, domain)


def _with_ascii_domain(local: str, domain: str) -> str | None:
    ascii_domain = _ascii_domain(domain)
    return ascii_domain and f"{local}@{ascii_domain}"


@lru_cache(1024)
def _ascii_domain(domain: str) -> str | None:
    import idna

    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return None


@lru_cache(1024)
def phone_number(text: str, country: str | None) -> str | None:
    """E.164. Remembered: the events of a request repeat the same few numbers, and reading one takes longer than all else about an event."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_possible_number(number) else None
