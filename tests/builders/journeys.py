"""Journeys in memory: definitions from YAML text, facts as the bus brings them, a clock that stands still until it is moved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from ariane.adapters.memory.definitions import MemoryDocuments, MemoryVersions
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.journey_queue import MemoryJourneyQueue
from ariane.adapters.memory.send_queue import MemorySendQueue
from ariane.conditions.catalogue import Catalogue
from ariane.conditions.evaluate import holds
from ariane.conditions.model import Condition
from ariane.conditions.series import Consent, Observed, Run, Series, Settings
from ariane.definitions.bundle import Bundle, version_of
from ariane.definitions.publish import Publisher
from ariane.definitions.store import Definitions
from ariane.definitions.yaml_source import read_yaml, validate
from ariane.events.model import Event
from ariane.instants import format_instant
from ariane.journeys.compile import compile_journey
from ariane.journeys.definition import JourneyFile
from ariane.journeys.enrolment import Enrolment
from ariane.journeys.graph import Journey
from ariane.journeys.inbox import parse_incoming
from ariane.journeys.runner import Runner
from ariane.journeys.step import Entered, step
from ariane.journeys.tick import hand_over_due
from ariane.journeys.world import World
from ariane.profiles.homes import Home
from ariane.profiles.model import LogPart, Occurrences, Profile, Shape
from ariane.profiles.person_view import PersonFacts

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PORTS = ("runs", "profiles", "homes", "history", "journey_queue", "send_queue")

CART = """
name: cart
entry: {event: Product Added, key: cart_id}
reentry: {after: 1 day, at_most: 3}
exit: {event: Order Completed}
steps:
  - wait: 1 hour
  - send: {channel: email, template: reminder, topic: offers}
"""
CONFIRMATION = """
name: confirmation
entry: {event: Order Completed, key: order_id}
steps:
  - send: {channel: sms, template: confirmation, topic: orders}
