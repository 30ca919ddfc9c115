"""``brand/tracking-plan.yaml``: what events may say, in JSON Schema 2020-12, of which these are the keywords that may be used."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from ariane.definitions.strict import Definition, at_field
from ariane.identity.patterns import bound_fault_of

type TypeName = Literal["string", "number", "integer", "boolean", "array", "object", "null"]
type FormatName = Literal["date", "date-time", "email", "uri", "uuid"]
type Mode = Literal["flag", "reject"]
type Size = Annotated[int, Field(ge=0, le=1_000_000)]
type Number = int | float
type Scalar = str | int | float | bool | None
type PropertyName = Annotated[str, Field(min_length=1, max_length=100)]

DEEPEST = 6
"""Levels of properties, items and anyOf."""
MOST_SCHEMAS = 4_000
"""In a plan, each property being one."""
MOST_CHOICES = 200
_NAMES: dict[str, Any] = {"enum": ["string", "number", "integer", "boolean", "array", "object", "null"]}


def _pattern(text: str) -> str:
    fault = bound_fault_of(text)
    if fault is not None:
        raise ValueError(f"{text!r} {fault}")
    return text


def _types(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


type Types = Annotated[
    Annotated[tuple[TypeName, ...], Field(min_length=1)],
    BeforeValidator(_types),
    WithJsonSchema({"anyOf": [_NAMES, {"type": "array", "items": _NAMES, "minItems": 1}]}),
]


class ObjectSchema(Definition):
    """What every schema of an object may say."""

    description: Annotated[str, Field(max_length=1_000)] | None = None
    properties: Annotated[dict[PropertyName, "PropertySchema"], Field(max_length=200)] = Field(default_factory=dict)
    required: Annotated[tuple[PropertyName, ...], Field(max_length=200)] = ()
    additional_properties: bool = Field(default=True, alias="additionalProperties")


class PropertySchema(ObjectSchema):
    title: Annotated[str, Field(max_length=200)] | None = None
    examples: Annotated[tuple[Scalar, ...], Field(max_length=20)] = ()
    type: Types | None = None
    enum: Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=MOST_CHOICES)] | None = None
    const: Scalar = None
    any_of: Annotated[tuple["PropertySchema", ...], Field(min_length=1, max_length=10)] | None = Field(default=None, alias="anyOf")
    items: "PropertySchema | None" = None
    min_items: Size | None = Field(default=None, alias="minItems")
    max_items: Size | None = Field(default=None, alias="maxItems")
    min_length: Size | None = Field(default=None, alias="minLength")
    max_length: Size | None = Field(default=None, alias="maxLength")
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    format: FormatName | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    exclusive_minimum: Number | None = Field(default=None, alias="exclusiveMinimum")
    exclusive_maximum: Number | None = Field(default=None, alias="exclusiveMaximum")

    @model_validator(mode="after")
    def _something_fits(self) -> Self:
        for low, high, field in (
            (self.min_items, self.max_items, "maxItems"),
            (self.min_length, self.max_length, "maxLength"),
            (self.minimum, self.maximum, "maximum"),
        ):
            if low is not None and high is not None and high < low:
                raise at_field(field, f"is below {low}, the least: nothing would fit")
        return self


class PlannedEvent(ObjectSchema):
    """Of a name that Ariane knows, what is said here is added to what it knows; ``required`` replaces its."""

    mode: Mode | None = None


class PlannedTraits(ObjectSchema):
    """Of ``identify``: the traits that it sets."""

    mode: Mode | None = None


class TrackingPlanFile(Definition):
    mode: Mode = "flag"
    """What becomes of an event that is not as its name's plan says, where that says nothing else: ``flag`` accepts and marks it."""
    unplanned: Literal["allow", "flag", "reject"] = "allow"
    """Of names that are neither here nor known."""
    standard: Mode | Literal["off"] = "flag"
    """Of the usual names that are known without being named here."""
    events: Annotated[dict[Annotated[str, Field(min_length=1, max_length=200)], PlannedEvent], Field(max_length=500)] = Field(
        default_factory=dict
    )
    identify: PlannedTraits | None = None

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        places: list[tuple[str, ObjectSchema]] = [(f"events.{name}", event) for name, event in self.events.items()]
        places += [("identify", self.identify)] if self.identify else []
        total = 0
        for place, schema in places:
            depths = list(_depths(schema, 0))
            total += len(depths)
            if max(depths) > DEEPEST:
                raise at_field(place, f"is nested deeper than {DEEPEST} levels")
        if total > MOST_SCHEMAS:
            raise at_field("events", f"the plan holds more than {MOST_SCHEMAS} properties")
        return self


def _depths(schema: ObjectSchema, depth: int) -> Iterator[int]:
    """Of the schema and of all below it."""
    yield depth
    below = list(schema.properties.values())
    if isinstance(schema, PropertySchema):
        below += [*(schema.any_of or ()), *((schema.items,) if schema.items else ())]
    for each in below:
        yield from _depths(each, depth + 1)


for _model in (ObjectSchema, PropertySchema, PlannedEvent, PlannedTraits):
    _model.model_rebuild()
