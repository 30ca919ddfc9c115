"""What linking costs: stitch over a population, with a share of events that make links and a share of closures in conflict.

Every event comes alone: one record, one event, so that what is counted is an event's and shared with nobody. Only stitch is counted; what
collect writes and what journeys decide is on the cost page.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ariane.events.acceptance import Sorted
from cli.bench.identity_calls import Calls, Case, EventCalls, percentile
from cli.bench.identity_sizes import merges, profiles
from cli.bench.identity_world import IdentityWorld, Traffic
from cli.report import Progress

LINKING = (0.01, 0.1, 0.5)
IN_CONFLICT = (0.0, 0.01, 0.1)
EVENTS = 1_500


@dataclass(frozen=True, slots=True)
class Setting:
    """Shares of the events that make links, and of those that meet a closure in conflict."""

    linking: float
    in_conflict: float

    def measure(self, world: IdentityWorld, *, events: int) -> tuple[Sequence[EventCalls], float]:
        """What each event asked, and how many seconds of CPU one takes: of other people, over the same stores, with nothing counted."""
        seconds = self._seconds(world, events // 2)
        traffic = Traffic(world, self.linking, self.in_conflict)
        return [world.send(traffic.next()) for _ in range(events)], seconds

    def _seconds(self, world: IdentityWorld, events: int) -> float:
        traffic = Traffic(world, self.linking, self.in_conflict, parity=1)
        spent = 0.0
        for _ in range(events):
            items = world.decide([traffic.next()])
            world.acceptance.keep(Sorted(items=items, rejects=[]))
            began = time.process_time()
            world.stitch_plainly(items)
            spent += time.process_time() - began
        return spent / events


def measure(progress: Progress, *, populations: Sequence[int] = (1_000, 100_000), events: int = EVENTS) -> dict[str, Any]:
    found = {people: _population(people, events, progress) for people in populations}
    every = [event for settings in found.values() for _, asked, _ in settings for event in asked]
    with progress.step("Merges up to the limit, profiles of up to 10,000 fragments"):
        return {
            "what": "stitch of one event: units, calls and CPU by the share of links and of closures in conflict",
            "events": events,
            "settings": {f"{people:,}": [_line(*each) for each in settings] for people, settings in found.items()},
            "cases": _cases(every),
            "merges": merges(),
            "profiles": profiles(),
        }


def _population(people: int, events: int, progress: Progress) -> list[tuple[Setting, Sequence[EventCalls], float]]:
    world = IdentityWorld()
    world.fill(people, progress)
    found = []
    for setting in (Setting(*each) for each in product(LINKING, IN_CONFLICT)):
        with progress.step(f"{setting.linking:.0%} of events link, {setting.in_conflict:.0%} of closures in conflict"):
            found.append((setting, *setting.measure(world, events=events)))
    return found


def _line(setting: Setting, asked: Sequence[EventCalls], seconds: float) -> dict[str, Any]:
    calls = Calls(list(asked))
    count = len(asked)
    return {
        "linking": setting.linking,
        "in_conflict": setting.in_conflict,
        "write_units": round(sum(each.write_units for each in asked) / count, 3),
        "read_units": round(sum(each.read_units for each in asked) / count, 3),
        "cpu_ms": round(seconds * 1_000, 3),
        "cases": {str(case): calls.cases[case] for case in Case if calls.cases[case]},
        "resolved_identifiers": _spread([each.members for each in calls.resolved]),
        "most_calls": calls.most,
    }


def _cases(asked: Sequence[EventCalls]) -> dict[str, Any]:
    """By case, over all settings."""
    found = {case: [each for each in asked if each.case is case] for case in Case}
    return {str(case): _case(case, events) for case, events in found.items() if events}


def _case(case: Case, events: Sequence[EventCalls]) -> dict[str, Any]:
    shown = {
        "events": len(events),
        "write_units": _spread([each.write_units for each in events]),
        "read_units": _spread([each.read_units for each in events]),
        "calls": _spread([each.count for each in events]),
    }
    if case is not Case.RESOLVED:
        return shown
    sizes = {"identifiers": [each.members for each in events], "assertions": [each.assertions for each in events]}
    return shown | {name: _spread(values) for name, values in sizes.items()}


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "most": max(values, default=0)}
