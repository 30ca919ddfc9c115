"""A whole small Ariane in memory: every function over the same stores, fed by what feeds it in AWS, all of it in virtual time."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from ariane.adapters.memory.backfills import MemoryBackfills, MemoryPeopleScan
from ariane.adapters.memory.definitions import MemoryDocuments, MemoryVersions
from ariane.adapters.memory.holdings import MemoryHoldings
from ariane.adapters.memory.originals import MemoryOriginals
from ariane.adapters.memory.replay_states import MemoryReplayStates
from ariane.adapters.memory.segment_counts import MemorySegmentCounts
from ariane.adapters.memory.segment_rows import MemorySegmentRows
from ariane.definitions.publish import Publisher
from ariane.events.model import LogItem
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.identity.rules import Rules as IdentityRules
from ariane.instants import from_millis
from ariane.journeys.enrolment import Enrolment
from ariane.messaging.ledger import Claim, settles_at
from ariane.privacy.consents import ConsentQuestion
from ariane.profiles.announcing import Fact
from tests.builders.events import KEYS
from tests.faults.contracts import Kind
from tests.faults.faults import KINDS, Faults
from tests.faults.scheduler import Latency, Scheduler
from tests.faults.segment_functions import IDENTITY_FACTS, body_of, fragment_ids
from tests.faults.shim import Call, Perform, Shim
from tests.faults.world_brand import IDENTITIES, SOURCES, bundle, identity_rules, rules
from tests.faults.world_builder import Builder
from tests.faults.world_functions import Functions
from tests.faults.world_pages import IdentityPages, LogPages
from tests.faults.world_ports import BackgroundJobs, Draining, EvaluateJobs, JourneyQueue, Overflowed, Reception, Replays, SendQueue
from tests.faults.world_queues import Queue, Rules, Shard, Stream, Ticking
from tests.faults.world_stores import (
    Bus,
    Consents,
    Fragments,
    HandedOver,
    Identities,
    Ledger,
    Log,
    Mails,
    Provider,
    Rejects,
    Runs,
    Suppressions,
    Texts,
)

REFUSING = "+33612345601"
"""Where the weather has it, the owner of this number told the network to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What the infrastructure does, as far as its documentation allows."""

    faults: float = 0.03
    kills: float = 0.01
    without: frozenset[str] = frozenset()
    """Kinds of faults that stay away."""
    most_faults: int = 1_000_000
    duplicates: float = 0.1
    losses: float = 0.08
    eager: float = 0.05
    latency: Latency = field(default_factory=Latency)
    shards: int = 2
    is_torn: bool = False
    skew: float = 0.0
    """Seconds that the functions' clocks may be off, either way."""
    is_refusing: bool = False
    most_assertions: int | None = None
    """Of a cluster, above which the background decides; None: as in production."""
    most_refolded: int | None = None
    most_tries: int | None = None
    """To link an event while others change the same people, before it is left for later."""
    identity: str = "usual"
    """Which of the brand's identity rules."""
    has_segments: bool = False
    """Whether the brand has published any: then stitch records for them, and everybody is evaluated."""


