"""Whatever happens, in whatever order and however often: at the end of every run each person is whom the reference says, and is known by
what the log says of them."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from os import environ
from random import Random
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ariane.adapters.memory.identity_scan import MemoryIdentityScan
from ariane.adapters.memory.log_scan import MemoryLogScan
from ariane.adapters.memory.originals import MemoryOriginals
from ariane.adapters.memory.replay_states import MemoryReplayStates
from ariane.errors import Conflict, NotFound, Rejected
from ariane.events.model import LogItem, Message, SourceKind
from ariane.identity.identifiers import identifiers_of
from ariane.identity.ids import person_id
from ariane.identity.model import Side
from ariane.identity.rule_ports import ReplayPorts
from ariane.identity.rule_replay import RuleReplay
from ariane.identity.rules import Identifier, Rules
from ariane.instants import format_instant
from ariane.profiles.identity_desk import Said
from ariane.profiles.rule_consequences import RuleConsequences
from ariane.profiles.stitching import StreamRecord
from tests.builders.profiles import KEY, NOON
from tests.faults.contracts import Kind, legal
from tests.faults.faults import Inflict
from tests.faults.identity_world import Town
from tests.faults.killing import until_done
from tests.faults.shim import Call, Perform, Shim
from tests.faults.world_bounds import bounded

SOURCES: Mapping[str, SourceKind] = {
    "web": SourceKind.BROWSER,
    "phone": SourceKind.APP,
    "server": SourceKind.SERVER,
    "till": SourceKind.STORE,
    "history": SourceKind.IMPORT,
}
USERS, DEVICES, BROWSERS = ("u1", "u2", "u3"), ("d1", "d2"), ("a1", "a2", "tablet")
TRAITS: Mapping[str, tuple[str, ...]] = {
    "email": ("e1@b.fr", "e2@b.fr", "e3@b.fr"),
    "phone": ("+33612345601", "+33612345602"),
    "loyalty_card": ("c1", "c2"),
}
DOCUMENTS: tuple[Mapping[str, Any], ...] = (
    {"spread": 2},
    {"spread": 1, "component_limit": 4},
    {"protect": ["email"], "namespaces": {"phone": {"priority": 3, "limit": {"count": 1, "within": "10 minutes"}, "normalise": "phone"}}},
    {"component_limit": 6, "namespaces": {"email": {"priority": 2, "limit": 1, "normalise": "email"}}},
)
_NAMESPACES: Mapping[str, Mapping[str, Any]] = {
    "user_id": {"priority": 1, "limit": 1, "unique": True},
    "email": {"priority": 2, "limit": 2, "normalise": "email"},
    "phone": {"priority": 3, "limit": 2, "normalise": "phone"},
    "loyalty_card": {"priority": 4, "limit": 3},
    "device_id": {"priority": 8, "limit": "none", "device": True},
    "anonymous_id": {"priority": 9, "limit": "none", "device": True},
}
_DEVICES = ("device_id:", "anonymous_id:")
_FAULTS = (Kind.KILL_BEFORE, Kind.KILL_AFTER, Kind.FAIL, Kind.LOST, Kind.DUPLICATE)
MOST_ROUNDS = 600


def document_of(number: int) -> dict[str, Any]:
    chosen = DOCUMENTS[number]
    return {**chosen, "namespaces": {**_NAMESPACES, **chosen.get("namespaces", {})}}


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Of one or a few identifiers; most instants are shared by several."""
    message: Message = {"type": draw(st.sampled_from(["identify", "identify", "track", "alias"]))}
    named = draw(st.sets(st.sampled_from(["user", "browser", "device", *TRAITS]), min_size=1, max_size=4))
    if "user" in named or message["type"] == "alias":
        message["userId"] = draw(st.sampled_from(USERS))
    if "browser" in named:
        message["anonymousId"] = draw(st.sampled_from(BROWSERS))
    traits = {name: draw(st.sampled_from(values)) for name, values in TRAITS.items() if name in named}
    traits |= {"plan": draw(st.sampled_from(["free", "gold"]))} if draw(st.booleans()) else {}
    context = {"device": {"id": draw(st.sampled_from(DEVICES))}} if "device" in named else {}
    if message["type"] == "identify":
        message |= {"traits": traits} if traits else {}
    elif traits:
        context["traits"] = traits
    if message["type"] == "alias":
        message["previousId"] = draw(st.sampled_from((*USERS, "6f1ed002-ab55-4a4f-8c1a-2f3e5d7c9b1a")))
    if message["type"] == "track":
        message["event"] = draw(st.sampled_from(["Product Viewed", "Product Added"]))
    return message | ({"context": context} if context else {})


