"""The document ``profiles``, from a brand's files; publishing adds what depends on what was published before (``customer_view_epochs``)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from ariane.conditions.catalogue import Catalogue, needs, segments_named, traits_named
from ariane.conditions.computed import LIFECYCLE, ComputedTrait
from ariane.conditions.model import Condition
from ariane.conditions.observing import Asked, Observing
from ariane.conditions.series import Series
from ariane.definitions.bundle import digest
from ariane.definitions.condition_references import conditions_of
from ariane.definitions.files import BrandFolder
from ariane.definitions.traits_file import TraitsFile
from ariane.errors import Rejected


def profiles_document(found: BrandFolder) -> dict[str, Any]:
    """Of files without problems."""
    traits = found.traits.model if found.traits else TraitsFile()
    files = {name: parsed.model for name, parsed in found.segments.items()}
    catalogue = Catalogue(traits.in_force(), {name: file.condition for name, file in files.items()})
    asked = [*catalogue.segments.values(), *(each for parsed in found.journeys.values() for _, each in conditions_of(parsed.model))]
    return {
        "traits": {
            "precedence": {name: list(sources) for name, sources in traits.precedence.items()},
            "computed": {name: _bare(trait) for name, trait in catalogue.computed.items()},
        },
        "segments": {name: {**_plain(file), "version": segment_version(file.condition, catalogue)} for name, file in files.items()},
        "observing": _observing(asked, catalogue, traits).to_document(),
    }


def segment_version(condition: Condition, catalogue: Catalogue) -> str:
    """Twelve hexadecimal digits over the condition and all that it names, through other segments too."""
    conditions, computed = dict(_reached(condition, catalogue)), dict[str, ComputedTrait]()
    for each in [condition, *conditions.values()]:
        computed |= {name: catalogue.computed[name] for name in traits_named(each) if name in catalogue.computed}
    return digest(
        {
            "condition": _plain(condition),
            "segments": {name: _plain(each) for name, each in conditions.items()},
            "computed": {name: _bare(each) for name, each in computed.items()},
        }
    )


def _reached(condition: Condition, catalogue: Catalogue) -> Iterator[tuple[str, Condition]]:
    seen, waiting = set[str](), sorted(segments_named(condition))
    while waiting:
        name = waiting.pop()
        if name not in seen and name in catalogue.segments:
            seen.add(name)
            yield name, catalogue.segments[name]
            waiting += sorted(segments_named(catalogue.segments[name]))


def _observing(conditions: list[Condition], catalogue: Catalogue, traits: TraitsFile) -> Observing:
    """Of no epoch yet."""
    asked = needs(conditions, catalogue, traits=(*catalogue.computed, LIFECYCLE))
    _expect_apart(asked.series)
    series = tuple(Asked(series, keep, 0) for series, keep in asked.series.items())
    precedence: Mapping[str, tuple[str, ...]] = traits.precedence
    return Observing(0, series, dict.fromkeys(sorted(asked.traits), 0), precedence)


def _expect_apart(asked: Iterable[Series]) -> None:
    """A fragment names a series in four bytes, so two may share a name by chance, one brand in a million: it is told rather than counted
    together. Raises Rejected."""
    named: dict[str, Series] = {}
    for series in asked:
        other = named.setdefault(series.key, series)
        if other != series:
            message = f"what is asked of {other.event!r} and of {series.event!r} has one name by chance: write one of them otherwise"
            raise Rejected("series_collide", message)


def _bare(trait: ComputedTrait) -> dict[str, Any]:
    """Without what only people read: another word of it is no other trait."""
    return {name: value for name, value in _plain(trait).items() if name != "description"}


def _plain(model: BaseModel) -> dict[str, Any]:
    """As the file says it, without what it left out."""
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)
