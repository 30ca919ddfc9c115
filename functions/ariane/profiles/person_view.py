"""What conditions are asked of (``conditions.view``), from a profile and, for what its fragments do not know, from the log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ariane.conditions import trait_runs
from ariane.conditions.observing import Observer, Observing
from ariane.conditions.series import Consent, Needs, Observed, Run, Series, Settings
from ariane.identity.epochs import plain
from ariane.identity.rules import Identifier, Rules
from ariane.instants import to_millis
from ariane.profiles.admission import LogReader
from ariane.profiles.applying import happened_of
from ariane.profiles.homes import HomesOf
from ariane.profiles.model import Profile
from ariane.profiles.time_zones import DEFAULT_TIME_ZONE, time_zone_of
from ariane.profiles.timeline import Range, timeline

_PAGE = 500
_NO_LIMIT = 2**62

type ConsentsOf = Callable[[], Sequence[Consent]]
"""Asked once, when a condition asks for them."""


@dataclass(frozen=True, slots=True)
class PersonFacts:
    first_seen: int | None
    identified_at: int | None
    plain_identifier: str
    time_zone: str
    enrolled_at: int | None = None


def facts_of(profile: Profile, rules: Rules, *, time_zone: str = DEFAULT_TIME_ZONE, enrolled_at: int | None = None) -> PersonFacts:
    """``time_zone``: the brand's, of people whose own nothing tells."""
    identified_at = profile.identified_at(rules)
    return PersonFacts(
        first_seen=to_millis(profile.first_seen) if profile.first_seen else None,
        identified_at=to_millis(identified_at) if identified_at else None,
        plain_identifier=plain_identifier(profile),
        time_zone=time_zone_of(profile.traits, profile.values_of("phone"), default=time_zone),
        enrolled_at=enrolled_at,
    )


def plain_identifier(profile: Profile) -> str:
    """``namespace:value`` of the root as people know it; its id where nothing has named it."""
    text = profile.identifiers.get(profile.id)
    return str(plain(Identifier.parse(text))) if text else profile.id


class ProfileView:
    """As far as the fragments know: what was not recorded from the beginning on is not complete."""

    def __init__(
        self,
        profile: Profile,
        observing: Observing,
        *,
        rules: Rules,
        consents: ConsentsOf = tuple,
        time_zone: str = DEFAULT_TIME_ZONE,
        enrolled_at: int | None = None,
    ) -> None:
        self._profile = profile
        self._observing = observing
        self._consents = _Once(consents)
        self.facts = facts_of(profile, rules, time_zone=time_zone, enrolled_at=enrolled_at)

    def observed(self, series: Series) -> Observed:
        key = self._observing.key_of(series)
        asked = self._observing.by_key.get(key)
        epoch = asked.epoch if asked else None
        found = self._profile.observed.get(key, Observed()) if asked else Observed()
        if all(each.has_all_events(series.event, epoch) for each in self._profile.coverage):
            return found
        return replace(found, is_complete=False)

    def settings(self, trait: str) -> Settings:
        epoch = self._observing.traits.get(trait)
        found = self._profile.settings.get(trait, Settings()) if epoch is not None else Settings()
        if all(each.has_all_settings(trait, epoch) for each in self._profile.coverage):
            return found
        return replace(found, is_complete=False)

    def consents(self) -> Sequence[Consent]:
        return self._consents()


class LogView:
    """From the person's whole timeline, which the log keeps as long as the brand says. ``events`` were read for it."""

    def __init__(
        self,
        observer: Observer,
        observing: Observing,
        facts: PersonFacts,
        *,
        consents: ConsentsOf = tuple,
        events: int = 0,
    ) -> None:
        self._observing = observing
        self._observed = observer.observed
        self._settings = observer.settings
        self._consents = _Once(consents)
        self.facts = facts
        self.events = events

    def observed(self, series: Series) -> Observed:
        """Of a series that was not asked for when the log was read nothing is known."""
        key = self._observing.key_of(series)
        return self._observed.get(key, Observed(is_complete=key in self._observing.by_key))

    def settings(self, trait: str) -> Settings:
        return self._settings.get(trait, Settings(is_complete=trait in self._observing.traits))

    def consents(self) -> Sequence[Consent]:
        return self._consents()


class CompletedView:
    """What the fragments know, and of the rest what the log does: it goes back as far as the brand keeps it, and the fragments' sums
    further."""

    def __init__(self, kept: ProfileView, logged: LogView, profile: Profile) -> None:
        self._kept = kept
        self._logged = logged
        self._profile = profile
        self.facts = kept.facts

    def observed(self, series: Series) -> Observed:
        known = self._kept.observed(series)
        return known if known.is_complete else self._logged.observed(series)

    def settings(self, trait: str) -> Settings:
        """Of a trait that was said before the log begins its value is known, and nothing of when."""
        known = self._kept.settings(trait)
        if known.is_complete:
            return known
        told, value = self._logged.settings(trait), self._profile.traits.get(trait)
        if value is None or not told.is_complete or any(run.value == value for run in told.runs):
            return told
        long_ago = self.facts.first_seen or 0
        return trait_runs.plus(Settings((Run(long_ago, long_ago, value),)), told)

    def consents(self) -> Sequence[Consent]:
        return self._kept.consents()


def read_log_view(
    profile: Profile,
    needs: Needs,
    *,
    log: LogReader,
    homes: HomesOf,
    facts: PersonFacts,
    consents: ConsentsOf = tuple,
    precedence: Mapping[str, tuple[str, ...]] | None = None,
) -> LogView:
    """``profile`` is a whole reading (``ProfileReader.snapshot``): a brief one does not know of the logs of devices at rest. Page by page:
    memory grows with what belongs to the series, not with the log. May lag behind the latest writes."""
    if profile.at_rest is not None:
        raise AssertionError("the log is read for a whole profile only")
    observing = Observing.everything(needs, precedence)
    observer = Observer(observing, most_runs=_NO_LIMIT)
    count = 0
    cursor: str | None = None
    while True:
        page = timeline(log, profile, homes=homes, limit=_PAGE, cursor=cursor, within=Range(newest_first=False))
        for event in page.items:
            observer.add(happened_of(event))
        count, cursor = count + len(page.items), page.next
        if cursor is None:
            return LogView(observer, observing, facts, consents=consents, events=count)


class _Once:
    def __init__(self, consents: ConsentsOf) -> None:
        self._ask = consents
        self._found: Sequence[Consent] | None = None

    def __call__(self) -> Sequence[Consent]:
        if self._found is None:
            self._found = self._ask()
        return self._found
