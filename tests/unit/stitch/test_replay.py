"""Stitching again by key: beside the stream, after it, twice, and with a crash at any call."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from ariane.errors import Permanent, Retryable
from ariane.events.log import LogKey, Shape
from ariane.events.model import LogItem, SourceKind
from ariane.profiles.model import Profile
from ariane.profiles.parking import RejectParking
from ariane.profiles.replaying import Replay, message_of
from ariane.profiles.stitching import StitchReport, StreamRecord
from ariane.profiles.stream import StreamReader
from ariane.wiring.stitch import StitchService
from handlers import stitch
from tests.builders.profiles import NOON, Stack, identify, item, prs, track

PORTS = ("identities", "fragments", "log", "announcer", "rejects", "consents")


class Crash(BaseException):
    """Like the end of the process: nothing of ours catches it."""


class Faulty:
    """A port that runs ``around`` before and after every call."""

    def __init__(self, port: Any, around: Callable[[str], None]) -> None:
        self._port = port
        self._around = around

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._around("before " + name)
            result = method(*args, **kwargs)
            self._around("after " + name)
            return result

        return call


def faulty(stack: Stack, around: Callable[[str], None]) -> Stack:
    """The same stores, each behind ``around``."""
    ports: dict[str, Any] = {port: Faulty(getattr(stack, port), around) for port in PORTS}
    return replace(stack, **ports)


def state(stack: Stack) -> Any:
    people = ["user_id:u1", "anonymous_id:a1", "email:a@b.fr"]
    consents = stack.consents.states([prs(text) for text in people])
    return [stack.profile(text) for text in people], consents, sorted(stack.timeline())


def known(stack: Stack, identifier: str) -> Profile:
    """The version counts the merges that it took."""
    return replace(stack.profile(identifier), version=0)


def announced(stack: Stack) -> set[str]:
    return {f"{fact.kind} {fact.detail['cause']}" for fact in stack.announcer.facts}


def replay_of(stack: Stack) -> Replay:
    stitcher: Any = SimpleNamespace(stitch=lambda records: stack.stitch(list(records)))
    return Replay(stitcher, stack.log, RejectParking(stack.rejects, clock=lambda: NOON), stack.late_links)


def replayed(stack: Stack, each: LogItem) -> StitchReport:
    return replay_of(stack).replay(message_of(LogKey(each.person_id, each.sort)))


def a_batch() -> list[LogItem]:
    """What the stream gave up on: a login that merges, a consent, a late copy, an order."""
    consent = {"topic": "offers", "channel": "email", "email": "a@b.fr"}
    return [
        item(track("Product Viewed", message_id="early")),
        item(identify(message_id="i1", minute=2, userId="u1", anonymousId="a1", traits={"email": "a@b.fr", "name": "Ada"})),
        item(track("Consent Granted", message_id="c1", minute=3, userId="u1", anonymousId=None, properties=consent)),
        item(track("Product Viewed", message_id="early"), salt="again"),
        item(track("Order Completed", message_id="o1", minute=4, userId="u1", anonymousId=None), source="till", kind=SourceKind.STORE),
    ]


def after_the_stream() -> Stack:
    sound = Stack()
    sound.deliver(*a_batch())
    return sound


@pytest.mark.parametrize("order", [1, -1])
def test_what_the_stream_gave_up_on_is_stitched_as_if_it_had_come(order: int) -> None:
    stack = Stack()
    records = stack.write(*a_batch())
    for record in records[::order]:
        replayed(stack, record.item)

    sound = after_the_stream()
    people = ["user_id:u1", "anonymous_id:a1", "email:a@b.fr"]
    assert [known(stack, text) for text in people] == [known(sound, text) for text in people]
    assert sorted(stack.timeline()) == sorted(sound.timeline())
    assert {fact.split(" ", 1)[0] for fact in announced(stack)} == {fact.split(" ", 1)[0] for fact in announced(sound)}


@pytest.mark.parametrize("times", [1, 3])
def test_a_replay_of_what_was_stitched_changes_nothing_and_announces_it_again(times: int) -> None:
    stack = after_the_stream()
    before, facts = state(stack), announced(stack)
    stack.announcer.facts.clear()
    for _ in range(times):
        for each in a_batch():
            replayed(stack, each)

    assert state(stack) == before
    assert announced(stack) == facts


def test_what_comes_by_the_stream_after_its_replay_is_applied_once() -> None:
    stack = Stack()
    records = stack.write(*a_batch())
    for record in records:
        replayed(stack, record.item)
    stack.stitch(records)

    assert state(stack)[0] == state(after_the_stream())[0]


def test_later_events_that_the_stream_brought_first_do_not_hide_what_is_replayed() -> None:
    """The shard went on past the batch that it gave up on: the fragment's sequence number is beyond it."""
    stack = Stack()
    lost = stack.write(item(track("Order Completed", message_id="lost")))
    stack.deliver(*(item(track(message_id=f"m{number}", minute=1 + number)) for number in range(60)))
    assert "Order Completed" not in stack.profile("anonymous_id:a1").occurrences

    for _ in range(3):
        replayed(stack, lost[0].item)
    occurrences = stack.profile("anonymous_id:a1").occurrences
    assert (occurrences["Order Completed"].count, occurrences["Product Viewed"].count) == (1, 60)


