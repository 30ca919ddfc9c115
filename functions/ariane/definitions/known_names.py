"""The traits, events and properties that a brand's files, and Ariane itself, know by name. Brands send more than these."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from ariane.conditions.computed import LIFECYCLE
from ariane.conditions.operators import name_matches
from ariane.definitions.files import BrandFolder
from ariane.definitions.likeness import meant
from ariane.definitions.standard_events import STANDARD_EVENTS, Schema
from ariane.definitions.tracking_plan_file import ObjectSchema
from ariane.definitions.traits_file import TraitsFile
from ariane.identity.rules import Rules
from ariane.profiles.reserved_traits import ADDRESS_PARTS, FIRST_NAME_TRAITS, LAST_NAME_TRAITS, RESERVED
from ariane.profiles.time_zones import ZONE_TRAITS

_PAGES = ("$page", "$screen")


class KnownNames:
    def __init__(self, found: BrandFolder) -> None:
        self._found = found

    @property
    def namespaces(self) -> Mapping[str, Any]:
        return self._rules.namespaces

    def trait_meant(self, path: str) -> str | None:
        """None: it is known, or like none that is."""
        return _meant(path, self._traits)

    def event_meant(self, name: str) -> str | None:
        """None: it is known, or like none that is. A name that ends in ``*`` stands for all that begin so, and the answer ends in one."""
        if not name.endswith("*"):
            return None if name in self._events else meant(name, self._events)
        if any(name_matches(name, each) for each in self._events):
            return None
        begins = {cut for each in self._events for cut in _beginnings(each)}
        close = meant(name[:-1], begins)
        return f"{close}*" if close else None

    def property_meant(self, event: str, path: str) -> str | None:
        """None: nothing is said of the event's properties, or the property is known, or like none that is."""
        return _meant(path, self._schemas(event))

    def said_of(self, event: str, path: str) -> list[Schema]:
        """All that is said of a property."""
        found = self._schemas(event)
        for part in path.split("."):
            found = _properties(found).get(part, [])
        return found

    def _schemas(self, event: str) -> list[Schema]:
        return [schema for name, said in self._events.items() if name_matches(event, name) for schema in said]

    @cached_property
    def _rules(self) -> Rules:
        return Rules.from_document(self._found.identity.document if self._found.identity else None)

    @cached_property
    def _events(self) -> Mapping[str, list[Schema]]:
        plan = self._found.plan.model.events if self._found.plan else {}
        own = {name: [_plain(event)] for name, event in plan.items()}
        standard = {name: [schema, *own.get(name, ())] for name, schema in STANDARD_EVENTS.items()}
        return {**{name: [] for name in _PAGES}, **own, **standard}

    @cached_property
    def _traits(self) -> list[Schema]:
        plan, traits = self._found.plan, self._found.traits.model if self._found.traits else TraitsFile()
        named = {
            LIFECYCLE,
            *traits.in_force(),
            *traits.precedence,
            *RESERVED,
            *FIRST_NAME_TRAITS,
            *LAST_NAME_TRAITS,
            *ZONE_TRAITS,
            *self._rules.trait_namespaces,
            *self._rules.namespaces,
        }
        address: Schema = {"properties": {name: {} for name in ADDRESS_PARTS}}
        known: Schema = {"properties": {**{name: {} for name in named}, "address": address}}
        return [known, *([_plain(plan.model.identify)] if plan and plan.model.identify else [])]


def _beginnings(name: str) -> Iterable[str]:
    """Ending with a word."""
    words = name.split(" ")
    return (" ".join(words[: number + 1]) for number in range(len(words)))


def _plain(schema: ObjectSchema) -> Schema:
    return schema.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _meant(path: str, schemas: Iterable[Schema]) -> str | None:
    """The path with its first slip mended; None: there is none, or from there on nothing is known."""
    head, dot, rest = path.partition(".")
    below = _properties(schemas)
    if head in below:
        mended = _meant(rest, below[head]) if rest else None
        return f"{head}.{mended}" if mended else None
    close = meant(head, below)
    return f"{close}{dot}{rest}" if close else None


def _properties(schemas: Iterable[Schema]) -> dict[str, list[Schema]]:
    """Of all of them together; a path leads through lists."""
    found: dict[str, list[Schema]] = {}
    for schema in schemas:
        for name in schema.get("required") or ():
            found.setdefault(name, [])
        for name, below in (schema.get("properties") or {}).items():
            found.setdefault(name, []).append(below)
        inner = [*(schema.get("anyOf") or ()), *([schema["items"]] if schema.get("items") else [])]
        for name, more in (_properties(inner) if inner else {}).items():
            found.setdefault(name, []).extend(more)
    return found
