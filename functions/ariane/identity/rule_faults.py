"""What is wrong with a brand's identity rules, all of it, each with its place. One reading for the file and for what is published of it.

Imported by collect: nothing heavy at the top.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ariane.identity.namespaces import DEFAULT_NAMESPACES, LAST_PRIORITY, OWN_FIELDS, Normaliser, seconds_of
from ariane.identity.patterns import fault_of
from ariane.identity.samples import kind_emptied_by

type Place = tuple[str | int, ...]

MOST_PATTERNS = 100
LARGEST_NUMBER = 1_000_000
LARGEST_COMPONENT = 10_000
LARGEST_SPREAD = 1_000
"""An identifier remembers the accounts that it was named with, up to the spread, in one item."""

_FIELDS = frozenset({"namespaces", "blocked", "placeholders", "component_limit", "spread", "protect", "default_country"})
_NAMESPACE_FIELDS = frozenset({"priority", "limit", "unique", "device", "normalise", "traits"})
_NAMESPACE = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LONGEST_TEXT = 500


class Fault(NamedTuple):
    place: Place
    code: str
    message: str
    """Ends a sentence that begins with the place."""
    is_at_key: bool = False
    """The key is wrong, not what stands under it."""

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.place)) or 'the document'}: {self.message}"


type Faults = Iterator[Fault]


def faults_of(document: object, *, has_countries: bool = True) -> Sequence[Fault]:
    """``document`` is parsed YAML or JSON. ``countries`` is what publishing adds; a brand's own file has none."""
    if not isinstance(document, Mapping):
        return [_no_mapping((), document)]
    return list(_of_document(document, _FIELDS | {"countries"} if has_countries else _FIELDS))


def _of_document(document: Mapping[str, Any], fields: Collection[str]) -> Faults:
    yield from _unknown((), document, fields)
    given: Mapping[str, Callable[[Place, Any], Faults]] = {
        "namespaces": _of_namespaces,
        "blocked": lambda place, value: _of_blocked(place, value, document.get("namespaces", DEFAULT_NAMESPACES)),
        "placeholders": _of_texts,
        "component_limit": lambda place, value: _of_number(place, value, most=LARGEST_COMPONENT),
        "spread": lambda place, value: _of_number(place, value, most=LARGEST_SPREAD),
        "default_country": _of_country,
        "countries": _of_countries,
        "protect": _of_texts,
    }
    for name, check in given.items():
        if name in document and name in fields:
            yield from check((name,), document[name])
    yield from _of_protected(document.get("protect"), document.get("namespaces", DEFAULT_NAMESPACES))


# namespaces


def _of_namespaces(place: Place, value: object) -> Faults:
    if not isinstance(value, Mapping):
        yield _no_mapping(place, value)
        return
    if not value:
        yield Fault(place, "too_short", "must not be empty: nobody could be told apart")
    for name, body in value.items():
        if not _NAMESPACE.fullmatch(name):
            yield Fault((*place, name), "namespace", f"{name!r} is not a name of small letters, digits, _ and dots", is_at_key=True)
        yield from _of_namespace((*place, name), body)
    yield from _of_equal_priorities(place, value)
    yield from _of_shared_traits(place, value)


def _of_namespace(place: Place, body: object) -> Faults:
    if not isinstance(body, Mapping):
        yield _no_mapping(place, body)
        return
    yield from _unknown(place, body, _NAMESPACE_FIELDS)
    if "priority" in body:
        yield from _of_number((*place, "priority"), body["priority"])
    if "limit" in body:
        yield from _of_limit((*place, "limit"), body["limit"])
    for name in ("unique", "device"):
        if not isinstance(body.get(name, False), bool):
            yield Fault((*place, name), "bool_type", _empty(body[name]) + "must be true or false")
    if "normalise" in body:
        yield from _of_normaliser((*place, "normalise"), body["normalise"])
    if "traits" in body:
        yield from _of_texts((*place, "traits"), body["traits"])
    yield from _of_unique(place, body)


