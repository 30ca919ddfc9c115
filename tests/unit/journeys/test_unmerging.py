"""Runs after a split: who stays, who leaves as ``unmerged``, and whose an entry event is."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.events.model import LogItem, Message
from ariane.identity.epochs import later_self
from ariane.identity.ids import person_id
from ariane.identity.model import Evidence, Head, Side, Split, Summary
from ariane.identity.rules import Identifier
from ariane.journeys.admission import Refusal
from ariane.journeys.enrolment import Enrolment, Status
from ariane.journeys.unmerging import EntryHomes
from tests.builders.journeys import CART, CONFIRMATION, NOON, Theatre, fact, merged_into, profile
from tests.builders.profiles import KEY, RULES, item, prs, track

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TOGETHER = merged_into(profile("prs_a"), "prs_b")
APART = (profile("prs_a"), profile("prs_b"))


@pytest.fixture
def theatre() -> Theatre:
    theatre = Theatre()
    theatre.publish(CART, CONFIRMATION)
    theatre.profiles.put(TOGETHER)
    return theatre


def of_b(id: str = "mb", **fields: Any) -> dict[str, Any]:  # noqa: A002
    """An event of the one who is taken for a part of ``prs_a``."""
    return fact(id=id, **fields) | {"fragment": "prs_b"}


def ends(theatre: Theatre) -> list[tuple[str, str, Status, str | None]]:
    return [(run.profile, run.key, run.status, run.reason) for run in theatre.all_runs()]


def test_only_the_runs_that_the_split_off_events_began_leave_as_unmerged(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="a"))
    theatre.enter("cart", of_b(cart_id="b"))
    theatre.profiles.put(*APART)

    assert theatre.parted("prs_a", "prs_a", "prs_b") == "unmerged 1"

    assert ends(theatre) == [("prs_a", "a", Status.RUNNING, None), ("prs_a", "b", Status.EXITED, "unmerged")]
    theatre.pass_time(2 * HOUR)
    assert {request.key for request in theatre.send_queue.requests} == {"a"}


def test_a_run_held_under_the_id_of_the_part_that_it_belongs_to_goes_on(theatre: Theatre) -> None:
    theatre.profiles.put(*APART)
    theatre.enter("cart", fact(id="mb", cart_id="b", profile="prs_b"))
    theatre.profiles.put(TOGETHER)
    theatre.profiles.put(*APART)

    assert theatre.parted("prs_a", "prs_b") == "unmerged 0"
    assert ends(theatre) == [("prs_b", "b", Status.RUNNING, None)]


def test_the_same_split_told_again_changes_nothing(theatre: Theatre) -> None:
    theatre.enter("cart", of_b(cart_id="b"))
    theatre.profiles.put(*APART)
    theatre.parted("prs_a", "prs_b")
    before = theatre.only_run()

    assert theatre.parted("prs_a", "prs_b") == "unmerged 0"
    assert theatre.only_run() == before


def test_a_run_of_a_device_ends_when_its_event_turns_out_to_be_after_the_second_account(theatre: Theatre) -> None:
    theatre.enter("cart", fact(id="early", cart_id="a"))
    theatre.enter("cart", fact(id="late", cart_id="b"))
    theatre.homes.moved["late"] = "prs_later"

    assert theatre.parted("prs_a", rehomed=["prs_a"]) == "unmerged 1"
    assert [(run.key, run.status) for run in theatre.all_runs()] == [("a", Status.RUNNING), ("b", Status.EXITED)]


def test_an_entry_that_was_announced_before_the_split_starts_with_whom_it_is_now(theatre: Theatre) -> None:
    theatre.profiles.put(*APART)
    theatre.parted("prs_a", "prs_b")

    theatre.enter("cart", of_b(cart_id="b"))

    assert ends(theatre) == [("prs_b", "b", Status.RUNNING, None)]


def test_an_exit_that_was_announced_before_the_split_ends_no_run_of_the_other(theatre: Theatre) -> None:
    theatre.enter("cart", fact(cart_id="a"))
    theatre.profiles.put(*APART)

    assert theatre.awaited(of_b(event="Order Completed", at=NOON + MINUTE)) == "exited 0"


def test_a_split_between_the_look_and_the_commit_still_ends_the_run(theatre: Theatre) -> None:
    class LateSplit:
        """The two part right before the run is written: whoever looks for runs to end finds none."""

        def __getattr__(self, name: str) -> object:
            return getattr(theatre.runs, name)

        def create(self, run: object) -> None:
            theatre.profiles.put(*APART)
            assert theatre.parted("prs_a", "prs_b") == "unmerged 0"
            theatre.runs.create(run)

    told = {"kind": "entry", "journey": "confirmation", "fact": of_b(event="Order Completed", order_id="o")}
    theatre.deliver(told, theatre.runner(runs=LateSplit()))

    assert ends(theatre) == [("prs_a", "o", Status.EXITED, "unmerged")]
    assert theatre.send_queue.requests == []


def test_a_merge_that_is_heard_before_the_split_ends_no_run_for_a_stray(theatre: Theatre) -> None:
    """Both have the key c1; the stray is the older, and would go on in place of the rightful one."""
    theatre.enter("cart", of_b(cart_id="c1"))
    theatre.profiles.put(*APART)
    own = replace(theatre.only_run(), number=1, fact=fact(id="own", cart_id="c1", at=NOON + MINUTE), lock=0)
    theatre.runs.create(own)

    theatre.merged("prs_a")

    assert [(run.number, run.status) for run in theatre.all_runs()] == [(0, Status.EXITED), (1, Status.RUNNING)]


def test_a_run_that_began_after_the_look_at_its_holder_is_not_taken_for_a_stray(theatre: Theatre) -> None:
    """The two meet again, and a run of them begins, between the look at the profile and the look for runs."""
    theatre.profiles.put(*APART)

    class Late:
        def __getattr__(self, name: str) -> object:
            return getattr(theatre.runs, name)

        def runs(self, ids: Collection[str], prefix: str = "E#") -> list[Enrolment]:
            theatre.profiles.put(TOGETHER)
            theatre.enter("cart", of_b(cart_id="b"))
            return list(theatre.runs.runs(ids, prefix))

    told = {"kind": "split", "fact": {"from": "prs_a", "into": ["prs_b"]}}
    assert theatre.deliver(told, theatre.runner(runs=Late())) == "unmerged 0"


def test_runs_that_were_another_persons_count_for_no_re_entry(theatre: Theatre) -> None:
    theatre.enter("confirmation", of_b(event="Order Completed", order_id="o1"))
    theatre.profiles.put(*APART)
    theatre.parted("prs_a", "prs_b")

    assert theatre.enter("confirmation", fact("Order Completed", id="ma", order_id="o1")) == "entered"
    assert [(run.number, run.status) for run in theatre.all_runs()] == [(0, Status.EXITED), (1, Status.RUNNING)]


def test_the_entry_that_began_an_unmerged_run_starts_none_when_it_comes_again(theatre: Theatre) -> None:
    theatre.enter("cart", of_b(cart_id="b"))
    theatre.profiles.put(*APART)
    theatre.parted("prs_a", "prs_b")

    assert theatre.enter("cart", of_b(cart_id="b")) == "repeated"
    assert len(theatre.all_runs()) == 1


def test_without_an_un_merge_a_run_that_ended_still_counts(theatre: Theatre) -> None:
    theatre.enter("confirmation", fact("Order Completed", order_id="o1"))
    theatre.deliver(theatre.outcome_of())

    assert theatre.enter("confirmation", of_b(event="Order Completed", order_id="o1")) == Refusal.TOO_OFTEN


class People:
    def __init__(self, *heads: Head, splits: Collection[Split] = ()) -> None:
        self._heads = {head.person_id: head for head in heads}
        self._splits = {split.id: split for split in splits}

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        return {each: self._heads[each] for each in person_ids if each in self._heads}

    def splits(self, ids: Collection[str]) -> Mapping[str, Split]:
        return {each: self._splits[each] for each in ids if each in self._splits}


DEVICE = Identifier("anonymous_id", "a1")


def shared(since: datetime) -> Head:
    accounts = {"u1": NOON - DAY, "u2": since}
    return Head(person_id=prs(str(DEVICE)), identifier=DEVICE, version=2, evidence=Evidence(accounts=accounts))


def logged(*messages: Message) -> tuple[MemoryEventLog, LogItem]:
    log = MemoryEventLog()
    each = item(*messages)
    log.append(each)
    return log, each


def fact_of(logged_item: LogItem, place: int = 0) -> dict[str, Any]:
    at = str(logged_item.messages[place]["timestamp"])
    who = logged_item.person_id
    return {"fragment": who, "profile": who, "timestamp": at, "cause": f"{who}/{logged_item.sort}/{place}"}


def homes(log: MemoryEventLog, people: People) -> EntryHomes:
    return EntryHomes(log, people, rules=lambda: RULES, key=lambda: KEY)


@pytest.mark.parametrize("asked", ["home", "at_entry"])
def test_from_the_second_account_on_a_devices_events_are_its_later_selfs(asked: str) -> None:
    log, each = logged(track(message_id="m1", minute=-1), track(message_id="m2", minute=0))
    found = homes(log, People(shared(since=NOON)))

    assert getattr(found, asked)(fact_of(each, 0)) == each.person_id
    assert getattr(found, asked)(fact_of(each, 1)) == person_id(later_self(DEVICE), KEY)


def split(**fields: Any) -> Split:
    left, right = frozenset([Identifier("user_id", "u1")]), frozenset([Identifier("email", "a@b.fr")])
    return Split(id="spl_1", left=left, right=right, at=NOON, by="till", why="mistyped", **fields)


@pytest.mark.parametrize("asked", ["home", "at_entry"])
@pytest.mark.parametrize(("events_to", "owner"), [(None, "user_id:u1"), (Side.LEFT, "user_id:u1"), (Side.RIGHT, "email:a@b.fr")])
def test_an_event_with_both_sides_identifiers_is_whose_the_split_says(asked: str, events_to: Side | None, owner: str) -> None:
    log, each = logged(track(message_id="m1", userId="u1", context={"traits": {"email": "a@b.fr"}}))
    head = Head(person_id=prs("user_id:u1"), identifier=Identifier("user_id", "u1"), summary=Summary(left=frozenset(["spl_1"])))
    found = homes(log, People(head, splits=[split(events_to=events_to)]))

    assert getattr(found, asked)(fact_of(each)) == prs(owner)


def test_what_the_log_has_forgotten_stays_whose_it_was() -> None:
    _, each = logged(track(message_id="m1"))

    assert homes(MemoryEventLog(), People(shared(since=NOON))).home(fact_of(each)) == each.person_id


@pytest.mark.parametrize("cause", ["", "x", "prs_a/2026/9", "prs_a//0", "prs_a/s/-1"])
def test_a_cause_that_names_no_event_stays_with_its_fragment(cause: str) -> None:
    log, each = logged(track(message_id="m1"))

    assert homes(log, People()).home(fact_of(each) | {"cause": cause}) == each.person_id