@dataclass
class Stores:
    log: Log
    identities: Identities
    fragments: Fragments
    consents: Consents
    suppressions: Suppressions
    runs: Runs
    ledger: Ledger
    rejects: Rejects
    bus: Bus
    provider: Provider
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    versions: MemoryVersions = field(default_factory=MemoryVersions)
    collect: MemoryDocuments = field(default_factory=MemoryDocuments)
    replay_states: MemoryReplayStates = field(default_factory=MemoryReplayStates)
    originals: MemoryOriginals = field(default_factory=MemoryOriginals)
    segment_rows: MemorySegmentRows = field(default_factory=MemorySegmentRows)
    backfills: MemoryBackfills = field(default_factory=MemoryBackfills)
    segment_counts: MemorySegmentCounts = field(default_factory=MemorySegmentCounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Told at the very moment, while nothing else can happen."""

    claimed: Callable[["World", Claim], None]
    handed_over: Callable[["World", HandedOver], None]
    announced: Callable[["World", Fact], None]
    handled: Callable[["World"], None]
    """A message of the journey queue, by the invocation that is at work."""


class World:
    def __init__(
        self,
        weather: Weather,
        random: Random,
        *,
        begins: datetime,
        watch: Watch,
    ) -> None:
        self.weather = weather
        self.identity = weather.identity
        """Which identity rules are published now."""
        self._is_later = False
        self.random = random
        self.faults = Faults(random.getrandbits(32), rate=weather.faults, kills=weather.kills, kinds=_kinds(weather))
        self.shim = Shim(self._through)
        self.scheduler = Scheduler(random, self._faulty, begins, weather.latency)
        self.watch = watch
        self.problems: list[str] = []
        self.refusals: Counter[str] = Counter()
        self.handled: dict[tuple[str, str, str], set[str]] = {}
        """(journey, source, message id) of an entry -> what the runner made of it."""
        self.logged: set[tuple[str, str]] = set()
        """(source, tag) of what lies in the log or has been queued for it."""
        self.decides: Callable[[ConsentQuestion], None] = lambda _: None
        """Told of each question that a sender has just asked, before it claims."""
        self._queues(weather)
        self.stores = self._stores(weather, watch)
        self.ports: Mapping[str, Any] = self._ports()
        self.reception = Reception(
            definitions={"sources": SOURCES, "identity": IDENTITIES[weather.identity]},
            now=begins,
            rejects=self.stores.rejects,
            time=self.scheduler.clock,
        )
        self.functions = Functions(self, Builder(self))
        self.ticking = Ticking(self.scheduler, self.next_due, self.functions.tick)
        self.publish(is_later=False)
        self.ticking.begin()

    # the calls of ports

    def _through(self, call: Call, perform: Perform) -> Any:
        result = self.scheduler.through(call, perform)
        if call.method == "concerning" and call.worker.startswith("send"):
            self.decides(perform.args[0])
        return result

    def _faulty(self, call: Call, perform: Perform) -> Any:
        before = len(self.faults.trace)
        if before >= self.weather.most_faults:
            self.faults.active = False
        try:
            return self.faults(call, perform)
        finally:
            if len(self.faults.trace) > before:
                self.scheduler.note(call.worker, "FAULT", self.faults.trace[-1].rpartition(": ")[2])

    def wrapped(self, name: str, worker: str) -> Any:
        return self.shim.wrap(name, self.ports[name], worker=worker)

    # what there is

    def _queues(self, weather: Weather) -> None:
        def queue(name: str, timeout: float, function: str) -> Queue:
            def consume(bodies: Sequence[Any], done: Callable[[Sequence[int]], None]) -> None:
                self.functions.consume(function, bodies, done)

            return Queue(name, self.scheduler, self.random, consume, 6 * timeout, weather.duplicates)

        self.journey_queue = queue("journey queue", 20, "journey")
        self.send_queue = queue("send queue", 20, "send")
        self.overflow_queue = queue("overflow queue", 20, "drain")
        self.replay_queue = queue("replay queue", 60, "replay")
        self.resolve_queue = queue("resolve queue", 300, "resolve")
        self.evaluate_queue = queue("evaluate queue", 60, "segments")
        self.rules = Rules(self.scheduler, self.random, self.journey_queue, rules(), weather.duplicates)
        self.stream = Stream([self._shard(number) for number in range(weather.shards)], weather.is_torn)

    def _shard(self, number: int) -> Shard:
        return Shard(f"shard {number}", self.scheduler, self.random, lambda records, done: self.functions.stitch(records, done))

    def _stores(self, weather: Weather, watch: Watch) -> Stores:
        tell = self.scheduler.commit
        identities, runs, suppressions = Identities(tell), Runs(self._run_moved), Suppressions(tell)
        fragments = Fragments(tell)
        ledger = Ledger(
            tell=tell, claimed=lambda claim: self._claimed(claim, watch), enrolments=runs, heads=identities, suppressions=suppressions
        )
        refusing = frozenset({REFUSING}) if weather.is_refusing else frozenset[str]()
        provider = Provider(tell, self._claim_at_work, lambda handed: watch.handed_over(self, handed), refusing)
        return Stores(
            log=Log(tell, self._inserted),
            identities=identities,
            fragments=fragments,
            consents=Consents(identities, tell, fragments.is_sealed),
            suppressions=suppressions,
            runs=runs,
            ledger=ledger,
            rejects=Rejects(),
            bus=Bus(tell, self._carried, lambda fact: watch.announced(self, fact)),
            provider=provider,
        )

    def _ports(self) -> Mapping[str, Any]:
        stores = self.stores
        return {
            "log": stores.log,
            "overflow": Overflowed(self._overflowed),
            "drain": Draining(stores.log),
            "rejects": stores.rejects,
            "identities": stores.identities,
            "fragments": stores.fragments,
            "consents": stores.consents,
            "announcer": stores.bus,
            "definitions": stores.documents,
            "versions": stores.versions,
            "runs": stores.runs,
            "journey_queue": JourneyQueue(self.journey_queue),
            "send_queue": SendQueue(self.send_queue),
            "background_queue": BackgroundJobs(self.resolve_queue),
            "replay_queue": Replays(self.replay_queue),
            "evaluate_queue": EvaluateJobs(self.evaluate_queue, is_used=self.weather.has_segments),
            "segment_rows": stores.segment_rows,
            "backfills": stores.backfills,
            "segment_counts": stores.segment_counts,
            "people_scan": MemoryPeopleScan(lambda: fragment_ids(stores.fragments), lambda: stores.segment_rows.rows, page=3),
            "ledger": stores.ledger,
            "identity_scan": IdentityPages(stores.identities),
            "splits": IdentityPages(stores.identities),
            "log_scan": LogPages(stores.log),
            "replay_states": stores.replay_states,
            "originals": stores.originals,
            "holdings": MemoryHoldings(stores.runs, stores.ledger, stores.consents),
            "suppressions": stores.suppressions,
            "emails": Mails(stores.provider),
            "texts": Texts(stores.provider),
        }

    # what happens in the stores

    def _inserted(self, item: LogItem) -> None:
        self.logged.update(tags_of(item))
        self.stream.put(item)

    def _overflowed(self, item: LogItem) -> None:
        self.logged.update(tags_of(item))
        self.overflow_queue.put(item)

    def _carried(self, fact: Fact) -> None:
        self.rules.deliver(fact)
        if self.weather.has_segments and fact.kind in IDENTITY_FACTS:
            self.rules.carry(body_of(IDENTITY_FACTS[fact.kind], fact), self.evaluate_queue)

    def _run_moved(self, what: str, run: Enrolment) -> int:
        invocation = self.scheduler.current()
        if invocation is not None:
            invocation.moved.append(run)
        if run.due is not None and not run.is_running:
            self.problem(f"the run {run.journey} {run.key!r} of {run.profile} has ended as {run.status} and is still due at {run.due}")
        return self.scheduler.commit(what, run)

    def _claimed(self, claim: Claim, watch: Watch) -> None:
        invocation = self.scheduler.current()
        if invocation is not None:
            invocation.last_claim = claim
        watch.claimed(self, claim)

    def _claim_at_work(self) -> Claim | None:
        invocation = self.scheduler.current()
        found: Claim | None = invocation.last_claim if invocation else None
        return found

    # what people do

    def publish(self, *, is_later: bool) -> None:
        self.scheduler.note("the brand", "publishes", "the second version" if is_later else "the first version")
        self._is_later = is_later
        self._publish()

    def change_rules(self, name: str) -> None:
        """Of who is one person. What follows from it is the replay's."""
        self.scheduler.note("the brand", "publishes identity rules", name)
        self.identity = name
        self._publish()

    def _publish(self) -> None:
        stores = self.stores
        clock = self.scheduler.clock
        publisher = Publisher(
            documents=stores.documents, pointers=stores.documents, versions=stores.versions, collect=stores.collect, clock=clock
        )
        publisher.publish(bundle(is_later=self._is_later, identity=self.identity, has_segments=self.weather.has_segments))
        self.rules.patterns = rules(is_later=self._is_later)

    def calm(self) -> None:
        """No fault, no copy and no kill from here on."""
        self.scheduler.note("the world", "calms down")
        self.faults.active = False
        self.scheduler.latency = Latency(instant=0.9, long=0)
        self.rules.is_calm = self.ticking.is_calm = True
        for queue in self.queues:
            queue.is_calm = True

    @property
    def queues(self) -> Sequence[Queue]:
        return self.journey_queue, self.send_queue, self.overflow_queue, self.resolve_queue, self.replay_queue, self.evaluate_queue

    def next_due(self) -> datetime | None:
        """The first instant at which the tick would find something."""
        dues = [run.due for run in self.stores.runs.all() if run.due is not None]
        dues += [settles_at(entry) for entry in self.stores.ledger.all() if entry.is_undecided]
        dues += [from_millis(row.due) for row in self.stores.segment_rows.rows.values() if row.due is not None]
        return min(dues, default=None)

    def problem(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)
            self.scheduler.note("AUDIT", text)

    def identity_rules(self) -> IdentityRules:
        return identity_rules(self.identity)

    def person_key(self) -> bytes:
        return KEYS.person

    def id_of(self, identifier: str) -> str:
        return person_id(Identifier.parse(identifier), KEYS.person)


def tags_of(item: LogItem) -> set[tuple[str, str]]:
    """As the clients know its events."""
    return {(item.source, str((message.get("properties") or {}).get("tag") or message["messageId"])) for message in item.messages}


def _kinds(weather: Weather) -> frozenset[Kind]:
    return frozenset(kind for kind in KINDS if kind.value not in weather.without)