def _of_unique(place: Place, body: Mapping[str, Any]) -> Faults:
    if body.get("unique") is not True:
        return
    if body.get("device") is True:
        message = "a device may be shared, a unique value names one account: a namespace is one or the other"
        yield Fault((*place, "device"), "unique_device", message)
    limit = body.get("limit", 1)
    if limit != 1 and not any(_of_limit((), limit)):
        yield Fault((*place, "limit"), "unique_limit", "must be 1, or left out: two values of a unique namespace never share a profile")


def _of_limit(place: Place, value: object) -> Faults:
    if isinstance(value, Mapping):
        yield from _of_window(place, value)
    elif not isinstance(value, int) or isinstance(value, bool):
        if value != "none":
            yield Fault(place, "limit", _empty(value) + "must be a whole number, none, or {count: 5, within: 30 days}")
    elif value < 1:
        yield Fault(place, "greater_than_equal", "must be at least 1; none: as many as there are")
    else:
        yield from _of_number(place, value)


def _of_window(place: Place, value: Mapping[str, Any]) -> Faults:
    yield from _unknown(place, value, {"count", "within"})
    for name in ("count", "within"):
        if name not in value:
            yield Fault((*place, name), "missing", "is required")
    if "count" in value:
        yield from _of_number((*place, "count"), value["count"])
    if "within" in value and seconds_of(value["within"]) is None:
        says = f"{value['within']!r} is not a duration such as '12 hours' or '30 days', of ten years at most"
        yield Fault((*place, "within"), "duration", says)


def _of_normaliser(place: Place, value: object) -> Faults:
    if not isinstance(value, str) or value not in set(Normaliser):
        known = ", ".join(Normaliser)
        yield Fault(place, "normaliser", f"{_empty(value)}there is no normaliser {value!r}{_perhaps(value, Normaliser)}; known: {known}")


def _of_equal_priorities(place: Place, namespaces: Mapping[str, Any]) -> Faults:
    """An event's identifiers are taken in this order: it must be the same for everybody."""
    taken: dict[int, str] = {}
    for name, body in namespaces.items():
        given = body.get("priority", LAST_PRIORITY) if isinstance(body, Mapping) else None
        if not isinstance(given, int) or isinstance(given, bool):
            continue
        first = taken.setdefault(given, name)
        if first != name:
            unsaid = "" if "priority" in body else ", which it has as it says none"
            message = f"{name} and {first} both have the priority {given}{unsaid}: give each its own"
            yield Fault((*place, name, "priority"), "duplicate_priority", message)


def _of_shared_traits(place: Place, namespaces: Mapping[str, Any]) -> Faults:
    taken: dict[str, str] = {}
    for name, body in namespaces.items():
        for trait in traits_of(name, body) if isinstance(body, Mapping) else ():
            first = taken.setdefault(trait, name)
            if first != name:
                message = f"{name} and {first} both read the trait {trait!r}: a value can be one of them only"
                yield Fault((*place, name, "traits"), "duplicate_trait", message)


