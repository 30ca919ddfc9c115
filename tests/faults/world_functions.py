"""The functions as Lambda runs them: several instances of each at once, warm ones used again, a new one after a death. How each is put
together: ``world_builder``."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ariane.errors import Conflict, NotFound, Rejected, Retryable
from ariane.journeys.inbox import EntryHappened, parse_incoming
from ariane.messaging.unsubscribe_endpoint import LinkRequest
from ariane.profiles.identity_desk import IdentityDesk
from ariane.profiles.stitching import StitchReport, StreamRecord
from ariane.segments.backfilling import BackfillDesk
from ariane.segments.worker import EvaluateWorker
from handlers.collect import serve

if TYPE_CHECKING:
    from tests.faults.world import World

from tests.faults.world_builder import Builder, RuleWorker

TIMEOUTS: Mapping[str, float] = {
    "collect": 10,
    "stitch": 60,
    "journey": 20,
    "send": 20,
    "drain": 20,
    "tick": 55,
    "links": 10,
    "resolve": 300,
    "replay": 60,
    "desk": 29,
    "rules": 900,
    "segments": 60,
    "backfill": 29,
}
_COLD_START = 0.2


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

        take = self._evaluate if function == "segments" else partial(self._each, function)
        self._run(function, lambda service: take(service, bodies), finished)

    def tick(self) -> None:
        self._run("tick", lambda both: both(), lambda _, error: self._look_at("tick", error))

    def _evaluate(self, service: EvaluateWorker, bodies: Sequence[str]) -> list[int]:
        failed = service.take({str(place): body for place, body in enumerate(bodies)}).failed
        for code in failed.values():
            self._world.refusals[f"segments {code}"] += 1
            if code != code.lower():
                self._world.problem(f"segments raised {code}")
        return [int(place) for place in failed]

    def backfill(self, act: Callable[[BackfillDesk], object], answered: Callable[[bool], None]) -> None:
        """What whoever publishes segments asks for. ``answered`` gets whether it was heard."""

        def finished(_: Any, error: BaseException | None) -> None:
            self._look_at("backfill", error)
            answered(error is None)

        self._run("backfill", act, finished)

    def unsubscribe(self, token: str, answered: Callable[[int | None], None]) -> None:
        request = LinkRequest(method="POST", token=token, body="List-Unsubscribe=One-Click", accept_language=None)

        def finished(page: Any, error: BaseException | None) -> None:
            self._look_at("links", error)
            answered(page.status if page else None)

        self._run("links", lambda endpoint: endpoint.answer(request), finished)

    def operate(self, act: Callable[[IdentityDesk], object], answered: Callable[[str | None], None]) -> None:
        """What an operator asks of the API. ``answered`` gets ``done``, the code of a refusal, or None: ask again."""

        def finished(_: Any, error: BaseException | None) -> None:
            if isinstance(error, Rejected | NotFound | Conflict):
                answered(error.code)
            else:
                self._look_at("desk", error)
                answered("done" if error is None else None)

        self._run("desk", act, finished)

    def replay_rules(self, act: Callable[[RuleWorker], bool], answered: Callable[[bool], None]) -> None:
        """The command of whoever changes the rules. ``answered`` gets whether all is done."""

        def finished(is_done: bool | None, error: BaseException | None) -> None:
            self._look_at("rules", error)
            answered(bool(is_done))

        self._run("rules", act, finished)

    def desk_at_rest(self) -> IdentityDesk:
        return self._builder.desk("audit")

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
            case "replay":
                service.replay(body)
            case "resolve":
                service.take(body.body, sent_at=body.at)

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
