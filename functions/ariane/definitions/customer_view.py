"""The published document ``profiles``: which traits are computed, which segments there are, and what stitch records for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Self

import orjson
from pydantic import TypeAdapter

from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.computed import BUILT_IN, LIFECYCLE, ComputedTrait
from ariane.conditions.model import Condition
from ariane.conditions.observing import Asked, Observing
from ariane.definitions.store import DocumentReader
from ariane.instants import parse_instant
from ariane.segments.definition import ScheduledExport

FIRST_EPOCH = 1
"""Of what is observed before anything is published. Fragments that were written before there was a plan are complete for none."""

_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
_COMPUTED: TypeAdapter[ComputedTrait] = TypeAdapter(ComputedTrait)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    name: str
    condition: Condition
    version: str
    """Digest of the condition and of every segment and computed trait that it names, through others too."""
    published_at: datetime
    """When this version was first published: what held before is news to nobody."""
    announce: bool = True
    label: str | None = None
    description: str | None = None
    persona: str | None = None
    export: ScheduledExport | None = None

    @classmethod
    def from_document(cls, name: str, document: Mapping[str, Any]) -> Self:
        return cls(
            name=name,
            condition=_CONDITION.validate_json(orjson.dumps(document["condition"])),
            version=document["version"],
            published_at=parse_instant(document["published_at"]),
            announce=document.get("announce", True),
            label=document.get("label"),
            description=document.get("description"),
            persona=document.get("persona"),
            export=ScheduledExport.model_validate_json(orjson.dumps(document["export"])) if document.get("export") else None,
        )


@dataclass(frozen=True)
class CustomerView:
    catalogue: Catalogue
    observing: Observing
    segments: Mapping[str, Segment] = field(default_factory=dict)

    @cached_property
    def of_state(self) -> frozenset[str]:
        """Segments that ask for consents, be it through others: of those the latest decisions are known, not what was so before them."""
        return frozenset(name for name, each in self.segments.items() if needs([each.condition], self.catalogue).consents)

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Self:
        """None: nothing was published; there are the built-in computed traits and no segments."""
        if not document:
            return cls.built_in()
        segments = {name: Segment.from_document(name, each) for name, each in document["segments"].items()}
        computed = {name: _COMPUTED.validate_json(orjson.dumps(each)) for name, each in document["traits"]["computed"].items()}
        catalogue = Catalogue(computed, {name: segment.condition for name, segment in segments.items()})
        return cls(catalogue, Observing.from_document(document["observing"]), segments)

    @classmethod
    def built_in(cls) -> Self:
        catalogue = Catalogue(BUILT_IN, {})
        asked = needs((), catalogue, traits=(*catalogue.computed, LIFECYCLE))
        series = tuple(Asked(series, keep, FIRST_EPOCH) for series, keep in asked.series.items())
        return cls(catalogue, Observing(FIRST_EPOCH, series, dict.fromkeys(asked.traits, FIRST_EPOCH)))


class CustomerViews:
    """The view in force, read anew only where another one was published."""

    def __init__(self, documents: DocumentReader) -> None:
        self._documents = documents
        self._known: tuple[str | None, CustomerView] | None = None

    def current(self) -> CustomerView:
        """Raises Retryable."""
        document = self._documents.document("profiles")
        version = document["version"] if document else None
        if self._known is None or self._known[0] != version:
            self._known = version, CustomerView.from_document(document)
        return self._known[1]
