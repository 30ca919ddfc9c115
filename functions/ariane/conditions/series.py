"""What conditions ask of a person's events: series of them, each with what has to be kept to answer.

An event belongs to a series when its name fits and it passes ``where``; operators of ``where`` that look at the clock (``within``,
``older_than``, ``within_next``) look from the event's own instant. A series keeps its latest entries one by one, and of everything before
them the sum (``Base``): all entries after ``watermark`` are there. So whoever asks knows what it cannot tell from it, and asks the log.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Self

import orjson

from ariane.conditions.model import PropertyTest

type Scalar = str | int | float | bool

LOCATION = "$location"
"""A property that is none: latitude and longitude of ``context.location``."""
MOST_ENTRIES = 1_000
"""Of one series and person; what happened before is asked of the log where an answer needs it."""
MOST_VALUES = 200
"""Distinct values that are tallied for all time; beyond, the log."""


@dataclass(frozen=True, slots=True)
class Series:
    event: str
    """A name as events are counted (``$page``, ``$screen`` for these); may end in ``*``."""
    where: tuple[PropertyTest, ...] = ()
    path: str | None = None
    """Dotted path of a property whose scalar values are kept with each entry; through lists, all of them."""

    @property
    def key(self) -> str:
        """Eight characters; the same for equal series."""
        content = [self.event, [test.model_dump(mode="json", by_alias=True, exclude_none=True) for test in self.where], self.path]
        return hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a series its askers need."""

    entries: int = 0
    """The latest so many one by one, ``MOST_ENTRIES`` at most."""
    seconds: int | None = 0
    """Of these only what lies at most so long before the latest; None: however old."""
    values: int = 0
    """Distinct values that are tallied for all time, ``MOST_VALUES`` at most."""

    def plus(self, other: "Keep") -> "Keep":
        seconds = None if self.seconds is None or other.seconds is None else max(self.seconds, other.seconds)
        return Keep(max(self.entries, other.entries), seconds, max(self.values, other.values))


EVERYTHING = Keep(entries=2**62, seconds=None, values=2**62)
"""For who reads the log itself."""


class Entry(NamedTuple):
    millis: int
    values: tuple[Scalar, ...] = ()


class ValueTally(NamedTuple):
    times: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Base:
    """Of the entries at or before the watermark. ``total``, ``low`` and ``high`` are of the numeric values (a numeric string is its
    number): exact, so that they add up to the same in any order."""

    times: int = 0
    first: int | None = None
    last: int | None = None
    total: Decimal = Decimal(0)
    low: Decimal | None = None
    high: Decimal | None = None
    values: Mapping[Scalar, ValueTally] = field(default_factory=dict)
    """Empty unless asked for; ``is_partial`` where there were more than are kept."""
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """Of one series and person (or fragment)."""

    entries: tuple[Entry, ...] = ()
    """By ``millis``, all later than ``watermark``; of equal ones in any order."""
    base: Base = Base()
    watermark: int | None = None
    """None: ``base`` is empty, these are all."""
    is_complete: bool = True
    """False: events from before the series was asked for may be missing. Only the log can tell."""


class Run(NamedTuple):
    """A trait was said to be ``value`` at ``first`` and at ``last``, and to be nothing else in between."""

    first: int
    last: int
    value: Any
    """None: removed."""
    rank: int = 0
    """Of the source, where the brand ranks sources for this trait: a lower one changes nothing that a higher one has said."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a trait was, over time: the value of the latest run that has begun, of the highest rank."""

    runs: tuple[Run, ...] = ()
    """By ``first``; they do not overlap but for other ranks."""
    watermark: int | None = None
    """What the trait was before, only the log can tell. None: all of it is here."""
    is_complete: bool = True


class Consent(NamedTuple):
    """A decision that stands, of one address. ``topic`` and ``channel`` may be ``*``."""

    topic: str
    channel: str
    is_granted: bool
    millis: int
    address: str = ""
    """What tells addresses apart."""

    def concerns(self, topic: str, channel: str) -> bool:
        return self.topic in (topic, "*") and self.channel in (channel, "*")


@dataclass(frozen=True, slots=True)
class Needs:
    """What conditions ask for, all together."""

    series: Mapping[Series, Keep] = field(default_factory=dict)
    traits: frozenset[str] = frozenset()
    """Top-level names of traits whose history is asked for."""
    consents: bool = False

    def covers(self, other: "Needs") -> bool:
        """Whether who reads the log for this has all that the other asks for."""
        return other.series.keys() <= self.series.keys() and other.traits <= self.traits

    def plus(self, other: "Needs") -> Self:
        series = dict(self.series)
        for each, keep in other.series.items():
            series[each] = series[each].plus(keep) if each in series else keep
        return type(self)(series, self.traits | other.traits, self.consents or other.consents)
