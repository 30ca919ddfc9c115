"""The functions as Lambda runs them: several instances of each at once, warm ones used again, a new one after a death. How each is put
together mirrors ``wiring``, over the stores in memory."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import orjson

from ariane.definitions.store import CachedDocuments, Definitions
from ariane.errors import ArianeError, Conflict, Retryable
from ariane.events.collector import Collector
from ariane.identity.rules import Rules as IdentityRules
from ariane.journeys.inbox import EntryHappened, parse_incoming
from ariane.journeys.runner import Runner
from ariane.journeys.runner import World as RunnerWorld
from ariane.journeys.tick import hand_over_due
from ariane.messaging.links import MessageLinks
from ariane.messaging.ports import SendPorts
from ariane.messaging.send import Sender
from ariane.messaging.settle import sweep
from ariane.messaging.unsubscribe_endpoint import LinkRequest, UnsubscribeEndpoint
from ariane.messaging.unsubscribing import UnsubscribePorts, Unsubscriber
from ariane.profiles.announcing import Interest
from ariane.profiles.one_person import merges_of, stitch_person
from ariane.profiles.parking import RejectParking
from ariane.profiles.reader import ProfileReader
from ariane.profiles.stitching import StitchDefinitions, Stitcher, StitchReport, Stores, StreamRecord
from handlers.collect import serve
from tests.builders.events import KEYS, PUBLIC_URL

if TYPE_CHECKING:
    from tests.faults.world import World

TTL = timedelta(seconds=60)
TIMEOUTS: Mapping[str, float] = {"collect": 10, "stitch": 60, "journey": 20, "send": 20, "drain": 20, "tick": 55, "links": 10}
_COLD_START = 0.2
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
        stores = Stores(identities=port("identities"), fragments=port("fragments"), log=port("log"), consents=port("consents"))
        documents = CachedDocuments(port("definitions"), ttl=TTL, clock=clock)
        return Stitcher(
            person=partial(stitch_person, stores=stores, key=KEYS.person),
            merges=partial(merges_of, stores=stores, key=KEYS.person),
            fragments=stores.fragments,
            announcer=port("announcer"),
            parking=RejectParking(port("rejects"), clock=clock),
            definitions=partial(_published, documents),
        )

    def journey(self, worker: str) -> Runner:
        port = self._port(worker)
        clock = self.clock(worker)
        ports = RunnerWorld(
            runs=port("runs"),
            profiles=ProfileReader(port("identities"), port("fragments")),
            history=port("log"),
            definitions=self._definitions(worker, clock),
            journey_queue=port("journey_queue"),
            send_queue=port("send_queue"),
            clock=clock,
        )
        return Runner(ports)

    def send(self, worker: str) -> Sender:
        port = self._port(worker)
        clock = self.clock(worker)
        ports = SendPorts(
            profiles=ProfileReader(port("identities"), port("fragments")),
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
            for job in (lambda: hand_over_due(runs, queue, clock=clock, horizon=HORIZON), lambda: sweep(ledger, clock())):
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


class Functions:
    def __init__(self, world: "World", builder: Builder) -> None:
        self._world = world
        self._builder = builder
        self._free: dict[str, list[tuple[str, Any]]] = {name: [] for name in TIMEOUTS}
        self._started = dict.fromkeys(TIMEOUTS, 0)

    def collect(self, event: Mapping[str, Any], answered: Callable[[Mapping[str, Any] | None], None]) -> None:
        clock = self._world.scheduler.clock
        self._run("collect", lambda service: serve(event, lambda: service, clock), lambda reply, _: answered(reply))

    def stitch(self, records: Sequence[StreamRecord], done: Callable[[bool], None]) -> None:
        def finished(report: StitchReport | None, error: BaseException | None) -> None:
            for parked in report.parked if report else ():
                self._world.problem(f"a sound record was parked: {parked.code}")
            self._look_at("stitch", error)
            done(error is None)

        self._run("stitch", lambda stitcher: stitcher.stitch(records), finished)

    def consume(self, function: str, bodies: Sequence[Any], done: Callable[[Sequence[int]], None]) -> None:
        """A batch of a queue: what fails comes again by itself, all of it where the function died."""

        def finished(failed: Sequence[int] | None, error: BaseException | None) -> None:
            done(range(len(bodies)) if failed is None or error is not None else failed)

        self._run(function, lambda service: self._each(function, service, bodies), finished)

    def tick(self) -> None:
        self._run("tick", lambda both: both(), lambda _, error: self._look_at("tick", error))

    def unsubscribe(self, token: str, answered: Callable[[int | None], None]) -> None:
        request = LinkRequest(method="POST", token=token, body="List-Unsubscribe=One-Click", accept_language=None)

        def finished(page: Any, error: BaseException | None) -> None:
            self._look_at("links", error)
            answered(page.status if page else None)

        self._run("links", lambda endpoint: endpoint.answer(request), finished)

    def _each(self, function: str, service: Any, bodies: Sequence[Any]) -> list[int]:
        failed: list[int] = []
        for place, body in enumerate(bodies):
            try:
                self._forget_what_moved()
                self._handle(function, service, body)
            except Exception as error:  # noqa: BLE001 - as the handlers do: each message on its own
                self._look_at(function, error)
                failed.append(place)
        return failed

    def _forget_what_moved(self) -> None:
        """Of the message before, which may have failed: then it comes again."""
        invocation = self._world.scheduler.current()
        if invocation is not None:
            invocation.moved.clear()

    def _handle(self, function: str, service: Any, body: Any) -> None:
        match function:
            case "journey":
                message = parse_incoming(body)
                result = str(service.handle(message))
                self._world.scheduler.note("journey", f"{body['kind']}: {result}")
                self._world.watch.handled(self._world)
                if isinstance(message, EntryHappened):
                    key = (message.journey, message.fact["source"], message.fact["messageId"])
                    self._world.handled.setdefault(key, set()).add(result)
            case "send":
                service.deliver(body)
            case "drain":
                service.drain(body)

    def _run(self, name: str, work: Callable[[Any], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        worker, service = self._instance(name)

        def finished(result: Any, error: BaseException | None) -> None:
            if error is None or isinstance(error, Exception):  # the process lives on
                self._free[name].append((worker, service))
            done(result, error)

        self._world.scheduler.invoke(worker, lambda: work(service), timeout=TIMEOUTS[name], done=finished)

    def _instance(self, name: str) -> tuple[str, Any]:
        free = self._free[name]
        if free and self._world.random.random() > _COLD_START:
            return free.pop(self._world.random.randrange(len(free)))
        self._started[name] += 1
        worker = f"{name}-{self._started[name]}"
        return worker, getattr(self._builder, name)(worker)

    def _look_at(self, function: str, error: BaseException | None) -> None:
        """Only what may work later may be raised to a queue or a stream."""
        if isinstance(error, Retryable | Conflict):
            self._world.refusals[f"{function} {error.code}"] += 1
        elif isinstance(error, Exception):
            self._world.problem(f"{function} raised {type(error).__name__}: {error}")


def _published(documents: CachedDocuments) -> StitchDefinitions:
    rules = _rules(orjson.dumps(documents.document("identity")))
    return StitchDefinitions(rules=rules, interest=Interest.from_document(documents.document("interest")))


@cache
def _rules(document: bytes) -> IdentityRules:
    """Read once: it is the same in every run."""
    return IdentityRules.from_document(orjson.loads(document))
