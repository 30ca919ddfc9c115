"""One seeded run: a script of clients over a world with faults, then calm weather for more than a day, then the audit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from random import Random
from typing import Any

from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.privacy.consents import ConsentQuestion
from tests.faults.audit import Rest, at_announcement, problems_of_events
from tests.faults.audit_messages import at_claim, at_hand_over, at_handled, problems_of_messages, summary
from tests.faults.capabilities import Capability, capabilities
from tests.faults.clients import OPENING, Sending
from tests.faults.clients_identity import script_of
from tests.faults.clients_provoking import Provoked
from tests.faults.clients_sdk import Clients, Told
from tests.faults.operators import Operators
from tests.faults.scheduler import LostInTimeError
from tests.faults.simulator_profiles import PROFILES, Options
from tests.faults.world import Watch, World
from tests.faults.world_bounds import bounded
from tests.faults.world_stores import HandedOver

_AFTERMATH = timedelta(minutes=20)
"""How long the faults go on after the script's end."""
_GLANCES = 12
_REST = timedelta(hours=27)
"""More than a day: what the sweeps give up, they have given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a run is made of, down to the last draw. Written as it is shown, it is a test that stays."""

    seed: int
    profile: str = ""
    """Empty: the seed chooses."""
    schedule: int = 0
    """Another draw of who goes on and of the faults, over the same script."""
    skip: frozenset[int] = frozenset()
    """Numbers of actions that do not happen."""
    without: frozenset[str] = frozenset()
    """Kinds of faults that do not happen."""
    most_faults: int = 1_000_000

    def __str__(self) -> str:
        said = [f"seed={self.seed}"]
        for name in ("profile", "schedule", "most_faults"):
            value, usual = getattr(self, name), getattr(Case(seed=0), name)
            said += [] if value == usual else [f"{name}={value!r}"]
        said += [f"{name}=frozenset({sorted(getattr(self, name))})" for name in ("skip", "without") if getattr(self, name)]
        return f"Case({', '.join(said)})"

    @property
    def options(self) -> Options:
        names = sorted(PROFILES)
        chosen = PROFILES[self.profile or names[self.seed % len(names)]]
        weather = replace(chosen.weather, without=chosen.weather.without | self.without, most_faults=self.most_faults)
        return replace(chosen, weather=weather)

    def script(self) -> list[Sending]:
        script = script_of(Random(f"{self.seed}/script"), self.options.mix)
        return [sending for sending in script if sending.number not in self.skip]


@dataclass
class Report:
    case: Case
    problems: list[str]
    world: World
    told: list[Told] = field(default_factory=list)
    provoked: int = 0
    """Actions that the run itself provoked."""
    capabilities: Sequence[Capability] = ()

    @cached_property
    def faults(self) -> Counter[str]:
        found = Counter(line.rpartition(": ")[2] for line in self.world.faults.trace if " clock: " not in line)
        found.update(self.world.scheduler.ended)
        return found

    @property
    def kinds(self) -> frozenset[str]:
        """Which invariants were broken: what is before the colon."""
        return frozenset(problem.partition(":")[0] if ":" in problem[:14] else problem.partition(" ")[0] for problem in self.problems)

    @property
    def summary(self) -> Mapping[str, Any]:
        return summary(Rest(self.world, self.told))


def run(case: Case) -> Report:
    """The report names the profile even where the seed chose it: another profile more must not change what is kept."""
    weather = case.options.weather
    with bounded(assertions=weather.most_assertions, refolds=weather.most_refolded, tries=weather.most_tries, is_crowded=True):
        return _Run(replace(case, profile=case.options.name)).report()


