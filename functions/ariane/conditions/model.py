"""The one language of conditions: what segments, entries, branches and exits ask of a profile or of an event."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from ariane.conditions.values import (
    AmountTest,
    Anniversary,
    EventName,
    OneOperator,
    Path,
    Period,
    PropertyTest,
    Scalar,
    TimesTest,
    ValueTest,
    Window,
)
from ariane.definitions.strict import Definition, at_field, matching

__all__ = ["Condition", "EventName", "OneOperator", "Path", "PropertyTest", "Scalar"]

DEEPEST = 20
"""Levels of all, any and not."""
MOST_LEAVES = 200

type Wheres = Annotated[tuple[PropertyTest, ...], Field(max_length=20)]
type Names = Annotated[str, Field(max_length=60), matching(r"[a-z][a-z0-9-]*", "is not a name of small letters, digits and dashes")]


class TraitTest(ValueTest):
    """Of the profile's trait now, computed ones and ``lifecycle`` too."""

    trait: Path
    """A trait, or names with dots between: address.country."""
    anniversary: Anniversary | None = None
    """Today is the day of the year of a date, such as a birthday, in the person's own time zone."""

    @classmethod
    def subjects(cls) -> frozenset[str]:
        return frozenset({"trait"})


class SustainedTest(ValueTest):
    trait: Path
    for_: Window = Field(alias="for")
    """Without a break."""

    @classmethod
    def subjects(cls) -> frozenset[str]:
        return frozenset({"trait", "for_"})


class HasBeen(Definition):
    """True once the trait has passed the test without a break for so long."""

    has_been: SustainedTest


_AT_LEAST_ONCE = TimesTest(gte=1)


class Performed(Definition):
    """Without an aggregate: at least once. Of ``within``, ``between`` and ``since`` at most one; none: ever."""

    performed: EventName
    """An event's name; it may end in *."""
    times: TimesTest | None = None
    """How often; none of these five: at least once."""
    sum: AmountTest | None = None
    """What the property's numbers come to."""
    min: AmountTest | None = None
    max: AmountTest | None = None
    distinct: AmountTest | None = None
    """How many different values the property has had."""
    within: Window | None = None
    """Of the last so long."""
    between: Period | None = None
    """From one instant to another; both belong to it."""
    since: Literal["enrolment"] | None = None
    """Since the journey's run began. Only in journeys."""
    where: Wheres = ()
    """Tests of the event's properties; all must pass."""

    @model_validator(mode="after")
    def _at_most_one(self) -> Self:
        for names in (("times", "sum", "min", "max", "distinct"), ("within", "between", "since")):
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) > 1:
                raise at_field(given[1], f"at most one of {', '.join(names)}; join two conditions with all")
        return self

    @property
    def aggregate(self) -> tuple[str, TimesTest | AmountTest]:
        names = ("times", "sum", "min", "max", "distinct")
        return next(((name, test) for name in names if (test := getattr(self, name)) is not None), ("times", _AT_LEAST_ONCE))


class LastEvent(Definition):
    """Whether the latest event of this name passes ``where``; of several at one instant, any of them."""

    last: EventName
    where: Annotated[Wheres, Field(min_length=1)]


class FirstEvent(Definition):
    """Whether the first event of this name ever passes ``where``; of several at one instant, any of them."""

    first: EventName
    where: Annotated[Wheres, Field(min_length=1)]


class EventStep(Definition):
    event: EventName
    where: Wheres = ()


def _step(value: Any) -> Any:
    return "<event>" if isinstance(value, Mapping | EventStep) else "<name>"


type SequenceStep = Annotated[Annotated[EventName, Tag("<name>")] | Annotated[EventStep, Tag("<event>")], Discriminator(_step)]


class Ordered(Definition):
    events: Annotated[tuple[SequenceStep, ...], Field(min_length=2, max_length=10)]
    within: Window | None = None

    @property
    def steps(self) -> tuple[EventStep, ...]:
        return tuple(each if isinstance(each, EventStep) else EventStep(event=each) for each in self.events)


class Sequence(Definition):
    """True from the instant on at which the last of the events has followed the others in this order, at most ``within`` after the
    first of them. It stays true."""

    sequence: Ordered


