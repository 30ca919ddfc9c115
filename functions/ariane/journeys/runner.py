"""Runs journeys: every message of the journey queue comes here. State is committed first, then asked for; the due row repairs a crash."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from ariane.definitions.store import JourneyState
from ariane.errors import Conflict, NotFound, Permanent, Retryable
from ariane.instants import parse_instant
from ariane.journeys.admission import Admission, Refusal, admit, cause_of, key_in, properties_of, refusal_of_event
from ariane.journeys.definition import Exit
from ariane.journeys.enrolment import UNMERGED, Enrolment, Status, run_prefix
from ariane.journeys.exits import ExitSearch, ends
from ariane.journeys.graph import Journey, read_journey
from ariane.journeys.inbox import AwaitedHappened, EntryHappened, Incoming, MessageOutcome, ProfilesMerged, ProfileSplit, WokenUp
from ariane.journeys.step import (
    HAND_OVER,
    PATIENCE,
    Due,
    Effect,
    Ended,
    Entered,
    Input,
    MessageDecided,
    Person,
    WakeUp,
    effects_of,
    ended,
    step,
)
from ariane.journeys.unmerging import fragment_of, is_stray
from ariane.journeys.world import World
from ariane.profiles.model import Profile

_TRIES = 4
_EXITED = Ended(Status.EXITED, "exit_event")
_MERGED = Ended(Status.MERGED, "merged")
_UNMERGED = Ended(Status.EXITED, UNMERGED)


class Runner:
    """Safe to give the same message twice, in any order, beside other runners. Raises Retryable when the queue should bring it again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._exits = ExitSearch(world.history, world.homes.of, world.profiles.snapshot)
        self._compiled: dict[tuple[str, str], Journey] = {}

    def handle(self, message: Incoming) -> str:
        """What became of it, in one word for the log."""
        match message:
            case EntryHappened():
                return self._again_on_conflict(lambda: self._enter(message.journey, message.fact))
            case AwaitedHappened():
                return self._exit_runs(message.fact)
            case ProfilesMerged():
                return self._merge_runs(self._world.profiles.brief(message.into))
            case ProfileSplit():
                return self._part_runs(message.people)
            case WokenUp():
                return self._wake(message)
            case MessageOutcome():
                return self._move_on(message)

    def _enter(self, name: str, fact: Mapping[str, Any]) -> str:
        now = self._world.clock()
        live = self._world.definitions.live(name)
        if live is None or live.state is not JourneyState.LIVE:
            return Refusal.NOT_LIVE
        journey = self._journey(name, live.version)
        refusal = refusal_of_event(journey, fact, now)
        return refusal or self._admit(journey, live.version, fact, now)

    def _admit(self, journey: Journey, version: str, fact: Mapping[str, Any], now: datetime) -> str:
        profile = self._world.profiles.brief(self._world.homes.at_entry(fact))
        key = key_in(properties_of(fact), journey.entry.key)
        runs = self._world.runs.runs({*_ids(profile), fact["profile"]}, run_prefix(journey.name, key))
        entered = parse_instant(fact["timestamp"])
        admission = admit(journey, fact, profile, person=self._world.about(profile, entered), runs=runs, now=now)
        if isinstance(admission, Refusal):
            return admission
        if admission.standing is not None:
            return self._stands_already(admission.standing, runs, profile, now)
        if self._has_left(journey.exit, profile, key=key, entered=entered, now=now):
            return Refusal.EXITED
        return self._start(journey, _new_run(journey.name, version, key, admission, profile, fact, now), profile, now)

    def _start(self, journey: Journey, run: Enrolment, profile: Profile, now: datetime) -> str:
        run, effects = step(journey, run, Entered(self._world.about(profile, run.entry_time)), now)
        self._world.runs.create(run)
        self._carry_out(effects if self._still_stands(journey, run, profile, now) else (), now)
        return "entered"

    def _stands_already(self, run: Enrolment, runs: Sequence[Enrolment], profile: Profile, now: datetime) -> str:
        """Whoever started it may have died before it looked for another that a merge had brought, or for its person's being at rest."""
        self._have_read(run, profile)
        if sum(each.is_running for each in runs) > 1:
            self._merge_runs(profile)
            run = self._world.runs.get(run.profile, run.sort) or run
        return self._ask_again(run, now)

    def _still_stands(self, journey: Journey, run: Enrolment, before: Profile, now: datetime) -> bool:
        """An exit, a merge or a split that was handled between our look at the profile and the commit found no run: look again."""
        home = self._world.homes.at_entry(run.fact)
        profile = self._world.profiles.brief(run.profile)
        self._have_read(run, profile)
        if is_stray(home, profile, self._world.profiles.are_one):
            self._apply(run, _UNMERGED, now)
            return False
        if self._has_left(journey.exit, profile, key=run.key, entered=run.entry_time, now=now):
            self._apply(run, _EXITED, now)
            return False
        if profile.shape == before.shape:
            return True
        self._merge_runs(profile)
        current = self._world.runs.get(run.profile, run.sort)
        return current is not None and current.is_running

    def _have_read(self, run: Enrolment, holder: Profile) -> None:
        """A run that began under an id while it was absorbed, and put to rest as one that holds nothing, would be found by nobody."""
        if run.profile != holder.id:
            self._world.awaken(run.profile)

    def _exit_runs(self, fact: Mapping[str, Any]) -> str:
        now = self._world.clock()
        fragment = fragment_of(fact)
        leaving = [run for run in self._running(self._world.profiles.brief(fragment), fragment) if self._is_ended_by(run, fact, now)]
        for run in leaving:
            self._apply(run, _EXITED, now)
        return f"exited {len(leaving)}"

    def _is_ended_by(self, run: Enrolment, fact: Mapping[str, Any], now: datetime) -> bool:
        leaving = self._exit_of(run)
        return leaving is not None and ends(leaving, fact, key=run.key, entered=run.entry_time, now=now)

    def _merge_runs(self, profile: Profile) -> str:
        """Of the runs of one journey and key that met, the earliest goes on; and an exit that was the other profile's ends it too."""
        now = self._world.clock()
        merged = 0
        for _, group in groupby(sorted(self._running(profile), key=lambda run: run.seniority), key=lambda run: (run.journey, run.key)):
            merged += self._join_runs(self._without_strays([*group], profile, now), profile, now)
        return f"merged {merged}"

    def _join_runs(self, runs: Sequence[Enrolment], profile: Profile, now: datetime) -> int:
        for run in runs[1:]:
            self._apply(run, _MERGED, now)
        for run in runs[:1]:
            if self._has_left(self._exit_of(run), profile, key=run.key, entered=run.entry_time, now=now):
                self._apply(run, _EXITED, now)
        return len(runs[1:])

    def _without_strays(self, runs: Sequence[Enrolment], profile: Profile, now: datetime) -> Sequence[Enrolment]:
        """A run that an un-merge left with the wrong person must not end one of theirs, whichever fact is handled first."""
        strays = [run for run in runs if len(runs) > 1 and self._is_stray(run, profile)]
        for run in strays:
            self._apply(run, _UNMERGED, now)
        return [run for run in runs if run not in strays]

    def _part_runs(self, people: Sequence[str]) -> str:
        """Of all runs of the old person and of the parts, those end whose entry event is not of the identity that holds them."""
        now = self._world.clock()
        profiles = {profile.id: profile for profile in map(self._world.profiles.brief, people)}
        held = {id_: profile for profile in profiles.values() for id_ in _ids(profile)}
        running = [run for run in self._world.runs.runs({*held, *people}) if run.is_running]
        strays = [run for run in running if self._is_stray(run, held.get(run.profile) or self._world.profiles.brief(run.profile))]
        for run in strays:
            self._apply(run, _UNMERGED, now)
        return f"unmerged {len(strays)}"

    def _is_stray(self, run: Enrolment, holder: Profile) -> bool:
        """``holder`` may be of before the run began, or before a merge: what it says of a stray is asked again, last."""
        home = self._world.homes.home(run.fact)
        are_one = self._world.profiles.are_one
        return is_stray(home, holder, are_one) and is_stray(home, self._world.profiles.brief(run.profile), are_one)

    def _wake(self, message: WokenUp) -> str:
        now = self._world.clock()
        run = self._world.runs.get(message.profile, message.enrolment)
        if run is None or not run.is_running or run.lock != message.lock or run.due is None:
            return "stale"
        if now < run.due:
            return self._too_early(run, run.due, now)
        try:
            return self._advance(run, lambda person: Due(message.lock, person), now)
        except (NotFound, Permanent) as error:
            if now - run.due < PATIENCE:
                raise
            # No retry mends it, and what people do not mend in a day would be woken every minute for ever.
            return self._apply(run, Ended(Status.EXITED, error.code), now).status

    def _too_early(self, run: Enrolment, due: datetime, now: datetime) -> str:
        """Queues and clocks round; what is further off than a hand-over is the tick's."""
        if due - now <= HAND_OVER:
            self._world.journey_queue.wake([WakeUp(run.profile, run.sort, run.lock, due)], now)
        return "early"

    def _move_on(self, message: MessageOutcome) -> str:
        now = self._world.clock()
        run = self._world.runs.get(message.profile, message.enrolment)
        if run is None or not run.is_running or run.visit < message.visit:
            return "stale"
        if run.visit > message.visit:
            return self._ask_again(run, now)
        return self._advance(run, lambda person: MessageDecided(message.node, message.visit, person), now)

    def _advance(self, run: Enrolment, given: Callable[[Person], Input], now: datetime) -> str:
        profile = self._world.profiles.brief(run.profile)
        if run.profile not in _ids(profile):
            self._have_read(run, profile)
        journey = self._journey(run.journey, run.version)
        has_left = self._has_left(journey.exit, profile, key=run.key, entered=run.entry_time, now=now)
        return self._apply(run, _EXITED if has_left else given(self._world.about(profile, run.entry_time)), now).status

    def _ask_again(self, run: Enrolment, now: datetime) -> str:
        """The message was handled before, but whoever did may have died between the commit and the asking."""
        self._carry_out(effects_of(self._journey(run.journey, run.version), run, now), now)
        return "repeated"

    def _apply(self, run: Enrolment, given: Input, now: datetime) -> Enrolment:
        for _ in range(_TRIES):
            after, effects = self._stepped(run, given, now)
            if after is run:
                return run
            try:
                self._world.runs.save(after)
            except Conflict:
                run = self._world.runs.get(run.profile, run.sort) or run
                if not _is_where(run, after):
                    continue
            self._carry_out(effects, now)
            return after
        raise Retryable("enrolment_busy", "the enrolment kept changing")

    def _stepped(self, run: Enrolment, given: Input, now: datetime) -> tuple[Enrolment, tuple[Effect, ...]]:
        if isinstance(given, Ended):
            return ended(run, given), ()
        return step(self._journey(run.journey, run.version), run, given, now)

    def _carry_out(self, effects: Iterable[Effect], now: datetime) -> None:
        for effect in effects:
            if isinstance(effect, WakeUp):
                self._world.journey_queue.wake([effect], now)
            else:
                self._world.send_queue.ask(effect)

    def _running(self, profile: Profile, *others: str) -> Sequence[Enrolment]:
        return [run for run in self._world.runs.runs({*_ids(profile), *others}) if run.is_running]

    def _exit_of(self, run: Enrolment) -> Exit | None:
        """None too where its version cannot be read: such a run must not keep the profile's others from ending."""
        try:
            return self._journey(run.journey, run.version).exit
        except (NotFound, Permanent):
            return None

    def _has_left(self, leaving: Exit | None, profile: Profile, *, key: str, entered: datetime, now: datetime) -> bool:
        return self._exits.has_left(leaving, profile, key=key, entered=entered, now=now)

    def _journey(self, name: str, version: str) -> Journey:
        known = self._compiled.get((name, version))
        if known is None:
            known = read_journey(self._world.definitions.journey(name, version)["definition"]).with_waits_scaled(self._world.wait_scale)
            self._compiled[(name, version)] = known
        return known

    @staticmethod
    def _again_on_conflict(attempt: Callable[[], str]) -> str:
        for _ in range(_TRIES):
            try:
                return attempt()
            except Conflict:
                continue
        raise Retryable("enrolment_busy", "the profile's enrolments kept changing")


def _ids(profile: Profile) -> set[str]:
    return {profile.id, *profile.holder_ids}


def _is_where(run: Enrolment, after: Enrolment) -> bool:
    """The write that stood in the way was our own, which the client repeated after its answer was lost; or another's, to the same end."""
    return (run.lock, run.status, run.node, run.visit) == (after.lock, after.status, after.node, after.visit)


def _new_run(
    journey: str, version: str, key: str, admission: Admission, profile: Profile, fact: Mapping[str, Any], now: datetime
) -> Enrolment:
    return Enrolment(
        profile=profile.id,
        journey=journey,
        version=version,
        key=key,
        number=admission.number,
        cause=cause_of(fact),
        fact=fact,
        entered_at=now,
    )