class _Run:
    def __init__(self, case: Case) -> None:
        self._case = case
        self._options = case.options
        self._random = Random(f"{case.seed}/{case.schedule}/run")
        self._told: list[Told] = []
        watch = Watch(claimed=at_claim, handed_over=self._handed_over, announced=at_announcement, handled=at_handled)
        self._world = World(self._options.weather, self._random, begins=OPENING, watch=watch)
        weather = self._options.weather
        self._clients = Clients(
            self._world.scheduler,
            self._random,
            self._world.functions.collect,
            self._world.reception.keys,
            self._was_told,
            losses=weather.losses,
            eager=weather.eager,
        )
        self._provoked = Provoked(
            self._world.scheduler,
            self._random,
            self._options.provoking,
            case.skip,
            self._clients.begin,
            self._unsubscribe,
            self._user_of,
        )
        self._world.decides = self._provoked.decides
        self._operators = Operators(self._world, case.seed)
        self._capabilities = capabilities(self._world, case.seed)
        self._glances()
        self._unsubscribing: set[str] = set()

    def report(self) -> Report:
        world = self._world
        script = self._case.script()
        for sending in script:
            self._begin(sending)
        ends = OPENING + timedelta(minutes=self._options.mix.minutes) + _AFTERMATH
        try:
            world.scheduler.run(until=ends)
            if world.problems:  # what follows from what is broken already explains nothing
                return self._reported()
            world.calm()
            self._clients.is_calm = self._provoked.is_calm = True
            for span in (timedelta(0), timedelta(hours=1), _REST):
                redriven = sum(queue.redrive() for queue in world.queues) if span < _REST else 0
                world.scheduler.note("operators", "redrive", redriven)
                world.scheduler.run(until=ends + span)
        except LostInTimeError as lost:
            world.problem(f"rest: {lost}")
        else:
            self._audit()
        return self._reported()

    def _reported(self) -> Report:
        return Report(self._case, self._world.problems, self._world, self._told, self._provoked.count, self._capabilities)

    def _begin(self, sending: Sending) -> None:
        if sending.what == "publish":
            self._world.scheduler.at(sending.at, self._publish)
        elif not sending.source:
            able = next((each for each in self._capabilities if sending.what in each.actions), self._operators)
            self._world.scheduler.at(sending.at, lambda: able.act(sending))
        else:
            self._clients.begin(sending)

    def _publish(self) -> None:
        self._world.publish(is_later=True)
        for each in self._capabilities:
            each.published()

    def _audit(self) -> None:
        for number in sorted(self._clients.waiting):
            self._world.problem(f"inv 2: the request {number} was never answered")
        for token in sorted(self._unsubscribing):
            self._world.problem(f"inv 5: an unsubscribe link never answered: {token[:20]}")
        for said in self._operators.waiting:
            self._world.problem(f"an operator was never answered: {said}")
        rest = Rest(self._world, self._told)
        own = (problem for each in self._capabilities for problem in each.at_rest(rest))
        for problem in (*problems_of_events(rest), *problems_of_messages(rest), *own):
            self._world.problem(problem)

    def _glances(self) -> None:
        random = Random(f"{self._case.seed}/{self._case.schedule}/glances")
        for _ in range(_GLANCES):
            after = timedelta(seconds=random.uniform(0, self._options.mix.minutes * 60 + _AFTERMATH.total_seconds()))
            self._world.scheduler.look(OPENING + after, self._glance)

    def _glance(self) -> None:
        for problem in (problem for each in self._capabilities for problem in each.at_a_glance()):
            self._world.problem(problem)

    def _was_told(self, told: Told) -> None:
        """At the very moment of the answer, everything that it accepts is safe."""
        self._told.append(told)
        for message in told.accepted():
            tag = str((message.get("properties") or {}).get("tag") or message.get("messageId"))
            if (told.sending.source, tag) not in self._world.logged:
                self._world.problem(f"inv 1: {tag} of {told.sending.source} was accepted before it was safe")

    def _handed_over(self, world: World, handed: HandedOver) -> None:
        at_hand_over(world, handed)
        url = getattr(handed.message, "unsubscribe_url", None)
        if url and self._random.random() < self._options.unsubscribing:
            self._unsubscribe(url.rpartition("/u/")[2], self._random.choice((0.0, 0.5, 20.0, 400.0)))

    def _user_of(self, question: ConsentQuestion) -> str | None:
        for number in range(1, self._options.mix.people + 1):
            if person_id(Identifier("user_id", f"u{number}"), self._world.person_key()) in question.person_ids:
                return f"u{number}"
        return None

    def _unsubscribe(self, token: str, later: float = 0.0) -> None:
        self._unsubscribing.add(token)
        self._click(token, later)

    def _click(self, token: str, later: float) -> None:
        functions = self._world.functions
        self._world.scheduler.after(later, lambda: functions.unsubscribe(token, lambda status: self._clicked(token, status)))

    def _clicked(self, token: str, status: int | None) -> None:
        if status == 200:
            self._unsubscribing.discard(token)
        else:
            self._click(token, 5.0)
