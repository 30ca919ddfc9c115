"""A refold ends where folding everything from the log by homes would have ended, and counts nothing twice or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.errors import Conflict, Retryable
from ariane.events.model import LogItem
from ariane.events.packing import pack
from ariane.identity.epochs import later_self
from ariane.identity.ids import person_id
from ariane.identity.model import Side, Transition
from ariane.identity.rules import Identifier
from ariane.profiles import once
from ariane.profiles.fragments import Route, StoredFragment
from ariane.profiles.refolding import follow, needs_background
from ariane.profiles.stitching import StreamRecord
from tests.builders.homes import (
    from_scratch,
    knowledge,
    lift,
    refolded,
    share,
    split,
    stored_by_home,
    stores_of,
)
from tests.builders.profiles import KEY, NOON, RULES, Stack, identify, item, prs, track

TABLET, OTHER = "anonymous_id:tablet", "anonymous_id:z"


def later(text: str) -> str:
    return person_id(later_self(Identifier.parse(text)), KEY)


LATER = later(TABLET)


@pytest.fixture(autouse=True)
def _short_memory() -> Iterator[None]:
    """Four events back, what was applied is no longer certain."""
    with patch.object(once, "RING", 4), patch.object(once, "LATE_RING", 2):
        yield


def view(number: float, *, salt: str = "", name: str = "Product Viewed") -> LogItem:
    return item(track(name, message_id=f"v{number}", minute=number, anonymousId="tablet"), salt=salt)


def views(stack: Stack, *numbers: float) -> None:
    stack.deliver(*(view(number) for number in numbers))


def counted(stack: Stack, own_id: str, name: str = "Product Viewed") -> int:
    seen = stack.profile_of(own_id).occurrences.get(name)
    return seen.count if seen else 0


def test_a_long_history_is_divided_at_the_threshold_and_again_when_it_moves_earlier() -> None:
    stack = Stack()
    views(stack, *range(20))
    for minute, before in ((15, 15), (7, 7), (0, 0)):
        share(stack, TABLET, minute=minute)
        report = refolded(stack, TABLET)
        assert (report.events, counted(stack, prs(TABLET)), counted(stack, LATER)) == (20, before, 20 - before)
        assert stored_by_home(stack, [prs(TABLET), LATER]) == from_scratch(stack)


def test_refolding_again_changes_nothing_that_anybody_sees() -> None:
    stack = Stack()
    views(stack, *range(12))
    share(stack, TABLET, minute=5)
    refolded(stack, TABLET)
    before = stored_by_home(stack, [prs(TABLET), LATER])
    refolded(stack, TABLET)
    assert stored_by_home(stack, [prs(TABLET), LATER]) == before


def test_a_partition_without_events_is_routed_from_then_on() -> None:
    stack = Stack()
    share(stack, TABLET, minute=0)
    assert refolded(stack, TABLET).events == 0
    views(stack, 1)
    assert (counted(stack, prs(TABLET)), counted(stack, LATER)) == (0, 1)


def in_flight(stack: Stack, *items: LogItem) -> list[StreamRecord]:
    """In the log, and not stitched yet."""
    return stack.write(*items)


class TestInFlight:
    """The tablet's history is longer than its memory; then a refold comes between an event's put and its stitching."""

    @pytest.fixture
    def stack(self) -> Stack:
        stack = Stack()
        views(stack, *range(10, 20))
        share(stack, TABLET, minute=15)
        return stack

    def total(self, stack: Stack) -> int:
        assert stored_by_home(stack, [prs(TABLET), LATER]) == from_scratch(stack)
        return counted(stack, prs(TABLET)) + counted(stack, LATER)

    def test_a_fresh_event_is_left_to_its_stitching(self, stack: Stack) -> None:
        records = in_flight(stack, view(21))
        assert refolded(stack, TABLET).events == 10
        stack.stitch(records)
        assert self.total(stack) == 11

    def test_a_late_event_is_counted_by_the_refold_and_not_again(self, stack: Stack) -> None:
        records = in_flight(stack, view(3))
        assert refolded(stack, TABLET).events == 11
        stack.stitch(records)
        stack.stitch(records)
        assert self.total(stack) == 11

    def test_a_late_event_is_counted_once_by_however_many_refolds(self, stack: Stack) -> None:
        records = in_flight(stack, view(3))
        refolded(stack, TABLET)
        share(stack, TABLET, minute=12)
        refolded(stack, TABLET)
        stack.stitch(records)
        refolded(stack, TABLET)
        assert self.total(stack) == 11

    def test_copies_of_a_late_event_count_once_whichever_come_first(self, stack: Stack) -> None:
        for order in (0, 1):
            first, second = view(3 + order), view(3 + order, salt="again")
            one = in_flight(stack, first)
            refolded(stack, TABLET)
            other = in_flight(stack, second)
            for records in ((one, other), (other, one))[order]:
                stack.stitch(records)
        assert self.total(stack) == 12
        assert len([name for name in stack.timeline() if name in ("v3", "v4")]) == 2

    def test_copies_that_were_both_there_count_once(self, stack: Stack) -> None:
        records = in_flight(stack, view(3), view(3, salt="again"), view(21), view(21, salt="again"), view(19, salt="again"))
        refolded(stack, TABLET)
        for sequence, record in enumerate(records[::-1], 1_000):
            stack.stitch([replace(record, sequence=str(sequence))])
        assert self.total(stack) == 12

    def test_what_was_parked_and_is_replayed_after_the_refold_counts_once(self, stack: Stack) -> None:
        (record,) = in_flight(stack, view(3))
        refolded(stack, TABLET)
        stack.stitch([replace(record, sequence=None)])
        stack.stitch([replace(record, sequence=None)])
        assert self.total(stack) == 11

    def test_an_attempt_that_lost_leaves_marks_that_mean_nothing(self, stack: Stack) -> None:
        """It read and marked a late event that the one that won had not seen."""
        records: list[StreamRecord] = []

        def losing(stored: StoredFragment, **options: Any) -> None:
            if stored.fragment.person_id == prs(TABLET):
                raise Retryable("table_busy", "killed before its write")
            write(stored, **options)

        def winning(stored: StoredFragment, **options: Any) -> None:
            if stored.fragment.person_id == prs(TABLET) and not records:
                records.extend(in_flight(stack, view(3)))
                with patch.object(stack.fragments, "save", losing), pytest.raises(Retryable):
                    refolded(stack, TABLET)
            write(stored, **options)

        write = stack.fragments.save
        with patch.object(stack.fragments, "save", winning):
            assert refolded(stack, TABLET).events == 10
        assert all(item.refolded for item in stack.log.items() if item.sort < "2026-11-22T12:12")
        stack.stitch(records)
        assert self.total(stack) == 11

    def test_an_event_that_cannot_be_read_keeps_no_other_from_its_home(self, stack: Stack) -> None:
        whole = view(2)
        poison = replace(whole, messages=({name: value for name, value in whole.messages[0].items() if name != "messageId"},))
        assert stack.stitch(in_flight(stack, poison)).parked
        assert refolded(stack, TABLET).events == 10
        assert counted(stack, LATER) == 5

    def test_what_is_stitched_while_a_refold_reads_is_in_it(self, stack: Stack) -> None:
        scan = stack.log.scan
        records = in_flight(stack, view(21))

        def interrupted(*args: Any, **options: Any) -> Any:
            page = scan(*args, **options)
            while records:
                stack.stitch([records.pop()])
            return page

        with patch.object(stack.log, "scan", interrupted):
            assert refolded(stack, TABLET).attempts == 1
        assert self.total(stack) == 11

    @pytest.mark.parametrize("kind", ["fresh", "late", "later", "copies"])
    def test_a_busy_partition_is_read_once_however_much_is_stitched_meanwhile(self, stack: Stack, kind: str) -> None:
        """A page holds two items, and something is stitched before each, and before each write."""
        numbers = {"fresh": count(30), "late": count(-50), "later": count(-50, -1), "copies": (number // 2 for number in count(60))}[kind]
        arrived: list[int] = []

        def arrive() -> None:
            number = next(numbers)
            arrived.append(number)
            stack.deliver(view(number, salt=str(len(stack.timeline()))))

        def scan(*args: Any, **options: Any) -> Any:
            if len(arrived) < 12:
                arrive()
            return read(*args, **{**options, "limit": 2})

        def save(stored: StoredFragment, **options: Any) -> None:
            if options.get("routed") and len(arrived) < 20 and not arriving:
                arriving.append(True)
                arrive()
                arriving.pop()
            write(stored, **options)

        arriving: list[bool] = []
        read, write = stack.log.scan, stack.fragments.save
        with patch.object(stack.log, "scan", scan), patch.object(stack.fragments, "save", save):
            assert refolded(stack, TABLET).attempts == 1
        assert self.total(stack) == 10 + len(set(arrived))

    def test_writers_that_keep_coming_are_told_to_come_again(self, stack: Stack) -> None:
        def always(*_: Any, **__: Any) -> None:
            raise Conflict("fragment_changed", "another came between")

        with patch.object(stack.fragments, "save", always), pytest.raises(Retryable):
            refolded(stack, TABLET)


class TestExpiry:
    def test_what_has_expired_from_the_log_stays_with_the_partition_s_own(self) -> None:
        stack = Stack()
        stack.deliver(item(identify(message_id="i1", minute=-9, anonymousId="tablet", traits={"plan": "free", "city": "Lyon"})))
        views(stack, *range(8))
        stack.deliver(item(identify(message_id="i2", minute=9, anonymousId="tablet", traits={"plan": "gold"})))
        for each in stack.log.items():
            if each.sort < "2026-11-22T12:03":
                del stack.log._items[each.person_id, each.sort]
        share(stack, TABLET, minute=6)
        for _ in range(2):
            refolded(stack, TABLET)
            mine, theirs = stack.profile_of(prs(TABLET)), stack.profile_of(LATER)
            assert (mine.occurrences["Product Viewed"].count, theirs.occurrences["Product Viewed"].count) == (6, 2)
            assert (dict(mine.traits), dict(theirs.traits)) == ({"city": "Lyon"}, {"plan": "gold"})
            assert mine.first_seen is not None
            assert mine.first_seen < NOON

    def test_what_expired_after_a_first_refold_is_not_lost_at_the_second(self) -> None:
        stack = Stack()
        views(stack, *range(8))
        share(stack, TABLET, minute=4)
        refolded(stack, TABLET)
        for each in stack.log.items():
            if each.sort < "2026-11-22T12:06":
                del stack.log._items[each.person_id, each.sort]
        refolded(stack, TABLET)
        assert counted(stack, prs(TABLET)) + counted(stack, LATER) == 8


class TestManyHomes:
    """More than one transaction takes: a kiosk's app with a new anonymous id each time."""

    KIOSK = "device_id:kiosk"

    def sessions(self, stack: Stack, *numbers: int) -> list[LogItem]:
        context = {"device": {"id": "kiosk"}}
        items = [
            replace(
                item(track(message_id=f"s{number}", minute=number, anonymousId=f"s{number}", context=context)), person_id=prs(self.KIOSK)
            )
            for number in numbers
        ]
        stack.write(*items)
        return items

    def test_each_home_has_its_own(self) -> None:
        stack = Stack()
        self.apply(stack, *range(1, 300))
        share(stack, self.KIOSK, minute=10)
        assert refolded(stack, self.KIOSK).homes == 291
        homes = [prs(self.KIOSK), *(prs(f"anonymous_id:s{number}") for number in range(1, 300))]
        assert stored_by_home(stack, homes) == from_scratch(stack)

    @pytest.mark.parametrize("saves", [1, 2, 290, 291, 292, 293])
    def test_a_crash_between_the_transactions_is_mended_by_the_next_refold(self, saves: int) -> None:
        stack = Stack()
        self.apply(stack, *range(1, 300))
        old = [each for each in stack.log.items() if each.sort < "2026-11-22T12:03"]
        for each in old:
            del stack.log._items[each.person_id, each.sort]
        share(stack, self.KIOSK, minute=10)
        original = stack.fragments.save
        done: list[bool] = []

        def save(*args: Any, **options: Any) -> None:
            if len(done) == saves:
                raise Retryable("table_busy", "patience")
            done.append(True)
            original(*args, **options)

        with patch.object(stack.fragments, "save", save), pytest.raises(Retryable):
            refolded(stack, self.KIOSK)
        refolded(stack, self.KIOSK)
        homes = [prs(self.KIOSK), *(prs(f"anonymous_id:s{number}") for number in range(1, 300))]
        found = stored_by_home(stack, homes)
        assert sum(each.tallies["Product Viewed"].times for each in found.values()) == 299
        assert found[prs(self.KIOSK)].tallies["Product Viewed"].times == 9

    def apply(self, stack: Stack, *numbers: int) -> None:
        """As if the kiosk's own partition had been stitched."""
        items = self.sessions(stack, *numbers)
        stack.stitch([StreamRecord(each, str(number)) for number, each in enumerate(items, 1)])


