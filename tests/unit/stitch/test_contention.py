"""Identities that others keep changing hold up nobody else's events, and are linked when that has ended."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import batched
from types import SimpleNamespace
from typing import Any

import pytest

from ariane.adapters.memory.replay_queue import LateLink
from ariane.errors import Conflict, Retryable
from ariane.events.log import LogKey
from ariane.events.model import LogItem
from ariane.profiles.contention import CONTENDED, MOST_TRIES, delay_after
from ariane.profiles.parking import RejectParking
from ariane.profiles.replaying import Replay, message_of
from tests.builders.profiles import NOON, Stack, identify, item, prs, track
from tests.faults.killing import KILLS, Scenario, assert_same_end, until_done
from tests.faults.shim import Call, Perform, Shim
from tests.unit.stitch.test_crashes import PORTS, announced

HOT = "user_id:hot"


@dataclass
class Contended:
    """A stack in which somebody else is always faster at the heads of ``hot``, as long as that is said."""

    stack: Stack = field(default_factory=Stack)
    hot: frozenset[str] = frozenset({prs(HOT)})
    refused: int = 0

    def __post_init__(self) -> None:
        self.stack.identities = Shim(self._around).wrap("identities", self.stack.identities)

    def _around(self, call: Call, perform: Callable[[], Any]) -> Any:
        if call.method == "commit" and isinstance(perform, Perform) and any(head.person_id in self.hot for head in perform.args[0].heads):
            self.refused += 1
            raise Conflict("identity_changed", "an identity was changed meanwhile")
        return perform()

    def end(self) -> None:
        self.hot = frozenset()


def replay_of(stack: Stack) -> Replay:
    stitcher: Any = SimpleNamespace(stitch=lambda records: stack.stitch(list(records)))
    return Replay(stitcher, stack.log, RejectParking(stack.rejects, clock=lambda: NOON), stack.late_links)


def take(stack: Stack, links: Iterable[LateLink]) -> None:
    for each in links:
        replay_of(stack).replay(message_of(each.key, link_tries=each.tries))


def taken(stack: Stack) -> list[LateLink]:
    links, stack.replays.links = stack.replays.links, []
    return list(links)


def sign_in(number: int, user: str = "hot") -> LogItem:
    return item(identify(message_id=f"{user}-{number}", minute=number, userId=user, anonymousId=f"{user}-a{number}", traits={"n": number}))


def key_of(each: LogItem) -> LogKey:
    return LogKey(each.person_id, each.sort)


def count(stack: Stack, name: str, event: str = "Product Viewed") -> int:
    tally = stack.profile(name).occurrences.get(event)
    return tally.count if tally else 0


def test_a_hot_identity_holds_up_nobody_of_its_delivery() -> None:
    contended = Contended()
    stack = contended.stack
    others = [sign_in(number, f"u{number}") for number in range(20)]
    report = stack.deliver(*others[:10], sign_in(1), *others[10:])

    assert report.parked == []
    assert all(len(stack.profile(f"user_id:u{number}").identifiers) == 2 for number in range(20))
    assert set(stack.profile(HOT).identifiers.values()) == {HOT}
    assert stack.profile(HOT).traits == {"n": 1}, "what the event says of its own person is folded in"
    assert len(stack.announced("Event")) == 21, "whoever listens hears of it at once"
    assert stack.replays.links == [LateLink(key_of(sign_in(1)), tries=1, delay=30)]


def test_when_it_has_ended_all_is_linked_and_nothing_counted_twice() -> None:
    """The ring has long forgotten what is linked so late."""
    contended = Contended()
    stack = contended.stack
    views = [track(message_id=f"v{number}", minute=100 + number, userId="hot", anonymousId="hot-a1") for number in range(120)]
    for some in batched(views, 10, strict=False):
        stack.deliver(item(*some))
    stack.deliver(*(sign_in(number) for number in range(30)))
    late = taken(stack)
    assert len(late) == 12 + 30
    assert count(stack, HOT) == 120

    contended.end()
    for _ in range(2):
        take(stack, late)
    assert set(stack.profile(HOT).identifiers.values()) == {HOT, *(f"anonymous_id:hot-a{number}" for number in range(30))}
    assert count(stack, HOT) == 120
    assert stack.profile(HOT).traits == {"n": 29}
    assert stack.replays.links == []
    assert {fact["into"] for fact in stack.announced("Profile Merged")} == {prs(HOT)}


def test_the_set_is_not_remembered_before_it_is_linked() -> None:
    contended = Contended()
    stack = contended.stack
    stack.deliver(sign_in(1))
    assert stack.fragments.load([prs(HOT)])[prs(HOT)].fragment.known == ()

    contended.end()
    stack.deliver(item(track(message_id="again", minute=5, userId="hot", anonymousId="hot-a1")))
    assert len(stack.profile(HOT).identifiers) == 2, "the next event with these identifiers links them, whatever becomes of the message"
    assert len(stack.fragments.load([prs(HOT)])[prs(HOT)].fragment.known) == 1


def test_of_a_delivery_one_link_is_tried_and_each_item_asked_for_once() -> None:
    contended = Contended()
    stack = contended.stack
    two = [track(message_id=f"x{number}", minute=9 + number, userId="hot", anonymousId=f"x{number}") for number in range(2)]
    stack.deliver(*(sign_in(number) for number in range(5)), item(*two))

    assert contended.refused == 6, "the linker's own attempts, once"
    assert len({each.key for each in stack.replays.links}) == len(stack.replays.links) == 6


def test_a_copy_that_said_it_earlier_is_linked_as_such() -> None:
    """The delivery that found it to be a copy marked it; what it says of people counts all the same."""
    contended = Contended()
    stack = contended.stack
    earlier = identify(message_id="hot-1", minute=-60, userId="hot", anonymousId="hot-a1", traits={"n": 1})
    stack.deliver(sign_in(1))
    stack.deliver(item({**earlier, "originalTimestamp": sign_in(1).messages[0]["originalTimestamp"]}, salt="copy"))
    assert stack.timeline() == ["hot-1"]

    contended.end()
    take(stack, taken(stack))
    (assertion,) = stack.identities.assertions_under(prs(HOT))
    assert assertion.at < NOON


def test_what_is_contended_still_comes_again_later_and_later_and_in_the_end_fails_aloud() -> None:
    contended = Contended()
    stack = contended.stack
    stack.deliver(sign_in(1))
    delays = []
    for _ in range(MOST_TRIES - 1):
        (link,) = taken(stack)
        delays.append(link.delay)
        take(stack, [link])
    (link,) = taken(stack)
    assert [*delays, link.delay] == [30, 60, 120, 240, 480, 900, 900, 900, 900, 900] == [delay_after(n) for n in range(1, 11)]
    with pytest.raises(Retryable) as failed:
        take(stack, [link])
    assert failed.value.code == CONTENDED
    assert stack.replays.links == []


def test_other_failures_of_the_store_still_hold_the_delivery() -> None:
    stack = Stack()

    def busy(call: Call, perform: Callable[[], Any]) -> Any:
        if call.method == "commit":
            raise Retryable("table_busy", "patience")
        return perform()

    stack.identities = Shim(busy).wrap("identities", stack.identities)
    with pytest.raises(Retryable, match="patience"):
        stack.deliver(sign_in(1))
    assert stack.replays.links == []


def test_an_expired_item_asks_for_no_link() -> None:
    stack = Stack()
    take(stack, [LateLink(key_of(sign_in(1)), tries=1, delay=30)])
    assert stack.profile(HOT).identifiers == {}


def in_spite_of_all(contended: Contended, shim: Shim) -> None:
    """Deliveries during the contention, its end, and the queue until it is empty."""
    stack = contended.stack
    ports: dict[str, Any] = {port: shim.wrap(port, getattr(stack, port)) for port in PORTS}
    worker = replace(stack, **ports, replays=shim.wrap("replay_queue", stack.replays))
    records = stack.write(sign_in(1), item(track(message_id="v", minute=2, userId="hot")), sign_in(3), sign_in(4, "cold"))
    for batch in batched(records, 2, strict=False):
        until_done(partial(worker.stitch, batch))
    contended.end()
    while links := taken(stack):
        for each in links:
            until_done(partial(replay_of(worker).replay, message_of(each.key, link_tries=each.tries)))


def outcome(contended: Contended) -> object:
    stack = contended.stack
    people = [replace(stack.profile(name), version=0) for name in (HOT, "user_id:cold")]
    return people, announced(stack), stack.timeline()


def test_a_crash_at_any_call_changes_nothing_of_the_end() -> None:
    assert assert_same_end(Scenario(Contended, in_spite_of_all, outcome), KILLS) > 20
