"""What stitch records of each event: the plan of it, and the recorder. Pure, and the same for any order of the same events.

The same recorder reads the log for what fragments do not know (``everything``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, Self, TypeIs

import orjson

from ariane.conditions.entries import Recording
from ariane.conditions.operators import matches, name_matches
from ariane.conditions.series import EVERYTHING, LOCATION, Entry, Keep, Needs, Observed, Run, Scalar, Series, Settings
from ariane.conditions.trait_runs import MOST_RUNS, said
from ariane.conditions.values import PropertyTest
from ariane.instants import to_millis

LONGEST_SETTING = 2_048
"""Bytes of a trait's value as JSON; a longer one is no trait, and not recorded either."""


class Asked(NamedTuple):
    series: Series
    keep: Keep
    epoch: int
    """Of the plan that first asked for it, or for more of it."""


class Happened(NamedTuple):
    """What there is to record of one event."""

    name: str | None
    """As events are counted; None: it is counted under none, and belongs to no series."""
    at: datetime
    properties: Mapping[str, Any]
    location: object = None
    """``context.location``."""
    traits: Mapping[str, Any] = {}
    """Without those that are kept out of the profile, typed as they are there. None: removed."""
    source: str = ""


@dataclass(frozen=True)
class Observing:
    """The plan. An empty one records nothing."""

    epoch: int = 0
    series: tuple[Asked, ...] = ()
    traits: Mapping[str, int] = field(default_factory=dict)
    """Top-level trait whose history is asked for -> epoch."""
    precedence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Trait -> names of sources, the best first; what another source says counts less than any of them."""

    @classmethod
    def everything(cls, needs: Needs, precedence: Mapping[str, tuple[str, ...]] | None = None) -> Self:
        """For who reads the log itself."""
        series = tuple(Asked(each, EVERYTHING, 0) for each in needs.series)
        return cls(series=series, traits=dict.fromkeys(needs.traits, 0), precedence=precedence or {})

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Self:
        """As ``to_document`` wrote it; None: an empty one."""
        given = document or {}
        return cls(
            epoch=given.get("epoch", 0),
            series=tuple(_asked(each) for each in given.get("series", ())),
            traits=dict(given.get("traits", {})),
            precedence={name: tuple(sources) for name, sources in given.get("precedence", {}).items()},
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "series": [_document_of(each) for each in self.series],
            "traits": dict(self.traits),
            "precedence": {name: list(sources) for name, sources in self.precedence.items()},
        }

    @cached_property
    def keeps(self) -> Mapping[str, Keep]:
        """By the key of the series."""
        return {key: asked.keep for key, asked in self.by_key.items()}

    @cached_property
    def by_key(self) -> Mapping[str, Asked]:
        return {asked.series.key: asked for asked in self.series}

    @cached_property
    def keys(self) -> Mapping[Series, str]:
        return {asked.series: key for key, asked in self.by_key.items()}

    def key_of(self, series: Series) -> str:
        return self.keys.get(series) or series.key

    def rank(self, trait: str, source: str) -> int:
        """0: the brand does not rank the source for this trait."""
        sources = self.precedence.get(trait, ())
        return len(sources) - sources.index(source) if source in sources else 0

    def looking_at(self, name: str | None) -> Sequence[tuple[str, Asked]]:
        """The series, with their keys, that an event of this name may belong to."""
        if name is None:
            return ()
        exact = self._exact.get(name, ())
        patterns = [pair for pair in self._patterns if name_matches(pair[1].series.event, name)]
        return [*exact, *patterns] if patterns else exact

    @cached_property
    def _exact(self) -> Mapping[str, Sequence[tuple[str, Asked]]]:
        found: dict[str, list[tuple[str, Asked]]] = {}
        for key, asked in self.by_key.items():
            if not asked.series.event.endswith("*"):
                found.setdefault(asked.series.event, []).append((key, asked))
        return found

    @cached_property
    def _patterns(self) -> Sequence[tuple[str, Asked]]:
        return [pair for pair in self.by_key.items() if pair[1].series.event.endswith("*")]


class Observer:
    """Adds events to what is known, one after the other."""

    def __init__(
        self,
        observing: Observing,
        observed: Mapping[str, Observed] | None = None,
        settings: Mapping[str, Settings] | None = None,
        *,
        most_runs: int = MOST_RUNS,
    ) -> None:
        self._observing = observing
        self._observed = {key: each for key, each in (observed or {}).items() if key in observing.by_key}
        self._settings = {name: each for name, each in (settings or {}).items() if name in observing.traits}
        self._recordings: dict[str, Recording] = {}
        self._most_runs = most_runs
        self._words: dict[str, list[Run]] = {}
        """Not yet in the settings: where runs are unbounded they are joined in the order of time, so that nothing is lost to disorder."""

    def add(self, happened: Happened) -> None:
        looking = self._observing.looking_at(happened.name)
        millis = to_millis(happened.at) if looking else 0
        for key, asked in looking:
            self._record(key, entry_of(asked.series, happened, millis))
        if self._observing.traits:
            for name, value in happened.traits.items():
                self._say(name, value, happened)

    @property
    def observed(self) -> Mapping[str, Observed]:
        done = {key: recording.done(self._observing.keeps[key]) for key, recording in self._recordings.items()}
        return {**self._observed, **done}

    @property
    def settings(self) -> Mapping[str, Settings]:
        for name, runs in self._words.items():
            for run in sorted(runs, key=lambda each: (each.first, each.rank)):
                self._settings[name] = said(self._settings.get(name, Settings()), run, most=self._most_runs)
        self._words.clear()
        return self._settings

    def _record(self, key: str, entry: Entry | None) -> None:
        if entry is not None:
            recording = self._recordings.get(key)
            if recording is None:
                recording = self._recordings[key] = Recording(self._observed.get(key))
            recording.add(entry)

    def _say(self, name: str, value: object, happened: Happened) -> None:
        if name in self._observing.traits and len(orjson.dumps(value)) <= LONGEST_SETTING:
            millis = to_millis(happened.at)
            run = Run(millis, millis, value, self._observing.rank(name, happened.source))
            if self._most_runs > MOST_RUNS:
                self._words.setdefault(name, []).append(run)
            else:
                self._settings[name] = said(self._settings.get(name, Settings()), run, most=self._most_runs)


def observe(
    observing: Observing,
    happened: Sequence[Happened],
    observed: Mapping[str, Observed] | None = None,
    settings: Mapping[str, Settings] | None = None,
) -> tuple[Mapping[str, Observed], Mapping[str, Settings]]:
    """What is known, by key of the series and by trait, with these events in it. What the plan does not ask for is dropped."""
    observer = Observer(observing, observed, settings)
    for each in happened:
        observer.add(each)
    return observer.observed, observer.settings


def entry_of(series: Series, happened: Happened, millis: int) -> Entry | None:
    """None: the event, whose name fits, does not belong to the series; to one of places none does that names no place."""
    if series.where and not matches(series.where, happened.properties, happened.at):
        return None
    if series.path is None:
        return Entry(millis)
    if series.path == LOCATION:
        place = _place(happened.location)
        return Entry(millis, place) if place else None
    return Entry(millis, tuple(_scalars(happened.properties, series.path)))


def _place(location: object) -> tuple[float, float] | None:
    if not isinstance(location, Mapping):
        return None
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if not (_is_number(latitude) and _is_number(longitude)):
        return None
    return (float(latitude), float(longitude)) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _is_number(value: object) -> TypeIs[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scalars(found: object, path: str) -> Iterator[Scalar]:
    """Through lists, all of them."""
    if isinstance(found, list):
        for element in found:
            yield from _scalars(element, path)
    elif path:
        head, _, rest = path.partition(".")
        if isinstance(found, Mapping):
            yield from _scalars(found.get(head), rest)
    elif isinstance(found, float) and found.is_integer() and abs(found) < 2**53:
        yield int(found)
    elif isinstance(found, str | int | float):
        yield found


def _document_of(asked: Asked) -> dict[str, Any]:
    series, keep, epoch = asked
    tests = [test.model_dump(mode="json", by_alias=True, exclude_none=True) for test in series.where]
    return {"event": series.event, "where": tests, "path": series.path, "keep": [keep.entries, keep.seconds, keep.values], "epoch": epoch}


def _asked(document: Mapping[str, Any]) -> Asked:
    tests = tuple(PropertyTest.model_validate_json(orjson.dumps(test)) for test in document.get("where", ()))
    series = Series(document["event"], tests, document.get("path"))
    return Asked(series, Keep(*document["keep"]), document["epoch"])
