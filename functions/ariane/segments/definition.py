"""A segment as the brand writes it: ``brand/segments/<name>.yaml``."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from ariane.conditions.model import Condition
from ariane.definitions.strict import Definition, at_field, matching
from ariane.errors import Rejected
from ariane.journeys.definition import Name
from ariane.segments.audience_formats import Format
from ariane.segments.audience_people import ConsentWanted

type Label = Annotated[str, Field(min_length=1, max_length=100)]
type Prose = Annotated[str, Field(min_length=1, max_length=2_000)]


class Every(StrEnum):
    DAY = "day"
    HOUR = "hour"


class ScheduledExport(Definition):
    """A list of the members, written again and again to the bucket of exports, in ``exports/<prefix>/<name>/<day or hour>/``."""

    format: Format
    every: Every = Every.DAY
    prefix: (
        Annotated[str, Field(max_length=100), matching(r"[a-z0-9][a-z0-9/_-]*", "is no folder of small letters, digits, - _ and /")] | None
    ) = None
    consent: Annotated[str, Field(max_length=200)] | None = None
    """``TOPIC`` or ``TOPIC/CHANNEL``: only who granted it. An advertising platform's format needs one."""
    columns: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=100)] = ()
    """Of csv and ndjson."""

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        if self.format.is_of_ads and self.consent is None:
            raise at_field("consent", f"{self.format} goes to somebody else: name the topic that people agreed to")
        if self.format.is_of_ads and self.columns:
            raise at_field("columns", f"the columns of {self.format} are given")
        if self.consent is not None:
            self._check_consent(self.consent)
        return self

    @staticmethod
    def _check_consent(text: str) -> None:
        try:
            ConsentWanted.parse(text)
        except Rejected as error:
            raise at_field("consent", error.message) from error


class SegmentFile(Definition):
    name: Name
    """The file's name without its ending."""
    label: Label | None = None
    """What people call it; the name unless said."""
    description: Prose | None = None
    persona: Prose | None = None
    """Who these people are, in words: for whoever writes to them or serves them."""
    announce: bool = True
    """Whether entries and exits are published on the bus."""
    condition: Condition
    export: ScheduledExport | None = None