def test_a_crash_at_any_call_of_a_replay_is_completed_by_the_next_one() -> None:
    def run(around: Callable[[str], None]) -> Stack:
        stack = Stack()
        records = stack.write(*a_batch())
        stack.stitch(records[:1])
        for record in records[1:]:
            while True:
                try:
                    replayed(faulty(stack, around), record.item)
                    break
                except Crash:
                    continue
        return stack

    calls: list[str] = []
    sound = run(calls.append)
    expected, facts = state(sound), announced(sound)
    assert expected[0][0].occurrences["Order Completed"].count == 1
    assert len(calls) > 30
    for fatal in range(len(calls)):
        numbers = count()

        def around(_: str, numbers: Iterator[int] = numbers, fatal: int = fatal) -> None:
            if next(numbers) == fatal:
                raise Crash

        stack = run(around)
        assert state(stack) == expected, calls[fatal]
        assert announced(stack) == facts, calls[fatal]


def test_a_replay_beside_the_stream_of_the_same_person_loses_and_doubles_nothing() -> None:
    """The stream delivers all that follows, at each of the replay's calls in turn; and the other way round."""
    follows = [item(track("Product Added", message_id=f"p{number}", minute=10 + number, userId="u1")) for number in range(3)]

    def run(moment: int | None, calls: list[str], *, is_stream_first: bool) -> Stack:
        stack = Stack()
        lost, rest = stack.write(a_batch()[1]), stack.write(*follows)
        numbers = count()

        def interrupted(name: str) -> None:
            calls.append(name)
            if next(numbers) == moment:
                other(stack)

        def by_replay(stack: Stack) -> None:
            replayed(stack, lost[0].item)

        def by_stream(stack: Stack) -> None:
            stack.stitch(rest)

        own, other = (by_stream, by_replay) if is_stream_first else (by_replay, by_stream)
        own(faulty(stack, interrupted))
        if moment is None:
            other(stack)
        return stack

    for is_stream_first in (False, True):
        calls: list[str] = []
        whole = run(None, calls, is_stream_first=is_stream_first)
        sound = known(whole, "user_id:u1")
        assert sound.occurrences["Product Added"].count == 3
        for moment in range(len(calls)):
            stack = run(moment, [], is_stream_first=is_stream_first)
            assert known(stack, "user_id:u1") == sound, calls[moment]


def test_two_replays_of_the_same_item_at_once_apply_it_once() -> None:
    order = item(track("Order Completed", message_id="o1"))
    calls: list[str] = []
    sound = Stack()
    sound.write(order)
    replayed(faulty(sound, calls.append), order)
    for moment in range(len(calls)):
        stack, numbers = Stack(), count()
        stack.write(order)

        def around(_: str, stack: Stack = stack, moment: int = moment, numbers: Iterator[int] = numbers) -> None:
            if next(numbers) == moment:
                replayed(stack, order)

        replayed(faulty(stack, around), order)
        assert stack.profile("anonymous_id:a1").occurrences["Order Completed"].count == 1, calls[moment]


def test_an_item_that_has_expired_is_nothing_to_do() -> None:
    assert replayed(Stack(), a_batch()[0]) == StitchReport(records=0, announced=0, parked=[])


def test_what_still_cannot_be_stitched_is_parked_again() -> None:
    poison = item(track(message_id="bad", anonymousId="a9"))
    stack = Stack()
    stack.write(replace(poison, messages=({name: value for name, value in poison.messages[0].items() if name != "messageId"},)))

    assert [parked.sort for parked in replayed(stack, poison).parked] == [poison.sort]
    ((stored,), _) = stack.rejects.of_day("2026-11-25")
    assert (stored.reject.shape, stored.reject.kept_at) == (Shape.RECORD, NOON)


def test_an_item_that_cannot_be_read_is_parked_by_its_key() -> None:
    class Broken:
        def get(self, *_: str) -> None:
            raise ValueError("packed with a dictionary that is not known here")

    stack = Stack()
    parking = RejectParking(stack.rejects, clock=lambda: NOON)
    stitcher: Any = SimpleNamespace(stitch=lambda records: stack.stitch(list(records)))
    Replay(stitcher, Broken(), parking, stack.late_links).replay(message_of(LogKey("prs_a", "x#y")))

    ((stored,), _) = stack.rejects.of_day("2026-11-22")
    assert (stored.reject.code, orjson.loads(stored.reject.body)) == ("unreadable_record", {"pk": "prs_a", "sk": "x#y"})


def test_a_message_that_is_no_key_is_refused() -> None:
    with pytest.raises(Permanent):
        replay_of(Stack()).replay("not JSON")


def queue_event(*bodies: str) -> dict[str, Any]:
    records = [{"messageId": str(place), "body": body, "eventSource": "aws:sqs", "attributes": {}} for place, body in enumerate(bodies)]
    return {"Records": records}


def test_the_function_tells_the_queue_from_the_stream_and_fails_message_by_message(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack()
    first, second = item(track(message_id="m1")), item(track(message_id="m2", anonymousId="a2"))
    stack.write(first, second)

    def stitched(records: Any) -> StitchReport:
        given: list[StreamRecord] = list(records)
        if any(record.item.person_id == second.person_id for record in given):
            raise Retryable("table_busy", "patience")
        return stack.stitch(given)

    stitcher: Any = SimpleNamespace(stitch=stitched)
    parking = RejectParking(stack.rejects, clock=lambda: NOON)
    service = StitchService(StreamReader(lambda _: first, parking), stitcher, Replay(stitcher, stack.log, parking, stack.late_links))
    monkeypatch.setattr(stitch, "_service", lambda: service)
    bodies = [message_of(LogKey(each.person_id, each.sort)) for each in (second, first)]
    answer = stitch.handler(queue_event(*bodies, "nonsense"), SimpleNamespace())  # type: ignore[arg-type]

    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "2"}]}
    assert prs("anonymous_id:a1") in stack.fragments.load([prs("anonymous_id:a1")])
