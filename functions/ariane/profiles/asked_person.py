"""Asking conditions of a person: first of what is kept beside the profile, and of the log what that does not know."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from ariane.conditions.catalogue import needs
from ariane.conditions.computed import LIFECYCLE, ComputedTrait
from ariane.conditions.computed_steps import Value, computed_steps, lifecycle_steps
from ariane.conditions.evaluate import as_json, steps
from ariane.conditions.model import Condition
from ariane.conditions.series import Consent, Needs
from ariane.conditions.steps import Steps
from ariane.conditions.view import View
from ariane.definitions.customer_view import CustomerView
from ariane.identity.rules import Rules
from ariane.instants import to_millis
from ariane.privacy.consents import ConsentState
from ariane.profiles.admission import LogReader
from ariane.profiles.homes import HomesOf
from ariane.profiles.model import Profile
from ariane.profiles.person_consents import consents_of
from ariane.profiles.person_view import CompletedView, LogView, ProfileView, read_log_view
from ariane.profiles.time_zones import DEFAULT_TIME_ZONE

type ConsentsOf = Callable[[Collection[str]], Iterable[ConsentState]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What it takes to ask about anybody."""

    view: Callable[[], CustomerView]
    rules: Callable[[], Rules]
    log: LogReader
    homes: HomesOf
    whole: Callable[[str], Profile]
    """``ProfileReader.snapshot``."""
    consents: ConsentsOf
    """What stands under any of these person ids."""
    time_zone: Callable[[], str] = lambda: DEFAULT_TIME_ZONE
    """The brand's, for people whose own nothing tells."""

    def about(self, profile: Profile, enrolled_at: datetime | None = None) -> "AskedPerson":
        """``enrolled_at``: of the run that asks."""
        return AskedPerson(self, profile, self.view(), to_millis(enrolled_at) if enrolled_at else None)


@dataclass(slots=True)
class AskedPerson:
    """All answers are of one reading of the profile, and of at most one of the log. Raises Retryable."""

    asking: Asking
    profile: Profile
    definitions: CustomerView
    enrolled_at: int | None = None
    _kept: ProfileView | None = field(default=None, init=False)
    _logged: LogView | None = field(default=None, init=False)
    _decided: Sequence[Consent] | None = field(default=None, init=False)
    _read: Needs = field(default_factory=Needs, init=False)
    """What the log was read for."""

    def holds(self, condition: Condition, now: int) -> bool:
        return self.steps(condition, now).at(now)

    def steps(self, condition: Condition, now: int) -> Steps[bool]:
        """Known at ``now``."""
        return self._answered(lambda view: steps(condition, view, self.definitions.catalogue, now=now), [condition], now)

    def logged(self, condition: Condition, now: int) -> Steps[bool]:
        """As ``steps``, from the log whatever is known without it: since when, too."""
        return steps(condition, self._from_log([condition]), self.definitions.catalogue, now=now)

    @property
    def decided_at(self) -> int | None:
        """When the person last decided about consents."""
        return max((each.millis for each in self.beside().consents()), default=None)

    def lifecycle(self, now: int) -> Steps[str]:
        return self._answered(lifecycle_steps, (), now)

    def computed(self, now: int) -> Mapping[str, object]:
        """Every computed trait that is not missing, as JSON has it; without ``lifecycle``."""
        traits = self.definitions.catalogue.computed
        values = {name: self._answered(partial(_computed, traits[name], now), (), now).at(now) for name in sorted(traits)}
        return {name: as_json(value) for name, value in values.items() if value is not None}

    def _answered[T](self, ask: Callable[[View], Steps[T]], conditions: Sequence[Condition], now: int) -> Steps[T]:
        found = ask(self.beside())
        if found.known_since <= now:
            return found
        logged = self._from_log(conditions)
        found = ask(CompletedView(self.beside(), logged, self.profile))
        return found if found.known_since <= now else ask(logged)

    def beside(self) -> ProfileView:
        """What is known without the log."""
        if self._kept is None:
            self._kept = ProfileView(
                self.profile,
                self.definitions.observing,
                rules=self.asking.rules(),
                consents=self._consents,
                time_zone=self.asking.time_zone(),
                enrolled_at=self.enrolled_at,
            )
        return self._kept

    def _from_log(self, conditions: Sequence[Condition]) -> LogView:
        """For everything that is published at once: who is asked one thing is asked the others, too."""
        catalogue = self.definitions.catalogue
        asked = needs(conditions, catalogue)
        if self._logged is None or not self._read.covers(asked):
            published = needs(catalogue.segments.values(), catalogue, traits=[*catalogue.computed, LIFECYCLE])
            self._read = self._read.plus(published).plus(asked)
            self._logged = self._read_log(self._read)
        return self._logged

    def _read_log(self, asked: Needs) -> LogView:
        return read_log_view(
            self.asking.whole(self.profile.id) if self.profile.at_rest else self.profile,
            asked,
            log=self.asking.log,
            homes=self.asking.homes,
            facts=self.beside().facts,
            consents=self._consents,
            precedence=self.definitions.observing.precedence,
        )

    def _consents(self) -> Sequence[Consent]:
        if self._decided is None:
            self._decided = consents_of(self.profile, self.asking.consents(self.profile.holder_ids))
        return self._decided


def _computed(trait: ComputedTrait, now: int, view: View) -> Steps[Value]:
    return computed_steps(trait, view, now=now)
