"""The brand's identity rules (``brand/identity.yaml``): which namespaces identify, in which order, within which limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Self

from ariane.errors import Rejected

DEFAULT_LIMIT = 5
DEFAULT_COMPONENT_LIMIT = 50
DEFAULT_SPREAD = 20
LAST_PRIORITY = 100

_OWN_FIELDS = frozenset({"user_id", "anonymous_id", "device_id"})
_NAMESPACE = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_DURATION = re.compile(r"\s*(\d+)\s*(second|minute|hour|day|week)s?\s*")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


class Identifier(NamedTuple):
    """``namespace:value``, normalised. The text form cuts at the first colon: a namespace holds none."""

    namespace: str
    value: str

    def __str__(self) -> str:
        return f"{self.namespace}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError unless ``text`` is ``namespace:value``. Normalises nothing."""
        namespace, colon, value = text.partition(":")
        if not (namespace and colon and value):
            raise ValueError("an identifier is written namespace:value")
        return cls(namespace, value)


class Normaliser(StrEnum):
    TRIM = "trim"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` values per profile; with ``within_seconds``, at most so many first sightings in any window of that length."""

    count: int
    within_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    name: str
    priority: int = LAST_PRIORITY
    """Smaller goes first: the anchor of an event is its identifier of the smallest priority."""
    limit: Limit | None = Limit(DEFAULT_LIMIT)
    """None: unlimited."""
    is_unique: bool = False
    """Two values never share a profile."""
    is_device: bool = False
    """May be shared by several people."""
    normaliser: Normaliser = Normaliser.TRIM
    traits: tuple[str, ...] = ()
    """Traits whose value is such an identifier. Unless said, the trait of the same name; none for ids that are fields of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    namespaces: Mapping[str, Namespace]
    blocked_values: frozenset[str] = frozenset()
    blocked_patterns: tuple[re.Pattern[str], ...] = ()
    placeholders: frozenset[str] = frozenset()
    """What the brand adds to the built-in placeholders; lower case."""
    component_limit: int = DEFAULT_COMPONENT_LIMIT
    spread: int = DEFAULT_SPREAD
    protect: frozenset[str] = frozenset()
    default_country: str | None = None
    """Of phone numbers without a country code: ISO 3166 alpha-2."""
    countries: Mapping[str, str] = field(default_factory=dict)
    """Source name -> its own ``default_country``; publishing adds it, for whoever reads events without their source's options."""
    trait_namespaces: Mapping[str, str] = field(default_factory=dict)
    """trait -> namespace, for every namespace that reads traits."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> "Rules":
        """Reads the parsed YAML; what it leaves out has the defaults. Raises Rejected (``invalid_rules``), naming the field."""
        return _Reader(document or {}).rules()

    def priority_of(self, identifier: Identifier) -> int:
        namespace = self.namespaces.get(identifier.namespace)
        return namespace.priority if namespace else LAST_PRIORITY

    def is_identified(self, identifier: Identifier) -> bool:
        namespace = self.namespaces.get(identifier.namespace)
        return namespace is not None and namespace.is_unique


_DEFAULT_NAMESPACES: Mapping[str, Mapping[str, Any]] = {
    "user_id": {"priority": 1, "limit": 1, "unique": True},
    "email": {"priority": 2, "limit": 5, "normalise": "email"},
    "phone": {"priority": 3, "limit": 5, "normalise": "phone"},
    "loyalty_card": {"priority": 4, "limit": 3},
    "device_id": {"priority": 8, "limit": "none", "device": True},
    "anonymous_id": {"priority": 9, "limit": "none", "device": True},
}
_FIELDS = frozenset({"namespaces", "blocked", "placeholders", "component_limit", "spread", "protect", "default_country", "countries"})
_NAMESPACE_FIELDS = frozenset({"priority", "limit", "unique", "device", "normalise", "traits"})


def _invalid(field_name: str, problem: str) -> Rejected:
    return Rejected("invalid_rules", f"identity rules, {field_name}: {problem}")


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Mapping[str, Any]

    def rules(self) -> Rules:
        _known("top level", self.document, _FIELDS)
        namespaces = {name: _namespace(name, body or {}) for name, body in self._namespace_documents().items()}
        blocked = self.document.get("blocked") or {}
        if not isinstance(blocked, Mapping):
            raise _invalid("blocked", "is not a mapping")
        country = self.document.get("default_country")
        return Rules(
            namespaces=namespaces,
            blocked_values=frozenset(_texts("blocked.values", blocked.get("values"))),
            blocked_patterns=tuple(_pattern(text) for text in _texts("blocked.patterns", blocked.get("patterns"))),
            placeholders=frozenset(text.strip().lower() for text in _texts("placeholders", self.document.get("placeholders"))),
            component_limit=_positive("component_limit", self.document.get("component_limit", DEFAULT_COMPONENT_LIMIT)),
            spread=_positive("spread", self.document.get("spread", DEFAULT_SPREAD)),
            protect=frozenset(_texts("protect", self.document.get("protect"))),
            default_country=None if country is None else str(country).upper(),
            countries=self._countries(),
            trait_namespaces={trait: name for name, namespace in namespaces.items() for trait in namespace.traits},
        )

    def _countries(self) -> Mapping[str, str]:
        value = self.document.get("countries") or {}
        if not isinstance(value, Mapping):
            raise _invalid("countries", "is not a mapping")
        return {str(source): str(country).upper() for source, country in value.items()}

    def _namespace_documents(self) -> Mapping[str, Mapping[str, Any] | None]:
        value = self.document.get("namespaces")
        if value is None:
            return _DEFAULT_NAMESPACES
        if not isinstance(value, Mapping) or not value:
            raise _invalid("namespaces", "is not a mapping with at least one namespace")
        return value


def _namespace(name: str, body: Mapping[str, Any]) -> Namespace:
    where = f"namespaces.{name}"
    if not isinstance(name, str) or not _NAMESPACE.fullmatch(name):
        raise _invalid(where, "a namespace is lower-case letters, digits, '_' and '.'")
    _known(where, body, _NAMESPACE_FIELDS)
    try:
        normaliser = Normaliser(body.get("normalise", "trim"))
    except ValueError as error:
        raise _invalid(f"{where}.normalise", f"is none of {', '.join(Normaliser)}") from error
    return Namespace(
        name=name,
        priority=_positive(f"{where}.priority", body.get("priority", LAST_PRIORITY)),
        limit=_limit(f"{where}.limit", body.get("limit", DEFAULT_LIMIT)),
        is_unique=body.get("unique") is True,
        is_device=body.get("device") is True,
        normaliser=normaliser,
        traits=tuple(_texts(f"{where}.traits", body.get("traits", () if name in _OWN_FIELDS else (name,)))),
    )


def _limit(where: str, value: object) -> Limit | None:
    if value == "none":
        return None
    if not isinstance(value, Mapping):
        return Limit(_positive(where, value))
    _known(where, value, frozenset({"count", "within"}))
    duration = _DURATION.fullmatch(str(value.get("within", "")))
    if duration is None:
        raise _invalid(f"{where}.within", "is not a duration such as '30 days'")
    return Limit(_positive(f"{where}.count", value.get("count")), int(duration[1]) * _SECONDS[duration[2]])


def _known(where: str, body: object, names: frozenset[str]) -> None:
    if not isinstance(body, Mapping):
        raise _invalid(where, "is not a mapping")
    for name in body:
        if name not in names:
            raise _invalid(f"{where}.{name}" if where != "top level" else str(name), "is not a known field")


def _positive(where: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _invalid(where, "is not a whole number above 0")
    return value


def _texts(where: str, value: object) -> Sequence[str]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _invalid(where, "is not a list")
    return [str(item) for item in value]


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise _invalid("blocked.patterns", f"is not a regular expression: {text!r}") from error
