"""A person's computed traits and life cycle at this instant, exact: from what is recorded beside the profile, or else from the log."""

from collections.abc import Mapping
from dataclasses import dataclass

from ariane.instants import Clock, to_millis
from ariane.profiles.asked_person import Asking
from ariane.profiles.model import Profile


@dataclass(frozen=True, slots=True)
class Computed:
    traits: Mapping[str, object]
    """As JSON has them, by name; without those that are missing."""
    lifecycle: str
    lifecycle_since: int | None
    """Milliseconds; None: as long as anything is known of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Computing:
    asking: Asking
    clock: Clock

    def of(self, profile: Profile) -> Computed:
        """Raises Retryable."""
        person, now = self.asking.about(profile), to_millis(self.clock())
        stage = person.lifecycle(now)
        since = stage.since(now)
        return Computed(person.computed(now), stage.at(now), since if since is not None else person.beside().facts.first_seen)
