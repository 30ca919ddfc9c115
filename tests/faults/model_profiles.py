"""Whether a profile is the fold of what the log has of its people."""

from collections.abc import Iterator, Mapping

from ariane.identity.rules import Identifier
from ariane.profiles.model import Profile
from tests.faults.model import Known
from tests.faults.model_people import Group, People, shown_as, sum_of


def differences(people: People, group: Group, profile: Profile, known: Mapping[str, Known]) -> Iterator[str]:
    """Each event applied exactly once, and to the right person. ``known`` is by home."""
    names = sorted(map(str, group))
    shown = {shown_as(Identifier.parse(each)) for each in profile.identifiers.values()}
    if shown and shown != {shown_as(each) for each in group}:
        yield f"inv 3: the profile of {names} shows {sorted(shown)}"
    expected = sum_of(known, people.ids_of(group))
    counts = {name: seen.count for name, seen in profile.occurrences.items()}
    if counts != dict(expected.counts):
        yield f"inv 1: the profile of {names} counts {counts}, by the log {dict(expected.counts)}"
    if dict(sorted(profile.traits.items())) != expected.shown():
        yield f"inv 1: the profile of {names} has the traits {dict(profile.traits)}, by the log {expected.shown()}"
    seen = [None if each is None else round(each.timestamp() * 1000) for each in (profile.first_seen, profile.last_seen)]
    if seen != [expected.first, expected.last]:
        yield f"inv 1: {names} was first and last seen otherwise than the log says"