def traits_of(name: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """That hold identifiers of this namespace: those named, or the one of its name where it has no place of its own."""
    named = body.get("traits", () if name in OWN_FIELDS else (name,))
    return tuple(each for each in named if isinstance(each, str)) if isinstance(named, Sequence) and not isinstance(named, str) else ()


# what does not identify


def _of_blocked(place: Place, value: object, namespaces: object) -> Faults:
    if not isinstance(value, Mapping):
        yield _no_mapping(place, value)
        return
    yield from _unknown(place, value, {"values", "patterns"})
    if "values" in value:
        yield from _of_texts((*place, "values"), value["values"])
    patterns = value.get("patterns", ())
    faults = list(_of_texts((*place, "patterns"), patterns))
    yield from faults
    if not faults:
        yield from _of_patterns((*place, "patterns"), patterns, namespaces)


def _of_patterns(place: Place, patterns: Sequence[str], namespaces: object) -> Faults:
    if len(patterns) > MOST_PATTERNS:
        yield Fault(place, "too_long", f"has more than {MOST_PATTERNS} elements")
        return
    for number, text in enumerate(patterns):
        why = fault_of(text) or _emptied(text, namespaces)
        if why is not None:
            yield Fault((*place, number), "pattern", f"{text[:80]!r} {why}")


def _emptied(text: str, namespaces: object) -> str | None:
    """``text`` is a pattern that may run."""
    pattern = re.compile(text)
    bodies = namespaces.items() if isinstance(namespaces, Mapping) else ()
    for name, body in bodies:
        kind = kind_emptied_by(pattern, name, body) if isinstance(body, Mapping) else None
        if kind is not None:
            article = "an" if kind[0] in "aei" else "a"
            return f"matches every {kind}: nothing that looks like {article} {kind} would be left of {name}"
    return None


def _of_protected(value: object, namespaces: object) -> Faults:
    if not isinstance(value, Sequence) or not isinstance(namespaces, Mapping):
        return
    for number, name in enumerate(value):
        body = namespaces.get(name) if isinstance(name, str) else None
        if isinstance(name, str) and name not in namespaces:
            message = f"there is no namespace {name!r}{_perhaps(name, namespaces)}; known: {', '.join(namespaces)}"
            yield Fault(("protect", number), "unknown_namespace", message)
        elif isinstance(body, Mapping) and (body.get("device") is True or body.get("unique") is True):
            why = "a device is nobody's own" if body.get("device") is True else "an account is not attached to another one anyway"
            yield Fault(("protect", number), "not_a_contact", f"{name!r} cannot be protected: {why}")


# plain values


def _of_texts(place: Place, value: object) -> Faults:
    if isinstance(value, str) or not isinstance(value, Sequence):
        yield Fault(
            place, "list_type", f"{_empty(value)}must be a list: each element on a line of its own after '- ', or all of them in [ ]"
        )
        return
    for number, each in enumerate(value):
        if not isinstance(each, str):
            yield Fault((*place, number), "string_type", "must be a text; a number is one in quotes")
        elif not each.strip() or len(each) > _LONGEST_TEXT:
            says = "must not be empty" if not each.strip() else f"has more than {_LONGEST_TEXT} characters"
            yield Fault((*place, number), "text", says)


def _of_number(place: Place, value: object, *, most: int = LARGEST_NUMBER) -> Faults:
    if not isinstance(value, int) or isinstance(value, bool):
        yield Fault(place, "int_type", _empty(value) + "must be a whole number")
    elif value < 1:
        yield Fault(place, "greater_than_equal", "must be at least 1")
    elif value > most:
        yield Fault(place, "less_than_equal", f"must be at most {most:,}")


def _of_country(place: Place, value: object) -> Faults:
    if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
        yield Fault(place, "country", f"{_empty(value)}{value!r} is not a country of two capitals such as FR")


def _of_countries(place: Place, value: object) -> Faults:
    if not isinstance(value, Mapping):
        yield _no_mapping(place, value)
        return
    for source, country in value.items():
        yield from _of_country((*place, source), country)


def _unknown(place: Place, body: Mapping[str, Any], known: Collection[str]) -> Faults:
    for name in body:
        if name not in known:
            others = _perhaps(name, known) or f"; known: {', '.join(sorted(known))}"
            yield Fault((*place, name), "extra_forbidden", f"is not a known key here{others}", is_at_key=True)


def _no_mapping(place: Place, value: object) -> Fault:
    return Fault(place, "model_type", f"{_empty(value)}must be keys with values, such as {{key: value}}; {{}} for none")


def _empty(value: object) -> str:
    return "has no value; " if value is None else ""


def _perhaps(name: object, known: Collection[str]) -> str:
    from difflib import get_close_matches  # only where something is wrong

    close = get_close_matches(str(name), map(str, known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
