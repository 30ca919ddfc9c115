"""What a trait was over time, as runs: each said to be one value, and known to be no other in between.

From the first word of a source that ranks higher on, all that lower ones say is void: ranks never fall in time, and what is left is one
sequence. Where runs of several recorders overlap with different values, when each was said is not known: until the later of both ends
only the log can tell (``watermark``). The first run kept begins right after the watermark, and none lost ranked higher than it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import orjson

from ariane.conditions.series import Run, Settings

MOST_RUNS = 20
"""That are kept of one trait."""


def said(settings: Settings, run: Run, *, most: int = MOST_RUNS) -> Settings:
    """With one more word. The order in which words come changes at most from when on it is known what the trait was."""
    runs = settings.runs
    if runs and run.first > runs[-1].last and run.rank == runs[-1].rank:
        last = runs[-1]
        joined = (*runs[:-1], last._replace(last=run.last)) if _is_same(last, run) else (*runs, run)
        return limited(replace(settings, runs=joined), most)
    return limited(plus(settings, Settings((run,))), most)


def plus(one: Settings, other: Settings) -> Settings:
    """Of both."""
    watermark = max((mark for mark in (_unknown_until(one, other), _unknown_until(other, one)) if mark is not None), default=None)
    runs = _effective([*one.runs, *other.runs])
    found, watermark = _one_by_one([run for run in runs if watermark is None or run.last > watermark], watermark)
    if watermark is not None:
        found = [*_clipped(found, watermark)]
    return Settings(tuple(found), watermark, one.is_complete and other.is_complete)


def limited(settings: Settings, most: int) -> Settings:
    if len(settings.runs) <= most:
        return settings
    runs = settings.runs[len(settings.runs) - most :]
    return replace(settings, runs=runs, watermark=runs[0].first - 1)


def before(settings: Settings, millis: int | None) -> Settings:
    """Only what was said before ``millis``; None: all of it."""
    if millis is None:
        return settings
    return replace(settings, runs=tuple(run._replace(last=min(run.last, millis - 1)) for run in settings.runs if run.first < millis))


def _unknown_until(settings: Settings, other: Settings) -> int | None:
    """What was lost of ``settings`` is void from the first word of ``other`` on that ranks higher than all of that."""
    if settings.watermark is None or not settings.runs:
        return settings.watermark
    higher = [run.first - 1 for run in other.runs if run.rank > settings.runs[0].rank]
    return min([settings.watermark, *higher])


def _effective(runs: Sequence[Run]) -> list[Run]:
    """Without what a higher rank had made void by then."""
    found: list[Run] = []
    begun: int | None = None
    for rank in sorted({run.rank for run in runs}, reverse=True):
        own = [run for run in runs if run.rank == rank]
        if begun is not None:
            own = [run._replace(last=min(run.last, begun - 1)) for run in own if run.first < begun]
        begun = min((run.first for run in own), default=begun)
        found += own
    return found


def _one_by_one(runs: Iterable[Run], watermark: int | None) -> tuple[list[Run], int | None]:
    """Equal neighbours joined. Where different values overlap, only from the end of that on; at one and the same instant the larger JSON
    text stands, as it does in a profile."""
    found: list[Run] = []
    waiting = _latest_first(runs)
    begun = {run.first for run in waiting}
    while waiting:
        run = waiting.pop()
        last = found[-1] if found else None
        if last is not None and _is_same(last, run):
            found[-1] = last._replace(last=max(last.last, run.last))
        elif last is None or run.first > last.last:
            found.append(run)
        elif last.last == run.first and _text(run) > _text(last):
            found[-1:] = [last._replace(last=run.first - 1)] if last.first < run.first else []
            waiting.append(run)
        elif last.last + 1 in begun or not last.last == run.first == run.last:
            end = max(last, run, key=lambda each: (each.last, _text(each)))
            if end.last + 1 in begun:  # where one begins the other may have been cut short: it was not said to be that at its end
                found, watermark = [], end.last
                waiting = _latest_first(_clipped(waiting, end.last))
            else:
                found, watermark = [end._replace(first=end.last)], end.last - 1
    return found, watermark


def _latest_first(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: (run.first, run.last, _text(run)), reverse=True)


def _clipped(runs: Iterable[Run], watermark: int) -> Iterable[Run]:
    return (run._replace(first=max(run.first, watermark + 1)) for run in runs if run.last > watermark)


def _is_same(one: Run, other: Run) -> bool:
    return one.rank == other.rank and _text(one) == _text(other)


def _text(run: Run) -> bytes:
    return orjson.dumps(run.value, option=orjson.OPT_SORT_KEYS)
