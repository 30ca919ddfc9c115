"""The step function: pure, total and safe to repeat. An input that no longer applies changes nothing and asks for nothing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from ariane.conditions.model import Condition
from ariane.instants import to_millis
from ariane.journeys.enrolment import Enrolment, Status
from ariane.journeys.graph import BranchNode, ExitNode, Journey, SendNode, WaitNode
from ariane.messaging.model import Channel, SendRequest

SAFETY_NET = timedelta(minutes=15)
"""A run that waits for a message's outcome asks again this often: the request, or the answer, may be lost."""
PATIENCE = timedelta(days=1)
"""After this a message is unclear for good (as in the ledger) and the run goes on without it."""
HAND_OVER = timedelta(minutes=1)
"""A wait this short goes straight to the queue: the tick would find it too late."""


class Person(Protocol):
    """Whom a branch asks."""

    def holds(self, condition: Condition, now: int) -> bool:
        """``now`` in milliseconds. Raises Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class Entered:
    person: Person


@dataclass(frozen=True, slots=True)
class Due:
    """A wake-up for one state of the run, which its lock version names."""

    lock: int
    person: Person


@dataclass(frozen=True, slots=True)
class MessageDecided:
    node: str
    visit: int
    person: Person


@dataclass(frozen=True, slots=True)
class Ended:
    status: Status
    reason: str


type Input = Entered | Due | MessageDecided | Ended


@dataclass(frozen=True, slots=True)
class WakeUp:
    profile: str
    enrolment: str
    lock: int
    due: datetime


type Effect = SendRequest | WakeUp


def step(journey: Journey, run: Enrolment, given: Input, now: datetime) -> tuple[Enrolment, tuple[Effect, ...]]:
    """The run after ``given``, its lock one higher when it changed; the effects are to be carried out once it is committed."""
    after = _decide(journey, run, given, now) if run.is_running else run
    if after is run:
        return run, ()
    after = replace(after, lock=run.lock + 1)
    return after, effects_of(journey, after, now)


def ended(run: Enrolment, given: Ended) -> Enrolment:
    """As ``step``, for the one input that needs no journey: also a run whose version is gone must be able to end."""
    return replace(_end(run, given.status, given.reason), lock=run.lock + 1) if run.is_running else run


def effects_of(journey: Journey, run: Enrolment, now: datetime) -> tuple[Effect, ...]:
    """What the run's state asks for: asking twice does no harm, the ledger claims once and a wake-up names the state it wakes."""
    if not run.is_running or run.node is None or run.due is None:
        return ()
    node = journey.node(run.node)
    if isinstance(node, SendNode):
        return (_request(run, node),)
    return (WakeUp(run.profile, run.sort, run.lock, run.due),) if run.due - now <= HAND_OVER else ()


def _decide(journey: Journey, run: Enrolment, given: Input, now: datetime) -> Enrolment:
    match given:
        case Entered():
            return run if run.visit else _arrive(journey, run, journey.start, given.person, now)
        case Due():
            return _wake(journey, run, given, now)
        case MessageDecided():
            return _leave(journey, run, given.person, now) if (run.node, run.visit) == (given.node, given.visit) else run
        case Ended():
            return _end(run, given.status, given.reason)


def _wake(journey: Journey, run: Enrolment, given: Due, now: datetime) -> Enrolment:
    if run.node is None or run.due is None or given.lock != run.lock or now < run.due:
        return run
    waits_for_message = isinstance(journey.node(run.node), SendNode)
    if waits_for_message and run.reached_at is not None and now - run.reached_at < PATIENCE:
        return replace(run, due=now + SAFETY_NET)
    return _leave(journey, run, given.person, now)


def _leave(journey: Journey, run: Enrolment, person: Person, now: datetime) -> Enrolment:
    node = journey.node(run.node) if run.node else None
    if not isinstance(node, SendNode | WaitNode):
        return run
    return _arrive(journey, run, node.next, person, now)


def _arrive(journey: Journey, run: Enrolment, node_id: str | None, person: Person, now: datetime) -> Enrolment:
    """Goes on until the run has something to wait for, or has ended. The graph leads forward only, so this ends."""
    while node_id is not None:
        node = journey.node(node_id)
        run = replace(run, node=node_id, visit=run.visit + 1, reached_at=now)
        match node:
            case SendNode():
                return replace(run, due=now + SAFETY_NET)
            case WaitNode():
                return replace(run, due=now + timedelta(seconds=node.seconds))
            case ExitNode():
                return _end(run, Status.EXITED, "exit_step")
            case BranchNode():
                node_id = _chosen(node, person, now)
    return _end(run, Status.COMPLETED, None)


def _chosen(node: BranchNode, person: Person, now: datetime) -> str | None:
    for choice in node.choices:
        if person.holds(choice.condition, to_millis(now)):
            return choice.next
    return node.otherwise


def _end(run: Enrolment, status: Status, reason: str | None) -> Enrolment:
    return replace(run, status=status, reason=reason, due=None)


def _request(run: Enrolment, node: SendNode) -> SendRequest:
    return SendRequest(
        profile=run.profile,
        enrolment=run.sort,
        journey=run.journey,
        version=run.version,
        key=run.key,
        number=run.number,
        node=node.id,
        visit=run.visit,
        channel=Channel(node.channel),
        template=node.template,
        topic=node.topic,
    )
