"""What cannot be stitched is parked, and what it had already brought about is announced all the same."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.errors import Permanent, Retryable
from ariane.events.model import SourceKind
from ariane.profiles.announcing import Fact, Unannounceable
from ariane.profiles.stitching import StreamRecord
from tests.builders.profiles import Stack, identify, item, prs, track


class Failing:
    """A port of which one method raises."""

    def __init__(self, port: Any, method: str, error: Exception) -> None:
        self._port = port
        self._method = method
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return self._fail if name == self._method else getattr(self._port, name)

    def _fail(self, *_: Any, **__: Any) -> None:
        raise self._error


REFUSED = Permanent("table_refused", "the table refuses the request: ValidationException")
FAULTS: dict[str, Callable[[Stack], None]] = {
    "consents": lambda stack: setattr(stack, "consents", Failing(stack.consents, "record", REFUSED)),
    "fragments": lambda stack: setattr(stack, "fragments", Failing(stack.fragments, "save", REFUSED)),
    "a bug": lambda stack: setattr(stack, "fragments", Failing(stack.fragments, "save", KeyError("a@b.fr"))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_merge_of_a_record_that_is_parked_is_announced(fault: str) -> None:
    stack = Stack()
    FAULTS[fault](stack)
    consent = track("Consent Withdrawn", message_id="c1", userId="u1", anonymousId="a1")
    records = stack.write(item(consent), item(track(message_id="m2", minute=1, userId="u1", anonymousId="a1")))
    report = stack.stitch(records[:1])

    assert len(report.parked) == 1
    assert set(stack.profile("user_id:u1").identifiers.values()) >= {"anonymous_id:a1"}
    (merged,) = stack.announced("Profile Merged")
    assert (merged["into"], merged["from"]) == (prs("user_id:u1"), [prs("anonymous_id:a1")])
    assert merged["cause"] == f"{records[0].item.person_id}/{records[0].item.sort}/0"


def test_the_merges_of_a_parked_record_that_cannot_be_read_yet_fail_the_batch() -> None:
    stack = Stack()
    FAULTS["fragments"](stack)
    stack.identities = Failing(stack.identities, "transition", Retryable("table_busy", "patience"))
    with pytest.raises(Retryable):
        stack.deliver(item(identify(message_id="m1", userId="u1", anonymousId="a1")))


def test_an_event_of_the_end_of_the_calendar_is_stitched() -> None:
    """Its copies are looked for around its own time, in a log that a ring has long forgotten."""
    stack = Stack(log=MemoryEventLog())
    for number in range(45):
        stack.deliver(item(track(message_id=f"m{number}", minute=number)))
    late = track("Order Completed", message_id="late", minute=50) | {"originalTimestamp": "9999-12-31T23:59:59.999Z"}
    report = stack.deliver(item(late), item(late, salt="again"))
    assert not report.parked
    assert stack.profile("anonymous_id:a1").occurrences["Order Completed"].count == 1


def test_records_of_one_person_that_come_out_of_order_are_all_applied() -> None:
    """The stream orders one item's changes; a busy person's items may lie on two shards."""
    stack = Stack()
    properties = {"topic": "offers", "channel": "email"}
    server: Any = partial(item, source="backend", kind=SourceKind.SERVER)
    withdrawn = track("Consent Withdrawn", message_id="w1", userId="u1", anonymousId="a1", properties=properties)
    first, second = stack.write(server(withdrawn), server(track(message_id="m2", minute=1, userId="u1", anonymousId=None)))
    for records in ([second], [first], [first, second]):
        stack.stitch(records)

    profile = stack.profile("user_id:u1")
    assert {name: seen.count for name, seen in profile.occurrences.items()} == {"Consent Withdrawn": 1, "Product Viewed": 1}
    assert set(profile.identifiers.values()) == {"user_id:u1", "anonymous_id:a1"}
    assert [state.granted for state in stack.consents.states([prs("user_id:u1")])] == [False]


def test_a_copy_without_a_time_of_its_own_stays_a_copy_when_it_is_delivered_again_after_the_ring_forgot() -> None:
    stack = Stack()

    def untimed(minute: float, salt: str) -> StreamRecord:
        message = track("Order Completed", message_id="o1", minute=minute)
        del message["originalTimestamp"]
        (record,) = stack.write(item(message, received_minute=minute, salt=salt))
        return record

    records = [untimed(0, "first"), untimed(100, "retry")]
    records += stack.write(item(*(track(message_id=f"m{number}", minute=1 + number) for number in range(60))))
    stack.stitch(records)
    stack.stitch(records)
    assert stack.profile("anonymous_id:a1").occurrences["Order Completed"].count == 1


def test_a_fragment_that_cannot_be_decoded_parks_its_own_persons_records_alone() -> None:
    stack = Stack()
    stack.deliver(item(track(message_id="m1")))
    stack.fragments._rows[prs("anonymous_id:a1")] = (b"\xff no fragment", 1, None, None)
    own = [item(track(message_id=f"m{number}", minute=number)) for number in (2, 3)]
    report = stack.deliver(*own, item(track(message_id="m4", anonymousId="a2")))

    assert [(parked.person_id, parked.code) for parked in report.parked] == [(prs("anonymous_id:a1"), "fragment_unreadable")] * 2
    assert stack.profile("anonymous_id:a2").occurrences["Product Viewed"].count == 1
    assert (report.records, report.announced) == (3, 1)


class Choosy(MemoryAnnouncer):
    """A bus that takes no merge."""

    def publish(self, facts: Sequence[Fact]) -> None:
        super().publish([fact for fact in facts if fact.kind != "Profile Merged"])
        refused = [fact for fact in facts if fact.kind == "Profile Merged"]
        if refused:
            raise Unannounceable(refused, "the bus will never take 1 of the facts: InvalidArgument")


def test_a_fact_that_the_bus_will_never_take_parks_its_own_record_and_holds_nobody_up() -> None:
    stack = Stack(announcer=Choosy())
    merging = item(identify(message_id="m1", userId="u1", anonymousId="a1"))
    report = stack.deliver(merging, item(track(message_id="m2", anonymousId="a2")))

    assert [(parked.person_id, parked.code) for parked in report.parked] == [(merging.person_id, "fact_refused")]
    assert len(stack.announced("Event")) == 2
    assert set(stack.profile("user_id:u1").identifiers.values()) == {"user_id:u1", "anonymous_id:a1"}


def test_what_the_bus_refused_is_told_when_the_parked_record_is_stitched_again() -> None:
    stack = Stack(announcer=Choosy())
    records = stack.write(item(identify(message_id="m1", userId="u1", anonymousId="a1")))
    stack.stitch(records)
    stack.announcer = MemoryAnnouncer()
    stack.stitch(records)
    assert len(stack.announced("Profile Merged")) == 1