"""


@cache
def journey_of(text: str) -> Journey:
    checked = validate(read_yaml("journey.yaml", text), JourneyFile)
    assert isinstance(checked, JourneyFile), checked
    return compile_journey(checked)


def fact(event: str = "Product Added", *, id: str = "m1", at: datetime = NOON, profile: str = "prs_a", **properties: Any) -> dict[str, Any]:  # noqa: A002
    return {
        "type": "track",
        "event": event,
        "messageId": id,
        "timestamp": format_instant(at),
        "receivedAt": format_instant(at),
        "source": "web",
        "kind": "browser",
        "profile": profile,
        "fragment": profile,
        "properties": properties,
        "awaited": False,
        "cause": f"{profile}/{format_instant(at)}#0/0",
    }


def profile(id: str = "prs_a", *others: str, traits: Mapping[str, Any] | None = None, **last: datetime) -> Profile:  # noqa: A002
    """``last`` names events with ``_`` for a blank: ``Order_Completed=NOON``."""
    occurrences = {name.replace("_", " "): Occurrences(1, at, at) for name, at in last.items()}
    identifiers = {person_id: f"user_id:{person_id}" for person_id in (id, *others)}
    logs = tuple(map(LogPart, identifiers))
    return Profile(id, identifiers, traits or {}, occurrences, None, None, 1, logs=logs, shape=Shape(id, 0, len(others)))


def enrolment(**fields: Any) -> Enrolment:
    defaults: dict[str, Any] = {
        "profile": "prs_a",
        "journey": "cart",
        "version": "v1",
        "key": "c1",
        "number": 0,
        "cause": "web/m1",
        "fact": fact(cart_id="c1"),
        "entered_at": NOON,
    }
    return Enrolment(**(defaults | fields))


def started(journey: Journey, *, now: datetime = NOON, **fields: Any) -> Enrolment:
    run, _ = step(journey, enrolment(journey=journey.name, **fields), Entered(Told()), now)
    return run


class Told:
    """A person of whom nothing is known but traits, which have been so for ever."""

    def __init__(self, traits: Mapping[str, Any] | None = None) -> None:
        self._traits = traits or {}
        self.facts = PersonFacts(None, None, "user_id:u1", "Europe/Paris")

    def holds(self, condition: Condition, now: int) -> bool:
        return holds(condition, self, Catalogue({}, {}), now)

    def observed(self, _series: Series) -> Observed:
        return Observed()

    def settings(self, trait: str) -> Settings:
        value = self._traits.get(trait)
        return Settings() if value is None else Settings((Run(0, 0, value),))

    def consents(self) -> Sequence[Consent]:
        return ()


class Homes:
    """Every event is where it was when it was announced, unless a test has moved it."""

    def __init__(self) -> None:
        self.moved: dict[str, str] = {}
        """Message id -> person id."""

    def home(self, fact: Mapping[str, Any]) -> str:
        return self.moved.get(fact["messageId"], str(fact["fragment"]))

    at_entry = home

    def of(self, events: Sequence[Event]) -> Sequence[Home]:
        return [Home(self.moved.get(event.message_id, event.person_id), None) for event in events]


class Profiles:
    def __init__(self) -> None:
        self._profiles: dict[str, Profile] = {}

    def put(self, *profiles: Profile) -> None:
        for each in profiles:
            self._profiles |= dict.fromkeys((each.id, *each.member_ids), each)

    def snapshot(self, person_id: str) -> Profile:
        return self._profiles.get(person_id) or profile(person_id)

    brief = snapshot

    def are_one(self, one: str, other: str) -> bool:
        return self.snapshot(one).id == self.snapshot(other).id


@dataclass
class Theatre:
    """Every port in memory, any of them replaceable by a proxy that fails."""

    runs: Any = field(default_factory=MemoryEnrolments)
    profiles: Any = field(default_factory=Profiles)
    homes: Any = field(default_factory=Homes)
    history: Any = field(default_factory=MemoryEventLog)
    journey_queue: Any = field(default_factory=MemoryJourneyQueue)
    send_queue: Any = field(default_factory=MemorySendQueue)
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    versions: MemoryVersions = field(default_factory=MemoryVersions)
    now: datetime = NOON
    wait_scale: float = 1
    woken: list[str] = field(default_factory=list)
    """Person ids that were to be read by themselves again."""
    awaken: Callable[[str], object] = lambda _: None

    @property
    def publisher(self) -> Publisher:
        return Publisher(documents=self.documents, pointers=self.documents, versions=self.versions, collect=MemoryDocuments())

    def publish(self, *texts: str) -> None:
        journeys = {each.name: _published(each) for each in map(journey_of, texts)}
        interest: dict[str, list[str]] = {"entry": [], "awaited": [], "forward": []}
        self.publisher.publish(Bundle({"interest": interest, "identity": {}, "messaging": {}, "collect": {}}, journeys))

    def runner(self, **replaced: Any) -> Runner:
        ports = {name: replaced.get(name, getattr(self, name)) for name in PORTS}
        definitions = Definitions(self.documents, self.versions, ttl=timedelta(0), clock=self.clock)
        return Runner(
            World(
                **ports,
                definitions=definitions,
                clock=self.clock,
                about=lambda who, _entered: Told(who.traits),
                awaken=self._awaken,
                wait_scale=self.wait_scale,
            )
        )

    def clock(self) -> datetime:
        return self.now

    def _awaken(self, person_id: str) -> None:
        self.woken.append(person_id)
        self.awaken(person_id)

    def enter(self, journey: str, of: Mapping[str, Any]) -> str:
        return self.deliver({"kind": "entry", "journey": journey, "fact": of})

    def awaited(self, of: Mapping[str, Any]) -> str:
        return self.deliver({"kind": "awaited", "fact": of})

    def merged(self, into: str) -> str:
        return self.deliver({"kind": "merged", "fact": {"into": into}})

    def parted(self, origin: str, *into: str, rehomed: Sequence[str] = ()) -> str:
        return self.deliver({"kind": "split", "fact": {"from": origin, "into": list(into), "rehomed": list(rehomed)}})

    def deliver(self, body: Mapping[str, Any], runner: Runner | None = None) -> str:
        return (runner or self.runner()).handle(parse_incoming(body))

    def outcome_of(self, number: int = -1) -> dict[str, Any]:
        """What the sender reports of the request."""
        request = self.send_queue.requests[number]
        where = {"profile": request.profile, "enrolment": request.enrolment, "node": request.node, "visit": request.visit}
        return {"kind": "outcome", **where, "status": "sent", "reason": None}

    def pass_time(self, span: timedelta, deliver: Callable[[Mapping[str, Any]], Any] | None = None) -> None:
        """The tick each minute, and every wake-up handed over at its time."""
        until = self.now + span
        while self.now < until:
            self.now = min(until, self.now + timedelta(minutes=1))
            hand_over_due(self.runs, self.journey_queue, clock=self.clock, horizon=timedelta(minutes=1))
            self.deliver_due(deliver)

    def deliver_due(self, deliver: Callable[[Mapping[str, Any]], Any] | None = None) -> None:
        ready = [each for each in self.journey_queue.messages if each.due is None or each.due <= self.now]
        self.journey_queue.messages = [each for each in self.journey_queue.messages if each not in ready]
        for each in ready:
            (deliver or self.deliver)(each.body)

    def all_runs(self) -> list[Enrolment]:
        return sorted(self.runs.runs(["prs_a", "prs_b", "prs_c"]), key=lambda run: (run.profile, run.sort))

    def only_run(self) -> Enrolment:
        (run,) = self.all_runs()
        return run


def _published(journey: Journey) -> dict[str, Any]:
    content = {"name": journey.name, "definition": journey.as_json(), "templates": {}}
    return {**content, "version": version_of(content)}


def merged_into(root: Profile, *others: str) -> Profile:
    identifiers = {**root.identifiers, **{each: f"user_id:{each}" for each in others}}
    return replace(root, identifiers=identifiers, shape=Shape(root.id, 0, len(identifiers) - 1))
