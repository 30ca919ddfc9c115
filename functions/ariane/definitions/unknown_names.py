"""Warnings: what can be published, and is most likely a slip that would leave a segment empty.

A name that nothing known has is no mistake by itself: brands send traits and events that no file names. One that is nearly a known one is
worth a word.
"""

from collections.abc import Iterator

from ariane.conditions.computed import BUILT_IN
from ariane.definitions.files import BrandFolder
from ariane.definitions.known_names import KnownNames
from ariane.definitions.likeness import meant
from ariane.definitions.names_used import event_uses, trait_uses
from ariane.definitions.problems import Problem
from ariane.definitions.standard_events import STANDARD_EVENTS
from ariane.definitions.trait_tests import unlikely_tests

_OF_EXPORTS = frozenset({"id", "since"})
_TRAITS = "traits."


def warnings(found: BrandFolder) -> Iterator[Problem]:
    """Only of what could be read."""
    known = KnownNames(found)
    yield from _of_traits(found, known)
    yield from _of_events(found, known)
    yield from _of_columns(found, known)
    yield from _of_plan(found)
    yield from _of_builtins(found)
    yield from unlikely_tests(found, known)


def _of_traits(found: BrandFolder, known: KnownNames) -> Iterator[Problem]:
    for use in trait_uses(found):
        if (close := known.trait_meant(use.path)) is not None:
            yield use.source.warning((*use.place, "trait"), "unknown_trait", _said("trait", use.path, close))


def _of_events(found: BrandFolder, known: KnownNames) -> Iterator[Problem]:
    """Properties are those of the event that is meant."""
    for use in event_uses(found):
        close = known.event_meant(use.name)
        if close is not None:
            yield use.source.warning(use.place, "unknown_event", _said("event", use.name, close))
        event = close or use.name
        for place, path in use.properties:
            if (better := known.property_meant(event, path)) is not None:
                yield use.source.warning(place, "unknown_property", _said(f"property of {event}", path, better))


def _of_columns(found: BrandFolder, known: KnownNames) -> Iterator[Problem]:
    for segment in found.segments.values():
        for number, column in enumerate(segment.model.export.columns if segment.model.export else ()):
            path = column.removeprefix(_TRAITS)
            close = None if path in _OF_EXPORTS or path in known.namespaces else known.trait_meant(path)
            if close is not None:
                yield segment.source.warning(("export", "columns", number), "unknown_column", _said("column", path, close))


def _of_plan(found: BrandFolder) -> Iterator[Problem]:
    for name in found.plan.model.events if found.plan else ():
        close = None if name in STANDARD_EVENTS else meant(name, STANDARD_EVENTS)
        if close is not None and found.plan:
            message = f"is an event of its own, beside the usual {close!r}; did you mean that?"
            yield found.plan.source.warning(("events", name), "nearly_standard", message, at_key=True)


def _of_builtins(found: BrandFolder) -> Iterator[Problem]:
    """Who switches the built-in one off has said that another is meant."""
    for name in found.traits.model.computed if found.traits else ():
        if name in BUILT_IN and found.traits and found.traits.model.builtin.get(name, True):
            message = f"replaces the built-in {name} everywhere; say builtin: {{{name}: false}} too if that is meant"
            yield found.traits.source.warning(("computed", name), "redefines_builtin", message, at_key=True)


def _said(kind: str, name: str, close: str) -> str:
    return f"no {kind} is known as {name!r}; did you mean {close!r}?"
