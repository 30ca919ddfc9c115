"""Two events of one request and one millisecond that set the same trait: the one that was sent later counts.

Between requests the instant decides, and of equal instants the larger value (``fragments.Trait``), whatever comes first; so within a
request all but the last are taken out before that comparison, and the order in which requests arrive still decides nothing. (Where one of
the settings came before in another request too, it may: a copy that was applied already is not among these events.)
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ariane.events.model import Event
from ariane.profiles.admission import Placed

type _Setting = tuple[str, datetime, str]
"""Item, instant, trait."""


def in_order_of_sending(applied: Sequence[Placed]) -> list[Event]:
    """The events, without the trait settings that a later one of the same item and instant replaces."""
    last: dict[_Setting, int] = {}
    is_twice = False
    for placed in applied:
        for setting in _settings(placed):
            is_twice = is_twice or setting in last
            last[setting] = max(placed.place, last.get(setting, 0))
    return [_without_replaced(placed, last) for placed in applied] if is_twice else [placed.event for placed in applied]


def _settings(placed: Placed) -> list[_Setting]:
    return [(placed.sort, placed.event.timestamp, name) for name in placed.event.traits]


def _without_replaced(placed: Placed, last: dict[_Setting, int]) -> Event:
    event = placed.event
    kept = {name: value for name, value in event.traits.items() if last[placed.sort, event.timestamp, name] == placed.place}
    if event.type == "identify":
        return replace(event, message={**event.message, "traits": kept})
    context = event.message.get("context") or {}
    return replace(event, message={**event.message, "context": {**context, "traits": kept}}) if event.traits else event