def test_only_a_long_history_is_left_to_the_background() -> None:
    stack = Stack()
    stack.write(*(view(number) for number in range(30)))
    assert needs_background(prs(TABLET), stack.log, most=29)
    assert not needs_background(prs(TABLET), stack.log, most=30)


def test_following_a_transition_refolds_what_is_small_and_hands_over_what_is_not() -> None:
    stack = Stack()
    views(stack, *range(5))
    share(stack, TABLET, minute=2)
    share(stack, OTHER, minute=2)
    put: list[Any] = []

    class Queue:
        def put(self, jobs: Any, *, delay: int = 0) -> None:
            put.extend(jobs)

    stack.log._items |= {
        (prs(OTHER), each.sort): (replace(each, person_id=prs(OTHER), messages=()), packed)
        for number in range(1_001)
        for each, packed in [(logged, pack(logged.messages)) for logged in [view(number, salt="o")]]
    }
    transition = Transition(cause="c", at=NOON, refold=(prs(TABLET), prs(OTHER)), quarantined="clu_1")
    follow([transition, transition], stores=stores_of(stack), key=KEY, rules=RULES, background=Queue())
    assert counted(stack, LATER) == 3
    assert sorted(type(job).__name__ for job in put) == ["ClusterJob", "RefoldJob"]


