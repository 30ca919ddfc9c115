"""The sum of a person's devices at rest is what their fragments say, at every moment: what is read briefly is what is read whole."""

from collections.abc import Iterator

from ariane.profiles.model import Profile
from ariane.profiles.reader import ProfileReader
from tests.faults.capabilities import Capability

_SUMMED = ("id", "traits", "occurrences", "first_seen", "last_seen", "groups", "removed_traits")


class BriefReadings(Capability):
    def at_a_glance(self) -> Iterator[str]:
        stores = self.world.stores
        reader = ProfileReader(stores.identities, stores.fragments)
        for person in stores.identities.people():
            root = stores.identities.root_of(self.world.id_of(person[0]))
            yield from (f"read briefly: {problem}" for problem in unlike(reader.brief(root), reader.snapshot(root)))


def unlike(brief: Profile, whole: Profile) -> Iterator[str]:
    """What a brief reading of a person knows otherwise than the whole one."""
    for name in _SUMMED:
        if getattr(brief, name) != getattr(whole, name):
            yield f"the {name} of {whole.id} are {getattr(brief, name)}, not {getattr(whole, name)}"
    resting = brief.at_rest.devices if brief.at_rest else 0
    if not brief.identifiers.items() <= whole.identifiers.items() or len(brief.identifiers) + resting != len(whole.identifiers):
        yield f"{whole.id} has {len(brief.identifiers)} identifiers and {resting} devices at rest, not {len(whole.identifiers)} in all"
