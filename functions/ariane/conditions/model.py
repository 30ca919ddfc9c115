"""The one language of conditions: what entries, branches and exits (and segments) ask of a profile or of an event."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from ariane.conditions.durations import Duration
from ariane.definitions.strict import Definition, matching
from ariane.instants import parse_instant

type Scalar = str | int | float | bool
type Path = Annotated[
    str, Field(max_length=200), matching(r"[^.\s][^.]*(\.[^.]+)*", "is not a name, or names with dots between, such as address.city")
]


def _instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an ISO 8601 instant such as 2026-11-22T08:00:00Z") from error
    return text


def _orderable(value: str | int | float) -> str | int | float:
    try:
        return _instant(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{value!r} is neither a number nor an ISO 8601 instant such as 2026-11-22T08:00:00Z") from error


type Instant = Annotated[str, AfterValidator(_instant)]
type Orderable = Annotated[str | int | float, AfterValidator(_orderable)]
type Range = tuple[Orderable, Orderable]

OPERATORS = (
    "equals", "not_equals", "in", "not_in", "gt", "gte", "lt", "lte", "between", "contains", "starts_with", "ends_with", "exists",
    "before", "after", "within", "older_than", "within_next",
)  # fmt: skip


class Test(Definition):
    """Exactly one operator; several tests are joined with ``all``."""

    __test__ = False

    equals: Scalar | None = None
    not_equals: Scalar | None = None
    in_: Annotated[tuple[Scalar, ...], Field(min_length=1)] | None = Field(default=None, alias="in")
    not_in: Annotated[tuple[Scalar, ...], Field(min_length=1)] | None = None
    gt: Orderable | None = None
    gte: Orderable | None = None
    lt: Orderable | None = None
    lte: Orderable | None = None
    between: Range | None = None
    contains: Scalar | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    exists: bool | None = None
    before: Instant | None = None
    after: Instant | None = None
    within: Duration | None = None
    older_than: Duration | None = None
    within_next: Duration | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError(f"needs exactly one operator of: {', '.join(OPERATORS)}")
        return self

    def _given(self) -> list[tuple[str, Any]]:
        given = ((name, getattr(self, "in_" if name == "in" else name)) for name in OPERATORS)
        return [(name, operand) for name, operand in given if operand is not None]

    @property
    def operator(self) -> str:
        return self._given()[0][0]

    @property
    def operand(self) -> object:
        return self._given()[0][1]


class TraitTest(Test):
    trait: Path


class PropertyTest(Test):
    """Of an event. A path through a list is true for the list when it is true for one of its elements."""

    property: Path


class All(Definition):
    all: Annotated[tuple["Condition", ...], Field(min_length=1)]


class AnyOf(Definition):
    any: Annotated[tuple["Condition", ...], Field(min_length=1)]


class Not(Definition):
    not_: "Condition" = Field(alias="not")


def _tag(value: Any) -> str | None:
    known = {"all": All, "any": AnyOf, "not": Not, "trait": TraitTest}
    if isinstance(value, Mapping):
        return next((f"<{key}>" for key in known if key in value), None)
    return next((f"<{key}>" for key, model in known.items() if isinstance(value, model)), None)


type Condition = Annotated[
    Annotated[All, Tag("<all>")] | Annotated[AnyOf, Tag("<any>")] | Annotated[Not, Tag("<not>")] | Annotated[TraitTest, Tag("<trait>")],
    Discriminator(
        _tag,
        custom_error_type="unknown_condition",
        custom_error_message="is not a condition: it needs one of the keys all, any, not, trait",
    ),
]
"""Tags are in angle brackets so that no key of a file can be taken for one in the place of an error."""

for _model in (All, AnyOf, Not):
    _model.model_rebuild()