def test_no_more_than_a_few_partitions_are_refolded_while_an_event_waits() -> None:
    put: list[Any] = []

    class Queue:
        def put(self, jobs: Any, *, delay: int = 0) -> None:
            put.extend(jobs)

    stack = Stack()
    many = tuple(prs(f"device_id:d{number}") for number in range(2_000))
    follow([Transition(cause="c", at=NOON, refold=many)], stores=stores_of(stack), key=KEY, rules=RULES, background=Queue())
    assert len(put) == 1_995


# whatever happens, in whatever order

DEVICES = ("tablet", "z")
MINUTES = st.integers(0, 40)
NUMBERS = st.integers(0, 2)


@st.composite
def messages(draw: st.DrawFn) -> Any:
    number, minute = draw(NUMBERS), draw(MINUTES)
    kind = draw(st.sampled_from(["tablet", "tablet", "both", "mail", "mail", "z", "user"]))
    event, city = draw(st.sampled_from(["A", "B"])), draw(st.sampled_from(["Lyon", "Nice"]))
    said = f"{kind}{number}-{minute}{event}{city}"
    named: dict[str, dict[str, Any]] = {
        "tablet": {"anonymousId": "tablet"},
        "z": {"anonymousId": "z"},
        "both": {"anonymousId": "tablet", "context": {"externalIds": [{"type": "anonymous_id", "id": "z"}]}},
        "user": {"userId": "u1"},
        "mail": {"userId": "u1", "traits": {"email": "a@b.fr", "city": city}},
    }
    who = named[kind]
    if kind == "mail":
        return identify(message_id=said, minute=minute, **who)
    return track(event, message_id=said, minute=minute, **{"anonymousId": None, **who})


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("log"), st.lists(messages(), min_size=1, max_size=8), st.sampled_from(["", "", "again"])),
        st.tuples(st.just("stitch"), st.integers(0, 9)),
        st.tuples(st.just("stitch"), st.integers(0, 9)),
        st.tuples(st.just("share"), st.sampled_from(DEVICES), MINUTES),
        st.tuples(st.just("split"), st.sampled_from([Side.LEFT, Side.RIGHT, None])),
        st.tuples(st.just("lift")),
        st.tuples(st.just("refold"), st.sampled_from([TABLET, OTHER, "user_id:u1", "email:a@b.fr"])),
    ),
    min_size=8,
    max_size=40,
)


