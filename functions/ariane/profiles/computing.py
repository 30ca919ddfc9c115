"""A person's computed traits and life cycle at this instant, exact: from what is recorded beside the profile, or else from the log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.computed import LIFECYCLE
from ariane.conditions.computed_steps import lifecycle_steps
from ariane.conditions.evaluate import BeyondMemory, computed_values
from ariane.conditions.view import View
from ariane.definitions.customer_view import CustomerView
from ariane.identity.rules import Rules
from ariane.instants import Clock, to_millis
from ariane.profiles.admission import LogReader
from ariane.profiles.homes import HomesOf
from ariane.profiles.model import Profile
from ariane.profiles.person_view import ProfileView, facts_of, read_log_view
from ariane.profiles.time_zones import DEFAULT_TIME_ZONE


@dataclass(frozen=True, slots=True)
class Computed:
    traits: Mapping[str, object]
    """As JSON has them, by name; without those that are missing."""
    lifecycle: str
    lifecycle_since: int | None
    """Milliseconds; None: as long as anything is known of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Computing:
    view: Callable[[], CustomerView]
    rules: Callable[[], Rules]
    log: LogReader
    homes: HomesOf
    whole: Callable[[str], Profile]
    """A person's whole profile by person id: a brief one does not know all of its logs."""
    clock: Clock
    time_zone: Callable[[], str] = lambda: DEFAULT_TIME_ZONE

    def of(self, profile: Profile) -> Computed:
        """Raises Retryable."""
        view, now = self.view(), to_millis(self.clock())
        rules, zone = self.rules(), self.time_zone()
        try:
            return _computed(ProfileView(profile, view.observing, rules=rules, time_zone=zone), view.catalogue, now)
        except BeyondMemory:
            whole = self.whole(profile.id) if profile.at_rest is not None else profile
        asked = needs((), view.catalogue, traits=(*view.catalogue.computed, LIFECYCLE))
        facts = facts_of(whole, rules, time_zone=zone)
        precedence = view.observing.precedence
        return _computed(
            read_log_view(whole, asked, log=self.log, homes=self.homes, facts=facts, precedence=precedence), view.catalogue, now
        )


def _computed(view: View, catalogue: Catalogue, now: int) -> Computed:
    """Raises BeyondMemory."""
    values = dict(computed_values(view, catalogue, now))
    stage = str(values.pop(LIFECYCLE))
    since = lifecycle_steps(view).since(now)
    return Computed(values, stage, since if since is not None else view.facts.first_seen)
