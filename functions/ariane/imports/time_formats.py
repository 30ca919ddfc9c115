"""Formats of times (``strptime``) that say a moment. What leaves out part of it, or is read and not heeded, is an error."""

import re
from datetime import datetime

_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_KNOWN = frozenset("aAbBcdfGHIjmMpSuUVwWxXyYz%")
_WHOLE = frozenset("cx")
_WEEKDAY = frozenset("aAuw")


def time_format(text: str) -> str:
    """Raises ValueError."""
    told = frozenset(_DIRECTIVE.findall(text))
    if "Z" in told:
        raise ValueError("%Z is read, but not heeded: write %z for an offset, or leave the zone out and say it as time_zone")
    if unknown := told - _KNOWN:
        raise ValueError(f"%{min(unknown)} is no directive of strptime's")
    if not _has_day(told):
        raise ValueError("says no whole day: year, month and day, such as %d/%m/%Y, or %Y and %j")
    if ("I" in told) != ("p" in told):
        raise ValueError("%I, the hour of twelve, and %p, its half of the day, are nothing without each other")
    _expect_once_each(text)
    return text


def _expect_once_each(text: str) -> None:
    try:
        datetime.strptime("", text)  # noqa: DTZ007 - nothing is read: the format is put together
    except re.error as error:
        raise ValueError("says something twice") from error
    except ValueError:
        return


def _has_day(told: frozenset[str]) -> bool:
    if told & _WHOLE:
        return True
    of_iso = {"G", "V"} <= told and bool(told & _WEEKDAY)
    has_day = "j" in told or ("d" in told and bool(told & set("mbB"))) or (bool(told & set("UW")) and bool(told & set("aAw")))
    return of_iso or (bool(told & set("yY")) and has_day)
