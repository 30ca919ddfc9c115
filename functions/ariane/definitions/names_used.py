"""Where a brand's files name traits, events and their properties."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ariane.conditions.computed import KINDS
from ariane.definitions.condition_references import conditions_of, leaves_with_places
from ariane.definitions.files import BrandFolder
from ariane.definitions.yaml_source import Place, YamlFile

type Leaf = Mapping[str, Any]
type Names = tuple[tuple[Place, str], ...]


@dataclass(frozen=True, slots=True)
class TraitUse:
    source: YamlFile
    place: Place
    """Of ``test``."""
    test: Leaf
    """``trait`` and an operator, as they are written."""

    @property
    def path(self) -> str:
        return str(self.test["trait"])


@dataclass(frozen=True, slots=True)
class EventUse:
    source: YamlFile
    place: Place
    name: str
    """May end in ``*``."""
    properties: Names = ()
    """Dotted paths, with their places."""


def trait_uses(found: BrandFolder) -> Iterator[TraitUse]:
    for source, place, leaf in _leaves(found):
        if "trait" in leaf:
            yield TraitUse(source, place, leaf)
        elif "has_been" in leaf:
            yield TraitUse(source, (*place, "has_been"), leaf["has_been"])


def event_uses(found: BrandFolder) -> Iterator[EventUse]:
    for source, place, leaf in _leaves(found):
        yield from _of_leaf(source, place, leaf)
    for journey in found.journeys.values():
        yield from _of_journey(journey.source)
    if found.traits is not None:
        for name in found.traits.model.computed:
            yield from _of_computed(found.traits.source, ("computed", name))
    if found.brand is not None:
        for number, name in enumerate(found.brand.model.forward):
            yield EventUse(found.brand.source, ("forward", number), name)


def _leaves(found: BrandFolder) -> Iterator[tuple[YamlFile, Place, Leaf]]:
    for segment in found.segments.values():
        for place, leaf in leaves_with_places(segment.source, ("condition",)):
            yield segment.source, place, leaf
    for journey in found.journeys.values():
        for condition, _ in conditions_of(journey.model):
            for place, leaf in leaves_with_places(journey.source, condition):
                yield journey.source, place, leaf


def _of_leaf(source: YamlFile, place: Place, leaf: Leaf) -> Iterator[EventUse]:
    for kind in ("performed", "last", "first"):
        if kind in leaf:
            measured = [
                ((*place, name, "property"), leaf[name]["property"]) for name in ("sum", "min", "max", "distinct") if leaf.get(name)
            ]
            yield EventUse(source, (*place, kind), leaf[kind], (*measured, *_wheres(place, leaf)))
    for number, step in enumerate(leaf["sequence"]["events"] if "sequence" in leaf else ()):
        here = (*place, "sequence", "events", number)
        if isinstance(step, str):
            yield EventUse(source, here, step)
        else:
            yield EventUse(source, (*here, "event"), step["event"], _wheres(here, step))


def _of_journey(source: YamlFile) -> Iterator[EventUse]:
    data: Any = source.data
    for part, keyed in (("entry", "key"), ("exit", "match")):
        if given := data.get(part):
            yield EventUse(source, (part, "event"), given["event"], (*_named((part,), given, [keyed]), *_wheres((part,), given)))


def _of_computed(source: YamlFile, place: Place) -> Iterator[EventUse]:
    given: Any = source.data
    for part in place:
        given = given[part]
    for kind in KINDS:
        if isinstance(given.get(kind), str):
            yield EventUse(source, (*place, kind), given[kind], (*_named(place, given, ["property"]), *_wheres(place, given)))
    if minus := given.get("minus"):
        here = (*place, "minus")
        yield EventUse(source, (*here, "sum"), minus["sum"], (*_named(here, minus, ["property"]), *_wheres(here, minus)))
    if basket := given.get("basket"):
        here = (*place, "basket")
        for kind in ("added", "removed", "cleared"):
            yield EventUse(source, (*here, kind), basket[kind], () if kind == "cleared" else _named(here, basket, ["property"]))


def _wheres(place: Place, given: Leaf) -> Names:
    return tuple(((*place, "where", number, "property"), test["property"]) for number, test in enumerate(given.get("where", ())))


def _named(place: Place, given: Leaf, keys: Iterable[str]) -> Names:
    return tuple(((*place, key), given[key]) for key in keys if given.get(key) is not None)
