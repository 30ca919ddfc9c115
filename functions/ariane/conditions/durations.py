"""Durations as people write them: ``1 hour``, ``30 days``, ``15 minutes``. Months are not exact, so there are none."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_PATTERN = re.compile(r"(\d{1,6}) ?(second|minute|hour|day|week)s?")
_LONGEST = timedelta(days=3660)


def parse_duration(text: str) -> timedelta:
    """Raises ValueError for anything else than a whole number and a unit, and above ten years."""
    found = _PATTERN.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r:.100} is not a duration such as '15 minutes', '1 hour' or '30 days'")
    duration = timedelta(**{f"{found[2]}s": int(found[1])})
    if duration > _LONGEST:
        raise ValueError(f"{text!r} is longer than ten years")
    return duration


def _checked(text: str) -> str:
    parse_duration(text)
    return text


_SCHEMA = {
    "type": "string",
    "pattern": r"^\s*\d{1,6} ?(second|minute|hour|day|week)s?\s*$",
    "examples": ["15 minutes", "1 hour", "30 days"],
}

type Duration = Annotated[str, BeforeValidator(_checked), WithJsonSchema(_SCHEMA)]