class World:
    """Every change of identities is followed by the refolds that it asks for, though not at once."""

    def __init__(self) -> None:
        self.stack = Stack()
        self.waiting: list[StreamRecord] = []
        self.asked: list[str] = []
        self.since: dict[str, int] = {}
        self.splits = 0
        self.is_split = False

    def log(self, messages: list[Any], salt: str) -> None:
        for message in messages:
            named = {name: value for name, value in message.items() if value is not None}
            self.waiting += self.stack.write(item(named, salt=salt))

    def stitch(self, count: int) -> None:
        batch, self.waiting = self.waiting[: count + 1], self.waiting[count + 1 :]
        assert not self.stack.stitch(batch).parked

    def share(self, device: str, minute: int) -> None:
        if minute < self.since.get(device, 99):
            self.since[device] = minute
            share(self.stack, f"anonymous_id:{device}", minute=minute)
            self.asked += [TABLET, OTHER]

    def split(self, events_to: Side | None) -> None:
        if not self.is_split:
            self.is_split = True
            self.splits += 1
            split(self.stack, ["user_id:u1"], ["email:a@b.fr"], events_to=events_to, name=f"spl_{self.splits}", minute=self.splits)
            self.asked += ["user_id:u1", "email:a@b.fr"]

    def lift(self) -> None:
        if self.is_split:
            self.is_split = False
            lift(self.stack, f"spl_{self.splits}")
            self.asked += ["user_id:u1", "email:a@b.fr"]

    def refold(self, text: str) -> None:
        refolded(self.stack, text)

    def settle(self) -> None:
        for text in dict.fromkeys(self.asked):
            refolded(self.stack, text)
        while self.waiting:
            self.stitch(3)


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_whatever_happens_in_whatever_order_each_home_has_what_the_log_says_is_its_own(steps: list[Any]) -> None:
    world = World()
    with patch.object(once, "RING", 2), patch.object(once, "LATE_RING", 1):
        for name, *arguments in steps:
            getattr(world, name)(*arguments)
        world.settle()
    stack = world.stack
    homes = [prs(TABLET), prs(OTHER), prs("user_id:u1"), prs("email:a@b.fr"), LATER, later(OTHER)]
    assert stored_by_home(stack, homes) == from_scratch(stack)


def test_what_a_routed_row_knows_has_no_memory_of_its_own() -> None:
    stack = Stack()
    views(stack, 1, 2)
    share(stack, TABLET, minute=0)
    refolded(stack, TABLET)
    views(stack, 3)
    row = stack.fragments.load_routed([Route(LATER, prs(TABLET))])[Route(LATER, prs(TABLET))]
    assert row.recent == once.Recent()
    assert knowledge(row) == from_scratch(stack)[LATER]
