"""Whether an event starts a run: pure, on the fact, the whole profile and the runs that it has had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from ariane.conditions.evaluate import matches, name_matches, value_at
from ariane.events.model import SourceKind
from ariane.instants import parse_instant, to_millis
from ariane.journeys.enrolment import UNMERGED, Enrolment
from ariane.journeys.graph import Journey
from ariane.journeys.step import Person
from ariane.profiles.model import Profile


class Refusal(StrEnum):
    NOT_LIVE = "not_live"
    OTHER_EVENT = "other_event"
    IMPORTED = "imported"
    TOO_OLD = "too_old"
    CONDITION = "condition"
    RUNNING = "already_running"
    TOO_OFTEN = "reentry_at_most"
    TOO_SOON = "reentry_after"
    EXITED = "exit_event"


@dataclass(frozen=True, slots=True)
class Admission:
    """``standing``: this very event has started that run already."""

    number: int
    standing: Enrolment | None = None


def refusal_of_event(journey: Journey, fact: Mapping[str, Any], now: datetime) -> Refusal | None:
    """What the fact alone decides; the rule on the bus filters coarsely."""
    entry = journey.entry
    if not name_matches(entry.event, fact.get("event")) or not matches(entry.where, properties_of(fact), now):
        return Refusal.OTHER_EVENT
    if fact.get("kind") == SourceKind.IMPORT and not entry.imports:
        return Refusal.IMPORTED
    if now - parse_instant(fact["timestamp"]) > timedelta(seconds=journey.max_event_age_seconds):
        return Refusal.TOO_OLD
    return None


def admit(
    journey: Journey, fact: Mapping[str, Any], profile: Profile, *, person: Person, runs: Sequence[Enrolment], now: datetime
) -> Admission | Refusal:
    """``runs``: every run of this journey and key under any of the profile's ids, and under the id that the fact names."""
    standing = next((run for run in runs if run.cause == cause_of(fact)), None)
    if standing is not None:
        return Admission(standing.number, standing)
    if journey.entry.if_ is not None and not person.holds(journey.entry.if_, to_millis(now)):
        return Refusal.CONDITION
    own = [run for run in runs if run.profile in (profile.id, *profile.holder_ids)]
    number = max((run.number for run in own), default=-1) + 1
    return _reentry(journey, parse_instant(fact["timestamp"]), [run for run in own if run.reason != UNMERGED]) or Admission(number)


def _reentry(journey: Journey, at: datetime, runs: Sequence[Enrolment]) -> Refusal | None:
    """Runs that were another person's all along do not count."""
    if any(run.is_running for run in runs):
        return Refusal.RUNNING
    if len(runs) >= journey.most_runs:
        return Refusal.TOO_OFTEN
    pause = timedelta(seconds=journey.reentry_after_seconds or 0)
    if any(at - run.entry_time < pause for run in runs):
        return Refusal.TOO_SOON
    return None


def cause_of(fact: Mapping[str, Any]) -> str:
    return f"{fact['source']}/{fact['messageId']}"


def properties_of(fact: Mapping[str, Any]) -> Mapping[str, Any]:
    value = fact.get("properties")
    return value if isinstance(value, Mapping) else {}


def key_in(properties: Mapping[str, Any], path: str | None) -> str:
    """The value at ``path`` as text, a number and its text being one key; empty without: the profile itself is the key then."""
    value = value_at(properties, path) if path else None
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
