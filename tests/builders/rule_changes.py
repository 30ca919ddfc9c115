"""Histories of events, rules that change, and replays over ports in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.adapters.memory.identity_scan import MemoryIdentityScan
from ariane.adapters.memory.log_scan import MemoryLogScan
from ariane.adapters.memory.originals import MemoryOriginals
from ariane.adapters.memory.replay_states import MemoryReplayStates
from ariane.events.model import Event, LogItem, Message, SourceKind
from ariane.identity.background import resolve_cluster
from ariane.identity.epochs import is_later
from ariane.identity.identifiers import identifiers_of
from ariane.identity.ids import person_id
from ariane.identity.linking import Linker, is_asserting
from ariane.identity.model import Transition
from ariane.identity.reference import Resolution, resolve
from ariane.identity.resolving import owners_of
from ariane.identity.rule_change import rewritten
from ariane.identity.rule_evidence import Side, Stored, said
from ariane.identity.rule_ports import Course, ReplayPorts
from ariane.identity.rule_replay import Outcome, RuleReplay, events_in
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb
from tests.builders.profiles import KEY, NOON, identify

KINDS: Mapping[str, SourceKind] = {"site": SourceKind.BROWSER, "backend": SourceKind.SERVER, "till": SourceKind.STORE}


def a_document(random: Random) -> dict[str, Any]:
    """Rules drawn small and tight, so that another drawing differs everywhere."""
    pick = random.choice
    namespaces: dict[str, Any] = {
        "user_id": {"priority": pick([1, 1, 6]), "unique": pick([True, True, False])},
        "email": {
            "priority": 2,
            "limit": pick([1, 2, 5, {"count": 1, "within": "5 minutes"}]),
            "normalise": pick(["email", "trim", "lower"]),
        },
        "card": {"priority": pick([3, 4]), "limit": pick([1, 3]), "normalise": pick(["trim", "lower"])},
        "device_id": {"priority": 8, "limit": pick(["none", 2]), "device": pick([True, True, False])},
        "anonymous_id": {"priority": 9, "limit": "none", "device": True},
    }
    for optional in ("card", "device_id"):
        if random.random() < 0.15:
            del namespaces[optional]
    if random.random() < 0.3:
        namespaces["member"] = {"priority": 5, "limit": 2}
    protectable = [name for name in ("email", "card") if name in namespaces]
    return {
        "namespaces": namespaces,
        "blocked": {"values": pick([[], ["e1@x.fr"], ["K1", "u1"]])},
        "component_limit": pick([4, 6, 50]),
        "spread": pick([1, 2, 20]),
        "protect": pick([[], [], protectable]),
    }


def a_message(random: Random, number: int) -> tuple[Message, str]:
    """And its source. Spellings differ in case."""
    fields: dict[str, Any] = {"traits": {}, "context": {}}
    if random.random() < 0.5:
        fields["userId"] = random.choice(["u1", "u2", "u3"])
    if random.random() < 0.5:
        fields["traits"]["email"] = random.choice(["e1@x.fr", "E1@x.fr", "e2@x.fr", "e3@x.fr"])
    if random.random() < 0.35:
        fields["traits"]["card"] = random.choice(["k1", "K1", "k2"])
    if random.random() < 0.2:
        fields["traits"]["member"] = random.choice(["m1", "m2"])
    if random.random() < 0.4:
        fields["context"]["device"] = {"id": random.choice(["d1", "d2"])}
    if random.random() < 0.4 or not (fields.get("userId") or fields["traits"]):
        fields["anonymousId"] = random.choice(["a1", "a2", "a3"])
    message = identify(message_id=f"m{number}", minute=random.randint(0, 20), **{name: value for name, value in fields.items() if value})
    return message, random.choice(["site", "site", "backend", "till"])


@dataclass
class Consequences:
    """Remembers what it was told."""

    announced: list[Transition] = field(default_factory=list)
    refolded: list[str] = field(default_factory=list)

    def announce(self, transitions: Sequence[Transition]) -> None:
        self.announced += transitions

    def refold(self, partition: str, rules: Rules) -> None:
        self.refolded.append(partition)


class Unhurried:
    def at(self, phase: str, done: int, total: int | None) -> None:
        pass


@dataclass
class RuleWorld:
    """A log, and identities stitched from it under the rules of the time."""

    document: Mapping[str, Any]
    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    identities: Any = field(default_factory=MemoryIdentities)
    states: Any = field(default_factory=MemoryReplayStates)
    originals: Any = field(default_factory=MemoryOriginals)
    consequences: Consequences = field(default_factory=Consequences)
    waiting: set[str] = field(default_factory=set)

    @property
    def rules(self) -> Rules:
        return Rules.from_document(self.document)

    def log_item(self, message: Message, source: str) -> LogItem | None:
        """None: it names nobody."""
        names = identifiers_of(message, self.rules, kind=KINDS[source])
        if not names:
            return None
        sort = f"{message['timestamp']}#{message['messageId']:0>16}"
        made = LogItem(person_id(names[0], KEY), sort, source, KINDS[source], NOON + timedelta(hours=1), (message,))
        return made if self.log.append(made) else None

    def happen(self, message: Message, source: str) -> None:
        made = self.log_item(message, source)
        if made is not None:
            self.stitch(made)

    def stitch(self, made: LogItem) -> None:
        side = Side(rules=self.rules)
        linker = Linker(self.identities, KEY)
        for event in events_of_item(made):
            names = side.names(event)
            if names and is_asserting(names, self.rules, is_trusted=event.is_trusted):
                transition = linker.link(event, names, rules=self.rules, cause=f"{made.person_id}/{made.sort}/0")
                if transition.quarantined:
                    resolve_cluster(self.identities, KEY, transition.quarantined, self.rules, at=NOON)

    def replay(
        self,
        *,
        wrap: Callable[[str, Any], Any] = lambda _, port: port,
        course: Course | None = None,
        holder: str = "lea",
        clock: Callable[[], datetime] = lambda: NOON,
        is_taking_over: bool = False,
    ) -> RuleReplay:
        store, scan = wrap("identities", self.identities), wrap("scan", MemoryIdentityScan(self.identities))
        ports = ReplayPorts(
            identities=store,
            scan=scan,
            splits=scan,
            log=MemoryLogScan(self.log),
            states=wrap("states", self.states),
            originals=wrap("originals", self.originals),
            published=lambda: self.document,
        )
        return RuleReplay(
            ports,
            key=KEY,
            kinds=KINDS,
            clock=clock,
            consequences=wrap("consequences", self.consequences),
            course=course or Unhurried(),
            holder=holder,
            is_taking_over=is_taking_over,
        )

    def change(self, document: Mapping[str, Any]) -> Outcome:
        """Dry run, publishing, and all of the replay."""
        before, self.document = self.document, document
        replay = self.replay()
        _, partitions = replay.forecast(Rules.from_document(before), self.rules)
        return replay.run(replay.begin(before, document, partitions))

    # what is, and what has to be

    def expected(self) -> Resolution:
        side = said(lambda: events_in(MemoryLogScan(self.log)), self._beside_the_log(), self.rules)
        splits = [row for row in self.identities.everything() if type(row).__name__ == "Split"]
        return resolve(side.earliest.values(), [rewritten(each, self.rules) for each in splits], self.rules)

    def _beside_the_log(self) -> Stored:
        return Stored(assertions=[each for each in self.rows().values() if each.by is not None], kinds=KINDS)

    def rows(self) -> dict[tuple[str, str], Any]:
        held = [row for row in self.identities.everything() if type(row).__name__ == "Held"]
        return {(each.person_id, each.assertion.digest): each.assertion for each in held}

    def expected_rows(self, resolution: Resolution) -> dict[tuple[str, str], Any]:
        return {
            (owner, each.digest): each
            for each in resolution.assertions
            for owner in owners_of(each, self.rules, lambda one: person_id(one, KEY))
        }

    def people(self, identifiers: Sequence[Identifier]) -> set[frozenset[Identifier]]:
        ids = {each: person_id(each, KEY) for each in identifiers}
        paths = climb(self.identities, ids.values())
        found: dict[str, set[Identifier]] = {}
        for each, own in ids.items():
            found.setdefault(paths.root_of(own).person_id, set()).add(each)
        return {frozenset(each) for each in found.values()}

    def check(self) -> None:
        """The trees and the rows are what the rules say of the log."""
        expected = self.expected()
        components = {frozenset(each for each in one if not is_later(each)) for one in expected.components} - {frozenset()}
        assert self.people([each for one in components for each in one]) == components
        assert self.rows() == self.expected_rows(expected)


def events_of_item(made: LogItem) -> list[Event]:
    log = MemoryEventLog()
    log.append(made)
    return list(events_in(MemoryLogScan(log)))


def a_world(random: Random, *, events: int) -> RuleWorld:
    world = RuleWorld(document=a_document(random))
    for number in range(events):
        world.happen(*a_message(random, number))
    return world
