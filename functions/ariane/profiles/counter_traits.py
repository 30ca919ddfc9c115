"""Computed traits as far as what is recorded beside the profile tells: nobody at a till waits until a log has been read."""

from collections.abc import Mapping
from dataclasses import dataclass

from ariane.conditions.computed_steps import computed_steps, lifecycle_steps
from ariane.conditions.evaluate import BeyondMemory, as_json, at
from ariane.instants import to_millis
from ariane.profiles.computing import Computing
from ariane.profiles.model import Profile
from ariane.profiles.person_view import ProfileView

WANTED = ("order_count", "lifetime_value", "favourite_size", "favourite_category", "open_basket")


@dataclass(frozen=True, slots=True)
class AtHand:
    traits: Mapping[str, object]
    unknown: frozenset[str]
    """Those that only the log tells."""
    lifecycle: str | None


def at_hand(computing: Computing, profile: Profile) -> AtHand:
    person, now = computing.asking.about(profile), to_millis(computing.clock())
    view = person.beside()
    traits: dict[str, object] = {}
    unknown: set[str] = set()
    for name in WANTED:
        trait = person.definitions.catalogue.computed.get(name)
        try:
            value = at(computed_steps(trait, view, now=now), now) if trait else None
        except BeyondMemory:
            unknown.add(name)
        else:
            traits |= {} if value is None else {name: as_json(value)}
    return AtHand(traits, frozenset(unknown), _lifecycle(view, now))


def _lifecycle(view: ProfileView, now: int) -> str | None:
    try:
        return at(lifecycle_steps(view), now)
    except BeyondMemory:
        return None
