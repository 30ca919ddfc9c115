"""The log's two sides, memory and DynamoDB."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import boto3
import pytest

from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.event_log import DynamoEventLog
from ariane.adapters.aws.signed_client import DYNAMODB
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.events.log import EventHistory, EventLog
from ariane.events.model import LogItem
from ariane.instants import parse_instant
from tests.builders.events import a_log_item
from tests.builders.moto_endpoint import REGION, make_table, moto_endpoint

PERSON = a_log_item().person_id


@dataclass
class Log:
    appends: EventLog
    reads: EventHistory


@pytest.fixture(params=["memory", "dynamodb"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    if request.param == "memory":
        memory = MemoryEventLog()
        yield Log(memory, memory)
        return
    with moto_endpoint() as endpoint:
        make_table("events")
        appends = DynamoEventLog(endpoint.client(DYNAMODB), table="events", retention=timedelta(days=760))
        yield Log(appends, DynamoEventHistory(boto3.client("dynamodb", region_name=REGION), table="events"))


def at(minute: int, digest: str = "0123456789abcdef") -> LogItem:
    return a_log_item(sort=f"2026-11-22T05:{minute:02d}:00.000Z#{digest}")


def test_an_item_is_read_as_it_was_appended(log: Log) -> None:
    item = a_log_item(
        {
            "type": "track",
            "event": "É",
            "messageId": "1",
            "timestamp": "2026-11-22T05:29:00.000Z",
            "context": {"ip": "1.2.3.0", "app": {"a": 1}},
        },
        {"type": "page", "messageId": "2", "timestamp": "2026-11-22T05:29:01.000Z", "context": {"ip": "1.2.3.0"}},
    )

    assert log.appends.append(item) is True
    assert log.reads.get(item.person_id, item.sort) == item


def test_what_is_not_there_is_none(log: Log) -> None:
    assert log.reads.get(PERSON, "2026-11-22T05:29:00.000Z#0123456789abcdef") is None


def test_a_second_append_changes_nothing_and_says_so(log: Log) -> None:
    first = a_log_item()
    log.appends.append(first)

    assert log.appends.append(replace(first, source="other")) is False
    assert log.reads.get(first.person_id, first.sort) == first


def test_pages_hold_one_persons_items_in_order(log: Log) -> None:
    for item in (at(3), at(1), at(2), replace(at(1), person_id="prs_other")):
        log.appends.append(item)

    assert [item.sort for item in log.reads.page(PERSON).items] == [at(1).sort, at(2).sort, at(3).sort]
    assert [item.sort for item in log.reads.page(PERSON, newest_first=True).items] == [at(3).sort, at(2).sort, at(1).sort]


def test_a_range_holds_its_two_ends(log: Log) -> None:
    for minute in range(1, 6):
        log.appends.append(at(minute))

    page = log.reads.page(PERSON, since=parse_instant("2026-11-22T05:02:00Z"), until=parse_instant("2026-11-22T05:04:00Z"))

    assert [item.sort for item in page.items] == [at(2).sort, at(3).sort, at(4).sort]


def test_a_range_may_end_with_the_calendar(log: Log) -> None:
    log.appends.append(at(1))
    last = a_log_item(sort="9999-12-31T23:59:59.999Z#0123456789abcdef")
    log.appends.append(last)

    page = log.reads.page(PERSON, since=parse_instant("0001-01-01T00:00:00Z"), until=parse_instant("9999-12-31T23:59:59.999999Z"))

    assert [item.sort for item in page.items] == [at(1).sort, last.sort]


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_follow_each_other_without_gap_or_repeat(log: Log, newest_first: bool) -> None:
    for minute in range(1, 8):
        log.appends.append(at(minute))

    seen, cursor = [], None
    for _ in range(7):
        page = log.reads.page(PERSON, limit=3, newest_first=newest_first, cursor=cursor)
        seen += [item.sort for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break

    assert cursor is None
    assert seen == sorted((at(minute).sort for minute in range(1, 8)), reverse=newest_first)


def test_duplicates_are_marked_and_add_up(log: Log) -> None:
    item = a_log_item()
    log.appends.append(item)

    log.reads.mark_duplicates(item.person_id, item.sort, {2})
    log.reads.mark_duplicates(item.person_id, item.sort, {0, 2})
    log.reads.mark_duplicates(item.person_id, item.sort, set())

    found = log.reads.get(item.person_id, item.sort)
    assert found is not None
    assert found.duplicates == {0, 2}


def test_marking_an_item_that_is_gone_makes_none(log: Log) -> None:
    log.reads.mark_duplicates(PERSON, at(1).sort, {0})

    assert log.reads.get(PERSON, at(1).sort) is None


def test_a_scan_reads_everything_page_by_page(log: Log) -> None:
    items = [at(minute) for minute in range(7)]
    for item in items:
        log.appends.append(item)
    log.appends.append(replace(items[0], person_id="prs_bbbbbbbbbbbbbbbbbbbbbbbbbb"))
    found: list[LogItem] = []
    cursor: str | None = None
    while True:
        page = log.reads.scan(PERSON, limit=3, cursor=cursor)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert found == items


def test_what_a_refold_counted_is_marked_beside_what_others_did(log: Log) -> None:
    items = [at(1), at(2)]
    for item in items:
        log.appends.append(item)
    log.reads.mark_refolded(PERSON, [(items[0].sort, "1:0,1"), (items[1].sort, "1:0"), ("2026-01-01T00:00:00.000Z#gone", "1:0")])
    log.reads.mark_refolded(PERSON, [(items[0].sort, "2:0"), (items[0].sort, "1:0,1")])
    log.reads.mark_duplicates(PERSON, items[0].sort, [0])
    first, second = log.reads.scan(PERSON).items
    assert (set(first.refolded), set(first.duplicates), set(second.refolded)) == ({"1:0,1", "2:0"}, {0}, {"1:0"})
    assert log.reads.get(PERSON, items[0].sort) == first
    log.reads.mark_refolded(PERSON, [])


def test_more_marks_than_are_made_at_once_are_all_made(log: Log) -> None:
    items = [at(minute) for minute in range(40)]
    for item in items:
        log.appends.append(item)
    log.reads.mark_refolded(PERSON, [(item.sort, "a:0") for item in items])
    assert all(item.refolded == {"a:0"} for item in log.reads.scan(PERSON).items)
