"""Instances of the functions, each put together as ``wiring`` does it, over the stores in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import orjson

from ariane.definitions.customer_view import CustomerViews
from ariane.definitions.store import CachedDocuments, Definitions
from ariane.errors import ArianeError
from ariane.events.collector import Collector
from ariane.events.model import SourceKind
from ariane.identity.background import resolve_cluster
from ariane.identity.rule_ports import ReplayPorts, ReplayStates
from ariane.identity.rule_replay import RuleReplay
from ariane.identity.rules import Rules as IdentityRules
from ariane.journeys.runner import Runner
from ariane.journeys.tick import hand_over_due
from ariane.journeys.unmerging import EntryHomes
from ariane.journeys.world import World as RunnerWorld
from ariane.messaging.links import MessageLinks
from ariane.messaging.ports import SendPorts
from ariane.messaging.send import Sender
from ariane.messaging.settle import sweep
from ariane.messaging.unsubscribe_endpoint import UnsubscribeEndpoint
from ariane.messaging.unsubscribing import UnsubscribePorts, Unsubscriber
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.announcing import Interest
from ariane.profiles.asked_person import Asking
from ariane.profiles.background import BackgroundWorker
from ariane.profiles.contention import LateLinks, links_of
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.homes import HomeReader
from ariane.profiles.identity_desk import IdentityDesk
from ariane.profiles.one_person import merges_of, stitch_person
from ariane.profiles.parking import RejectParking
from ariane.profiles.reader import ProfileReader
from ariane.profiles.refolding import refold
from ariane.profiles.replaying import Replay
from ariane.profiles.rule_consequences import RuleConsequences
from ariane.profiles.sealing import Sealer
from ariane.profiles.stitching import AskEvaluations, StitchDefinitions, Stitcher, Stores
from ariane.profiles.unmerge_preview import UnmergePreview
from ariane.profiles.waking import awaken
from ariane.segments.backfilling import BackfillDesk
from ariane.segments.worker import EvaluateWorker
from tests.builders.events import KEYS, PUBLIC_URL
from tests.faults.segment_functions import asker, backfill_desk, due_waker, evaluate_worker
from tests.faults.world_brand import SOURCES
from tests.faults.world_pages import Flat

if TYPE_CHECKING:
    from tests.faults.world import World

TTL = timedelta(seconds=60)
HORIZON = timedelta(minutes=1)

type Clock = Callable[[], Any]


class Builder:
    """Makes an instance of a function, with caches of its own and its own clock."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def clock(self, worker: str) -> Clock:
        world = self._world
        if not world.weather.skew:
            return world.scheduler.clock
        return world.faults.clock(world.scheduler.clock, worker=worker, most=timedelta(seconds=world.weather.skew))

    def collect(self, worker: str) -> Collector:
        port = self._port(worker)
        return self._world.reception.with_ports(log=port("log"), overflow=port("overflow"), rejects=port("rejects"))

    def stitch(self, worker: str) -> Stitcher:
        port = self._port(worker)
        clock = self.clock(worker)
        stores = self._stores(worker)
        documents = CachedDocuments(port("definitions"), ttl=TTL, clock=clock)
        background = port("background_queue")
        return Stitcher(
            person=partial(stitch_person, stores=stores, key=KEYS.person, background=background, late=port("replay_queue")),
            merges=partial(merges_of, stores=stores, key=KEYS.person, background=background),
            fragments=stores.fragments,
            announcer=port("announcer"),
            parking=RejectParking(port("rejects"), clock=clock),
            definitions=partial(_published, documents),
            evaluations=self._asker(worker, documents),
        )

    def replay(self, worker: str) -> Replay:
        """The same function as ``stitch``, fed by a queue."""
        port = self._port(worker)
        documents = CachedDocuments(port("definitions"), ttl=TTL, clock=self.clock(worker))
        links = LateLinks(
            links=partial(links_of, stores=self._stores(worker), key=KEYS.person, background=port("background_queue")),
            announcer=port("announcer"),
            definitions=partial(_published, documents),
            queue=port("replay_queue"),
        )
        return Replay(self.stitch(worker), port("log"), RejectParking(port("rejects"), clock=self.clock(worker)), links)

    def resolve(self, worker: str) -> BackgroundWorker:
        port = self._port(worker)
        clock, stores = self.clock(worker), self._stores(worker)
        documents = CachedDocuments(port("definitions"), ttl=TTL, clock=clock)
        return BackgroundWorker(
            resolve=lambda cluster: resolve_cluster(port("identities"), KEYS.person, cluster, _identity(documents), at=clock()),
            refold=lambda partition: refold(
                partition,
                stores=stores,
                key=KEYS.person,
                rules=_identity(documents),
                observing=CustomerViews(documents).current().observing,
            ),
            seal=Sealer(port("identities"), port("fragments"), port("holdings"), rules=lambda: _identity(documents), clock=clock).seal,
            changes=port("identities"),
            announcer=port("announcer"),
            queue=port("background_queue"),
            evaluations=self._evaluations(worker),
        )

    def _evaluations(self, worker: str) -> Any:
        """Where the brand has no segments, not a call that could fail."""
        return self._port(worker)("evaluate_queue") if self._world.weather.has_segments else self._world.ports["evaluate_queue"]

    def _asker(self, worker: str, documents: CachedDocuments) -> AskEvaluations | None:
        if not self._world.weather.has_segments:
            return None
        view = CustomerViews(documents).current
        return asker(self._port(worker), view=view, rules=lambda: _identity(documents), key=KEYS.person).ask

    def segments(self, worker: str) -> EvaluateWorker:
        port, clock = self._port(worker), self.clock(worker)
        documents = CachedDocuments(port("definitions"), ttl=TTL, clock=clock)
        return evaluate_worker(
            port,
            view=CustomerViews(documents).current,
            fresh=CustomerViews(port("definitions")).current,
            rules=lambda: _identity(documents),
            key=KEYS.person,
            clock=clock,
        )

    def backfill(self, worker: str) -> BackfillDesk:
        port = self._port(worker)
        return backfill_desk(port, view=CustomerViews(port("definitions")).current, clock=self.clock(worker))

    def desk(self, worker: str) -> IdentityDesk:
        port = self._port(worker)
        clock = self.clock(worker)
        documents = CachedDocuments(port("definitions"), ttl=TTL, clock=clock)
        identities, aftermath = port("identities"), Aftermath(port("background_queue"), port("announcer"))
        reader = ProfileReader(identities, port("fragments"))
        known: Mapping[str, Any] = {"rules": lambda: _identity(documents), "key": lambda: KEYS.person}
        preview = UnmergePreview(port("log"), port("runs"), **known)
        directory = ProfileDirectory(reader, identities, **known)
        return IdentityDesk(identities, directory, lambda: aftermath, preview=preview, **known, clock=clock)

    def rules(self, worker: str) -> "RuleWorker":
        port = self._port(worker)
        scan = Flat(port("identity_scan"))
        ports = ReplayPorts(
            identities=port("identities"),
            scan=scan,
            splits=port("splits"),
            log=Flat(port("log_scan")),
            states=port("replay_states"),
            originals=port("originals"),
            published=lambda: port("definitions").document("identity"),
        )
        kinds = {name: SourceKind(source["kind"]) for name, source in SOURCES.items()}
        consequences = RuleConsequences(self._stores(worker), port("announcer"), KEYS.person)
        clock = self.clock(worker)
        replay = RuleReplay(ports, key=KEYS.person, kinds=kinds, clock=clock, consequences=consequences, course=_Unhurried(), holder=worker)
        return RuleWorker(replay, port("replay_states"))

    def _stores(self, worker: str) -> Stores:
        port = self._port(worker)
        return Stores(
            identities=port("identities"),
            fragments=port("fragments"),
            log=port("log"),
            consents=port("consents"),
            clock=self.clock(worker),
        )

    def journey(self, worker: str) -> Runner:
        port = self._port(worker)
        clock = self.clock(worker)
        definitions = self._definitions(worker, clock)
        ports = RunnerWorld(
            runs=port("runs"),
            profiles=ProfileReader(port("identities"), port("fragments")),
            homes=EntryHomes(port("log"), port("identities"), rules=lambda: _identity(definitions), key=lambda: KEYS.person),
            history=port("log"),
            definitions=definitions,
            journey_queue=port("journey_queue"),
            send_queue=port("send_queue"),
            clock=clock,
            about=self._asking(worker, definitions).about,
            awaken=partial(awaken, bundles=port("fragments")),
        )
        return Runner(ports)

    def _asking(self, worker: str, documents: CachedDocuments) -> Asking:
        port = self._port(worker)
        return Asking(
            view=CustomerViews(documents).current,
            rules=lambda: _identity(documents),
            log=port("log"),
            homes=HomeReader(port("identities"), rules=lambda: _identity(documents), key=lambda: KEYS.person),
            whole=ProfileReader(port("identities"), port("fragments")).snapshot,
            consents=port("consents").states,
        )

    def send(self, worker: str) -> Sender:
        port = self._port(worker)
        clock = self.clock(worker)
        ports = SendPorts(
            profiles=ProfileReader(port("identities"), port("fragments")),
            heads=port("identities"),
            awaken=partial(awaken, bundles=port("fragments")),
            enrolments=port("runs"),
            definitions=self._definitions(worker, clock),
            history=port("log"),
            consents=port("consents"),
            suppressions=port("suppressions"),
            ledger=port("ledger"),
            emails=port("emails"),
            texts=port("texts"),
            outcomes=port("journey_queue"),
            links=MessageLinks(key=KEYS.link, public_url=PUBLIC_URL),
            person_key=KEYS.person,
            clock=clock,
        )
        return Sender(ports)

    def drain(self, worker: str) -> Any:
        return self._port(worker)("drain")

    def tick(self, worker: str) -> Callable[[], None]:
        port = self._port(worker)
        clock = self.clock(worker)
        runs, queue, ledger = port("runs"), port("journey_queue"), port("ledger")

        def both() -> None:
            wake = [due_waker(port, clock=clock).wake] if self._world.weather.has_segments else []
            for job in (lambda: hand_over_due(runs, queue, clock=clock, horizon=HORIZON), lambda: sweep(ledger, clock()), *wake):
                try:
                    job()
                except ArianeError as error:
                    self._world.refusals[f"tick {error.code}"] += 1

        return both

    def links(self, worker: str) -> UnsubscribeEndpoint:
        port = self._port(worker)
        ports = UnsubscribePorts(
            consents=port("consents"), identities=port("identities"), log=port("log"), clock=self.clock(worker), link_key=KEYS.link
        )
        return UnsubscribeEndpoint(Unsubscriber(ports))

    def _port(self, worker: str) -> Callable[[str], Any]:
        return lambda name: self._world.wrapped(name, worker)

    def _definitions(self, worker: str, clock: Clock) -> Definitions:
        world = self._world
        versions = world.shim.wrap("definitions", world.stores.versions, worker=worker)
        return Definitions(world.wrapped("definitions", worker), versions, ttl=TTL, clock=clock)


@dataclass(frozen=True, slots=True)
class RuleWorker:
    """What the command that changes rules works with."""

    replay: RuleReplay
    states: ReplayStates


class _Unhurried:
    def at(self, phase: str, done: int, total: int | None) -> None:
        """Nobody watches."""


def _identity(documents: CachedDocuments) -> IdentityRules:
    return _rules(orjson.dumps(documents.document("identity")))


def _published(documents: CachedDocuments) -> StitchDefinitions:
    return StitchDefinitions(
        rules=_identity(documents),
        interest=Interest.from_document(documents.document("interest")),
        observing=CustomerViews(documents).current().observing,
    )


@cache
def _rules(document: bytes) -> IdentityRules:
    """Read once: it is the same in every run."""
    return IdentityRules.from_document(orjson.loads(document))
