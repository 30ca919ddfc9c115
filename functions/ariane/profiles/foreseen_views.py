"""The answer to a dry run of an un-merge, as a JSON document."""

from collections.abc import Collection
from typing import Any

from ariane.identity.rules import Identifier
from ariane.instants import format_instant
from ariane.profiles.unmerge_preview import Foreseen, SharedEvent
from ariane.profiles.views import identifier_view


def foreseen_view(found: Foreseen) -> dict[str, Any]:
    """``would_part``: what was asked; ``would_be``: what comes of it, null where it is too much to be worked out at once."""
    split = found.plan.split
    parts = {"identifiers": _listed(split.right), "others": _listed(split.left)}
    return {"would_part": parts, "would_be": None if found.plan.people is None else _would_be(found, found.plan.people)}


def _would_be(found: Foreseen, people: Collection[Collection[Identifier]]) -> dict[str, Any]:
    """``person`` is a place among ``profiles``, from 0; null: nobody's of them."""
    profiles = [{"identifiers": _listed(each), "shared_events": found.shared_of.get(place, 0)} for place, each in enumerate(people)]
    count = {"count": found.shared_count, "counted_all": found.is_counted}
    return {
        "profiles": profiles,
        "shared_events": {**count, "first": [_event_view(each) for each in found.shared]},
        "ending": [{"journey": run.journey, "key": run.key, "reason": "unmerged"} for run in found.ending],
    }


def _event_view(shared: SharedEvent) -> dict[str, Any]:
    event = shared.event
    return {
        "messageId": event.message_id,
        "type": event.type,
        "event": event.name,
        "timestamp": format_instant(event.timestamp),
        "source": event.source,
        "identifier": identifier_view(shared.home) if shared.home is not None else None,
        "person": shared.person,
    }


def _listed(identifiers: Collection[Identifier]) -> list[dict[str, Any]]:
    return [identifier_view(each) for each in sorted(identifiers)]
