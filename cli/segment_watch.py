"""Who enters and leaves a segment, as it happens: by asking for its list again and again, the seldomer the longer it is."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from cli.profile_api import ApiRefused, ProfileApi

_SHORTEST_PAUSE = 2.0
"""Seconds."""
_TIMES_AS_LONG = 3
"""As the asking took the pause takes."""


class Change(NamedTuple):
    change: str
    member: Mapping[str, Any]
    """``id``, ``since``, ``identifiers``."""


type Members = Mapping[str, str | None]
"""Person id -> since."""


def changes(
    api: ProfileApi,
    name: str,
    known: Members,
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Change]:
    """From ``known`` on (``members_now``); it never ends. Who enters and leaves between two looks is missed."""
    while True:
        begun = clock()
        found = members_now(api, name)
        for own in sorted(known.keys() - found.keys()):
            yield Change("exited", {"id": own, "since": known[own], "identifiers": _identifiers(api, own)})
        for own in sorted(found.keys() - known.keys(), key=lambda each: found[each] or ""):
            yield Change("entered", {"id": own, "since": found[own], "identifiers": _identifiers(api, own)})
        known = found
        pause(max(_SHORTEST_PAUSE, _TIMES_AS_LONG * (clock() - begun)))


def members_now(api: ProfileApi, name: str) -> Members:
    return {each["id"]: each["since"] for each in api.members(name, is_brief=True)}


def _identifiers(api: ProfileApi, own: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = api.profile(own)["identifiers"]
    except ApiRefused:
        return []
    return found