class InSegment(Definition):
    """Whether the person is in another segment, and has been ``for`` so long without a break."""

    segment: Names
    for_: Window | None = Field(default=None, alias="for")


class ConsentState(Definition):
    topic: Annotated[str, Field(min_length=1, max_length=60)]
    channel: Literal["email", "sms", "push"]
    is_: Literal["granted", "withdrawn", "unknown"] = Field(default="granted", alias="is")


class ConsentTest(Definition):
    """What the person has decided about messages of a topic over a channel."""

    consent: ConsentState


class Draw(Definition):
    salt: Annotated[str, Field(min_length=1, max_length=200)]
    percent: Annotated[int | float, Field(ge=0, le=100)]


class Bucket(Definition):
    """The same share of people each time: by a hash of the salt and the root's identifier."""

    bucket: Draw


class Place(Definition):
    lat: Annotated[int | float, Field(ge=-90, le=90)]
    lon: Annotated[int | float, Field(ge=-180, le=180)]
    km: Annotated[int | float, Field(gt=0, le=20_050)]


class Near(Definition):
    """Where the last event with a ``context.location`` happened, for 30 minutes."""

    near: Place


class All(Definition):
    all: Annotated[tuple["AnyCondition", ...], Field(min_length=1, max_length=MOST_LEAVES)]


class AnyOf(Definition):
    any: Annotated[tuple["AnyCondition", ...], Field(min_length=1, max_length=MOST_LEAVES)]


class Not(Definition):
    not_: "AnyCondition" = Field(alias="not")


KINDS: Mapping[str, type[Definition]] = {
    "all": All,
    "any": AnyOf,
    "not": Not,
    "trait": TraitTest,
    "performed": Performed,
    "last": LastEvent,
    "first": FirstEvent,
    "has_been": HasBeen,
    "sequence": Sequence,
    "segment": InSegment,
    "consent": ConsentTest,
    "bucket": Bucket,
    "near": Near,
}


def _tag(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return next((f"<{key}>" for key in KINDS if key in value), None)
    return next((f"<{key}>" for key, model in KINDS.items() if isinstance(value, model)), None)


type AnyCondition = Annotated[
    Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[TraitTest, Tag("<trait>")]
    | Annotated[Performed, Tag("<performed>")]
    | Annotated[LastEvent, Tag("<last>")]
    | Annotated[FirstEvent, Tag("<first>")]
    | Annotated[HasBeen, Tag("<has_been>")]
    | Annotated[Sequence, Tag("<sequence>")]
    | Annotated[InSegment, Tag("<segment>")]
    | Annotated[ConsentTest, Tag("<consent>")]
    | Annotated[Bucket, Tag("<bucket>")]
    | Annotated[Near, Tag("<near>")],
    Discriminator(
        _tag,
        custom_error_type="unknown_condition",
        custom_error_message="is not a condition: it needs one of the keys {known}",
        custom_error_context={"known": ", ".join(KINDS)},
    ),
]
"""Tags are in angle brackets so that no key of a file can be taken for one in the place of an error."""


def parts_of(condition: Any) -> tuple[Any, ...]:
    """Conditions right below one."""
    match condition:
        case All():
            return condition.all
        case AnyOf():
            return condition.any
        case Not():
            return (condition.not_,)
        case _:
            return ()


def leaves_of(condition: Any) -> Iterator[Any]:
    parts = parts_of(condition)
    if not parts:
        yield condition
    for part in parts:
        yield from leaves_of(part)


def _depth(condition: Any) -> int:
    return 1 + max(map(_depth, parts_of(condition)), default=0)


def _bounded(condition: Any) -> Any:
    if _depth(condition) > DEEPEST:
        raise ValueError(f"is nested more than {DEEPEST} levels deep")
    if sum(1 for _ in leaves_of(condition)) > MOST_LEAVES:
        raise ValueError(f"has more than {MOST_LEAVES} tests; name some of them as a segment of their own")
    return condition


type Condition = Annotated[AnyCondition, AfterValidator(_bounded)]

for _model in (All, AnyOf, Not):
    _model.model_rebuild()