class Armed:
    """An ``Around`` that does one fault, so many calls from now."""

    def __init__(self) -> None:
        self._inflict = Inflict(Random(0))
        self._left: int | None = None
        self._kind = Kind.FAIL

    def arm(self, calls: int | None, kind: Kind) -> None:
        self._left, self._kind = calls, kind

    def __call__(self, call: Call, perform: Perform) -> Any:
        if self._left is None:
            return perform()
        self._left -= 1
        if self._left >= 0 or self._kind not in legal(call.port, call.method):
            return perform()
        self._left = None
        return self._inflict(self._kind, call, perform)


class IdentityMachine(RuleBasedStateMachine):
    """``town`` is the stores; ``worker`` is the functions over them, behind the shim. A capability with a state of its own extends it in a
    file of its own: a subclass with more rules, and ``problems`` that add its own; its ``TestCase`` takes these settings.
    """

    @initialize(document=st.integers(0, len(DOCUMENTS) - 1), bound=st.sampled_from([None, None, 3, 6]), refolds=st.sampled_from([None, 1]))
    def begin(self, document: int, bound: int | None, refolds: int | None) -> None:
        self.bounds = bounded(assertions=bound, refolds=refolds)
        self.bounds.__enter__()
        self.document = document_of(document)
        self.town = self.settled(Rules.from_document(self.document))
        self.armed = Armed()
        self.worker = self.town.through(Shim(self.armed))
        self.states, self.originals = MemoryReplayStates(), MemoryOriginals()
        self.pending: list[StreamRecord] = []
        self.stitched: list[StreamRecord] = []
        self.serial = 0

    def settled(self, rules: Rules) -> Town:
        return Town(rules)

    # what is said

    @rule(
        message=messages(),
        source=st.sampled_from(sorted(SOURCES)),
        minute=st.one_of(st.integers(0, 6), st.integers(-3_000, 600)),
        is_held=st.booleans(),
        copies=st.sampled_from([1, 1, 1, 2]),
    )
    def says(self, message: Message, source: str, minute: int, is_held: bool, copies: int) -> None:
        """Copies of one event come under other keys, perhaps at another time."""
        self.serial += 1
        for copy in range(copies):
            whole = self._dated({**message, "messageId": f"m{self.serial}"}, minute, minute + copy * 2)
            self._write(whole, source, salt=copy)
        if not is_held:
            self._deliver_all()

    def _dated(self, message: Message, original: int, clamped: int) -> Message:
        at = format_instant(NOON + timedelta(minutes=clamped))
        return {**message, "timestamp": at, "originalTimestamp": format_instant(NOON + timedelta(minutes=original))}

    def _write(self, message: Message, source: str, *, salt: int) -> None:
        named = identifiers_of(message, self.town.rules, kind=SOURCES[source])
        if named:
            sort = f"{message['originalTimestamp']}#{self.serial:08x}{salt:08x}"
            item = LogItem(person_id(named[0], KEY), sort, source, SOURCES[source], NOON + timedelta(days=2), (message,))
            self.pending += self.town.write(item)

    def _deliver_all(self) -> None:
        while self.pending:
            self._stitch(self.pending.pop(0))

    def _stitch(self, record: StreamRecord) -> None:
        until_done(lambda: self.worker.stitch([record]))
        self.stitched.append(record)

    @precondition(lambda self: self.pending)
    @rule(place=st.integers(0, 1_000))
    def delivers(self, place: int) -> None:
        """A shard keeps the order of one person id's records, and of no others."""
        chosen = self.pending[place % len(self.pending)].item.person_id
        first = next(record for record in self.pending if record.item.person_id == chosen)
        self.pending.remove(first)
        self._stitch(first)

    @precondition(lambda self: self.stitched)
    @rule(place=st.integers(0, 1_000), is_replay=st.booleans())
    def delivers_again(self, place: int, is_replay: bool) -> None:
        """By the stream; or from outside of it, once no copy of it waits in a shard any more."""
        record = self.stitched[place % len(self.stitched)]
        waiting = {each.item.messages[0]["messageId"] for each in self.pending}
        is_replay = is_replay and record.item.messages[0]["messageId"] not in waiting
        again = StreamRecord(record.item, None if is_replay else record.sequence)
        until_done(lambda: self.worker.stitch([again]))

    # what operators do

    @rule(draw=st.integers(0, 2**16), side=st.sampled_from([None, *Side]))
    def unmerges(self, draw: int, side: Side | None) -> None:
        people, random = self.town.identities.people(), Random(draw)
        if people:
            person = random.choice(people)
            some = random.sample(person, random.randint(1, len(person) - 1))
            said = Said(identifiers=tuple(map(Identifier.parse, some)), by="lea", why="two people", events_to=side)
            self._asks(lambda: self.worker.desk.unmerge(person[0], said))

    @rule(draw=st.integers(0, 2**16))
    def lifts(self, draw: int) -> None:
        standing = sorted(each.id for each in self.town.splits if not each.is_lifted)
        if standing:
            chosen = Random(draw).choice(standing)
            self._asks(lambda: self.worker.desk.lift(chosen, by="lea", why="one person"))

    @rule(draw=st.integers(0, 2**16))
    def links(self, draw: int) -> None:
        """Of devices the answer may depend on what the question has done: whoever asks again would mean another person."""
        named = ([text for text in person if not text.startswith(_DEVICES)] for person in self.town.identities.people())
        people, random = [person for person in named if person], Random(draw)
        if len(people) > 1:
            one, other = random.sample(people, 2)
            said = Said(identifiers=(Identifier.parse(random.choice(other)),), by="lea", why="one person")
            self._asks(lambda: self.worker.desk.link(one[0], said))

    def _asks(self, act: Callable[[], object]) -> None:
        """A refusal is an answer. What is said at another time is another word."""
        self._passes()
        with suppress(Rejected, NotFound, Conflict):
            until_done(act)

    def _passes(self) -> None:
        self.town.now += timedelta(seconds=1)
        self.worker.now = self.town.now

    # what comes over the functions

    @rule(calls=st.integers(0, 25), kind=st.sampled_from(_FAULTS))
    def fails_soon(self, calls: int, kind: Kind) -> None:
        self.armed.arm(calls, kind)

    @rule()
    def works(self) -> None:
        """One message of the background's."""
        queue = self.town.background_queue
        if queue.messages:
            job = queue.messages[0].job
            until_done(partial(self.worker.work, job))
            queue.messages.pop(0)

    @rule(number=st.integers(0, len(DOCUMENTS) - 1))
    def changes_rules(self, number: int) -> None:
        before, self.document = self.document, document_of(number)
        self._passes()
        self.town.rules = self.worker.rules = Rules.from_document(self.document)
        replay = self._replay()
        _, partitions = replay.forecast(Rules.from_document(before), self.town.rules)
        state = replay.begin(before, self.document, partitions)
        for _ in range(MOST_ROUNDS):
            if until_done(lambda: self._replay().run(self.states.latest() or state)).is_settled:
                return
        raise AssertionError("the rules are never carried out")

    def _replay(self) -> RuleReplay:
        scan = MemoryIdentityScan(self.town.identities)
        ports = ReplayPorts(
            identities=self.worker.identities,
            scan=scan,
            splits=scan,
            log=MemoryLogScan(self.town.log),
            states=self.states,
            originals=self.originals,
            published=lambda: self.document,
        )
        consequences = RuleConsequences(self.worker.stores, self.worker.announcer, KEY)
        return RuleReplay(
            ports,
            key=KEY,
            kinds=SOURCES,
            clock=lambda: self.town.now,
            consequences=consequences,
            course=Unhurried(),
            holder="the operator",
        )

    # the end

    def teardown(self) -> None:
        if not hasattr(self, "town"):
            return
        try:
            self.armed.arm(None, Kind.FAIL)
            self._deliver_all()
            for _ in range(MOST_ROUNDS):
                if not self.town.background_queue.messages:
                    break
                self.works()
            assert not self.town.background_queue.messages, "the background never ends"
            assert self.problems() == []
        finally:
            self.bounds.__exit__(None, None, None)

    def problems(self) -> list[str]:
        """At the end of a run, with nothing left to do."""
        return self.town.problems()


class Unhurried:
    def at(self, phase: str, done: int, total: int | None) -> None:
        pass


EXAMPLES = int(environ.get("EXAMPLES", "0"))
"""The same runs each time unless said: ``EXAMPLES=5000`` draws that many others."""
IdentityMachine.TestCase.settings = settings(
    max_examples=EXAMPLES or 60,
    stateful_step_count=30,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestIdentityMachine = IdentityMachine.TestCase
