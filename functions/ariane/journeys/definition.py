"""A journey as the brand writes it: ``brand/journeys/<name>.yaml``."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from ariane.conditions.durations import Duration
from ariane.conditions.evaluate import name_matches
from ariane.conditions.model import Condition, Path, PropertyTest
from ariane.definitions.strict import Definition, at_field, matching

type Name = Annotated[str, Field(max_length=60), matching(r"[a-z][a-z0-9-]*", "is not a name of small letters, digits and dashes")]
type Locale = Annotated[str, matching(r"[a-z]{2}(-[A-Z]{2})?", "is not a locale such as fr or fr-CA")]
type EventName = Annotated[str, Field(max_length=200), matching(r"[^*]+\*?", "is not an event's name; a * may only be its end")]
"""May end in ``*``."""

MOST_RUNS = 9_999


def _time_zone(name: str) -> str:
    import zoneinfo  # the data base of zones is read where files are checked, never by a function

    if name not in zoneinfo.available_timezones():
        raise ValueError(f"{name!r} is not a time zone such as Europe/Paris")
    return name


type TimeZone = Annotated[str, AfterValidator(_time_zone)]


class Entry(Definition):
    """``key`` is the property that tells one run of a profile from another; without it the profile itself does."""

    event: EventName
    key: Path | None = None
    where: tuple[PropertyTest, ...] = ()
    if_: Condition | None = Field(default=None, alias="if")
    imports: bool = False
    """Whether what an import brings may start runs."""


class Reentry(Definition):
    """Per profile and key: at least ``after`` between the entry events of two runs, ``at_most`` runs in all."""

    after: Duration | None = None
    at_most: Annotated[int, Field(ge=1, le=MOST_RUNS)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.after is None and self.at_most is None:
            raise ValueError("needs after, at_most or both")
        return self


class Exit(Definition):
    """``match`` narrows it to the run whose key is the value of this property of the exit event."""

    event: EventName
    match: Path | None = None
    where: tuple[PropertyTest, ...] = ()


class Send(Definition):
    channel: Literal["email", "sms"]
    template: Name
    topic: Name


class Nothing(Definition):
    """``exit: {}``."""


class SendStep(Definition):
    send: Send


class WaitStep(Definition):
    wait: Duration


class ExitStep(Definition):
    exit: Nothing


class IfArm(Definition):
    if_: Condition = Field(alias="if")
    then: tuple["Step", ...]


class ElseArm(Definition):
    else_: tuple["Step", ...] = Field(alias="else")


def _one_key(known: Mapping[str, type[Definition]], value: Any) -> str | None:
    if isinstance(value, Mapping):
        given = [f"<{key}>" for key in known if key in value]
        return given[0] if len(given) == 1 else None
    return next((f"<{key}>" for key, model in known.items() if isinstance(value, model)), None)


type Arm = Annotated[
    Annotated[IfArm, Tag("<if>")] | Annotated[ElseArm, Tag("<else>")],
    Discriminator(
        lambda value: _one_key({"if": IfArm, "else": ElseArm}, value),
        custom_error_type="unknown_arm",
        custom_error_message="is not an arm of a branch: it needs if and then, or else alone",
    ),
]


class BranchStep(Definition):
    """The first arm whose condition holds is taken; without one, ``else``; without that, the step after the branch follows."""

    branch: Annotated[tuple[Arm, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _else_is_last(self) -> Self:
        if not isinstance(self.branch[0], IfArm) or any(isinstance(arm, ElseArm) for arm in self.branch[:-1]):
            raise ValueError("needs an if first, and at most one else, last")
        return self


type Step = Annotated[
    Annotated[SendStep, Tag("<send>")]
    | Annotated[WaitStep, Tag("<wait>")]
    | Annotated[BranchStep, Tag("<branch>")]
    | Annotated[ExitStep, Tag("<exit>")],
    Discriminator(
        lambda value: _one_key({"send": SendStep, "wait": WaitStep, "branch": BranchStep, "exit": ExitStep}, value),
        custom_error_type="unknown_step",
        custom_error_message="is not a step such as '- wait: 1 hour': it needs exactly one of the keys send, wait, branch, exit",
    ),
]

for _model in (IfArm, ElseArm, BranchStep):
    _model.model_rebuild()


class JourneyFile(Definition):
    name: Name
    entry: Entry
    reentry: Reentry = Reentry(at_most=1)
    exit: Exit | None = None
    max_event_age: Duration = "1 hour"
    """An entry event older than this starts nothing."""
    locale: Locale | None = None
    time_zone: TimeZone | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _match_needs_a_key(self) -> Self:
        if self.exit and self.exit.match and not self.entry.key:
            raise at_field("exit.match", "compares with the run's key, and entry.key is not given")
        return self

    @model_validator(mode="after")
    def _exit_is_another_event(self) -> Self:
        """An exit counts from the entry's own instant on: an event that were both would end every run at once."""
        if self.exit and (name_matches(self.exit.event, self.entry.event) or name_matches(self.entry.event, self.exit.event)):
            raise at_field("exit.event", f"must be another event than the entry's, {self.entry.event!r}")
        return self
