"""The rejects store with its counter, memory and DynamoDB with S3."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from ariane.adapters.aws.reject_counter import DynamoRejectCounter
from ariane.adapters.aws.reject_reader import DynamoRejectReader
from ariane.adapters.aws.rejects import DynamoRejectWriter
from ariane.adapters.aws.signed_client import DYNAMODB
from ariane.adapters.memory.reject_counter import MemoryRejectCounter
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.events.log import Reject, RejectCount, RejectHistory, RejectStore, Retried, Shape, StoredReject, Transport
from ariane.events.model import SourceKind
from ariane.events.rejects import RejectCounter, Tally
from tests.builders.events import RECEIVED
from tests.builders.moto_endpoint import REGION, make_reject_stores, moto_endpoint

DAY = "2026-11-22"
SUPPORT = Retried(RECEIVED + timedelta(hours=1), "support")


@dataclass
class Rejects:
    writes: RejectStore
    reads: RejectHistory
    counter: RejectCounter


@pytest.fixture(params=["memory", "dynamodb"])
def rejects(request: pytest.FixtureRequest) -> Iterator[Rejects]:
    if request.param == "memory":
        memory = MemoryRejects()
        yield Rejects(memory, memory, MemoryRejectCounter(memory))
        return
    with moto_endpoint() as endpoint:
        make_reject_stores()
        reads = DynamoRejectReader(
            boto3.client("dynamodb", region_name=REGION),
            table="rejects",
            s3=boto3.client("s3", region_name=REGION),
            bucket="reject-bodies",
        )
        slim = endpoint.client(DYNAMODB)
        writes = DynamoRejectWriter(slim, table="rejects", bucket=endpoint.bucket("reject-bodies"))
        yield Rejects(writes, reads, DynamoRejectCounter(slim, table="rejects"))


def a_reject(**fields: Any) -> Reject:
    values: dict[str, Any] = {"source": "site", "at": RECEIVED, "code": "event_missing", "message": "no event", "index": 0, "body": b"{}"}
    return Reject(**(values | fields))


def listed(rejects: Rejects, **asked: Any) -> list[StoredReject]:
    return list(rejects.reads.of_day(DAY, **asked)[0])


def only(rejects: Rejects) -> StoredReject:
    (row,) = listed(rejects, with_retried=True)
    stored = rejects.reads.get(row.id)
    assert stored is not None
    return stored


TRANSPORT = Transport(
    method="POST",
    path="/v1/batch",
    headers={"user-agent": "Mozilla/5.0"},
    query=(("a", "1"), ("a", "2")),
    source_ip="203.0.113.0",
    batch={"sentAt": "2026-11-22T05:29:59.000Z", "context": {"locale": "fr-FR"}},
    is_compressed=True,
)


@pytest.mark.parametrize(
    "reject",
    [
        a_reject(),
        a_reject(kind=SourceKind.BROWSER, transport=TRANSPORT),
        a_reject(index=None, shape=Shape.REQUEST, body=b"\x00\xff not JSON", transport=replace(TRANSPORT, is_partial=True)),
        a_reject(index=None, shape=Shape.RECORD, source="", kept_at=RECEIVED + timedelta(minutes=1)),
        a_reject(body=b"", is_untold=True),
        a_reject(body=random.Random(1).randbytes(5_000)),
        a_reject(body=random.Random(1).randbytes(65_536)),
        a_reject(body=b"x" * 3_000_000),
    ],
)
def test_a_reject_is_read_as_it_was_kept(rejects: Rejects, reject: Reject) -> None:
    rejects.writes.put([reject])

    stored = only(rejects)
    assert stored.reject == replace(reject, kept_at=reject.kept_at or reject.at)
    assert (stored.size, stored.is_truncated, stored.retried) == (len(reject.body), False, None)


def test_a_body_that_does_not_compress_is_kept_up_to_a_megabyte_and_says_so(rejects: Rejects) -> None:
    body = random.Random(1).randbytes(2_000_000)
    rejects.writes.put([a_reject(body=body)])

    stored = only(rejects)
    assert (stored.size, stored.is_truncated) == (2_000_000, True)
    assert 800_000 < len(stored.reject.body) < 1_100_000
    assert body.startswith(stored.reject.body)


def test_a_list_shows_short_bodies_alone_and_no_transport(rejects: Rejects) -> None:
    short, long = a_reject(body=b"x" * 50_000, transport=TRANSPORT), a_reject(body=random.Random(1).randbytes(1_500), code="other")
    rejects.writes.put([short, long])

    assert {each.reject.code: (each.reject.body, each.size) for each in listed(rejects)} == {
        "event_missing": (b"x" * 50_000, 50_000),
        "other": (b"", 1_500),
    }
    assert all(each.reject.transport == Transport() for each in listed(rejects))


def test_the_same_content_twice_is_one_entry_whenever_and_however_it_was_sent(rejects: Rejects) -> None:
    later = replace(TRANSPORT, batch={**TRANSPORT.batch, "sentAt": "2026-11-22T07:00:00.000Z"}, source_ip="198.51.100.0")
    rejects.writes.put([a_reject(transport=TRANSPORT), a_reject(index=3, transport=TRANSPORT)])
    rejects.writes.put([a_reject(at=RECEIVED + timedelta(minutes=5), transport=later)])

    assert len(listed(rejects)) == 1


def test_the_same_item_under_another_batch_is_another_entry(rejects: Rejects) -> None:
    rejects.writes.put([a_reject(transport=TRANSPORT), a_reject(transport=replace(TRANSPORT, batch={}))])

    assert len(listed(rejects)) == 2


def test_days_are_apart(rejects: Rejects) -> None:
    rejects.writes.put([a_reject(), a_reject(at=RECEIVED + timedelta(days=1))])

    assert [each.reject.at for each in listed(rejects)] == [RECEIVED]


def test_the_newest_come_first_in_pages(rejects: Rejects) -> None:
    order = list(range(60))
    random.Random(1).shuffle(order)
    rejects.writes.put([a_reject(body=str(number).encode(), at=RECEIVED + timedelta(seconds=number // 2)) for number in order])

    seen: list[StoredReject] = []
    cursor: str | None = None
    for _ in range(4):
        page, cursor = rejects.reads.of_day(DAY, limit=25, cursor=cursor)
        seen += page
        if cursor is None:
            break
    assert len({each.id for each in seen}) == 60
    assert [each.reject.at for each in seen] == sorted((each.reject.at for each in seen), reverse=True)


def test_a_list_is_narrowed_to_a_source_and_a_code(rejects: Rejects) -> None:
    rejects.writes.put([a_reject(source=source, code=code) for source in ("site", "till") for code in ("a", "b")])

    def found(**asked: Any) -> set[tuple[str, str]]:
        return {(each.reject.source, each.reject.code) for each in listed(rejects, **asked)}

    assert found(source="till") == {("till", "a"), ("till", "b")}
    assert found(code="a") == {("till", "a"), ("site", "a")}
    assert found(source="site", code="b") == {("site", "b")}
    assert found(source="nobody") == set()


def test_what_was_retried_is_left_out_unless_asked_for(rejects: Rejects) -> None:
    rejects.writes.put([a_reject()])

    assert rejects.reads.mark_retried(only(rejects), SUPPORT)
    assert rejects.reads.mark_retried(only(rejects), SUPPORT)
    assert listed(rejects) == []
    assert [each.retried for each in listed(rejects, with_retried=True)] == [SUPPORT]
    assert only(rejects).retried == SUPPORT


def test_what_is_refused_again_is_open_again(rejects: Rejects) -> None:
    rejects.writes.put([a_reject()])
    rejects.reads.mark_retried(only(rejects), SUPPORT)
    rejects.writes.put([a_reject(kept_at=RECEIVED + timedelta(hours=2))])

    assert [each.retried for each in listed(rejects)] == [None]


def test_what_was_refused_again_since_it_was_read_is_not_marked(rejects: Rejects) -> None:
    rejects.writes.put([a_reject()])
    read = only(rejects)
    rejects.writes.put([a_reject(kept_at=RECEIVED + timedelta(seconds=1))])

    assert not rejects.reads.mark_retried(read, SUPPORT)
    assert len(listed(rejects)) == 1


def test_what_is_gone_is_neither_found_nor_marked_nor_made(rejects: Rejects) -> None:
    gone = StoredReject(f"{DAY}/{'0' * 32}", a_reject(kept_at=RECEIVED))

    assert rejects.reads.get(gone.id) is None
    assert not rejects.reads.mark_retried(gone, SUPPORT)
    assert listed(rejects, with_retried=True) == []


def test_counts_add_up_by_day_source_and_code_and_tell_the_days_weight(rejects: Rejects) -> None:
    totals = [
        rejects.counter.add(DAY, "site", Tally(Counter(a=2, b=1), Counter(), 3)),
        rejects.counter.add(DAY, "site", Tally(Counter(a=5), Counter(a=4), 10)),
        rejects.counter.add(DAY, "", Tally(Counter(a=1), Counter(), 1)),
        rejects.counter.add("2026-11-23", "site", Tally(Counter({"odd:code": 1}), Counter(), 0)),
    ]

    assert totals == [3, 13, 1, 0]
    assert rejects.reads.counts(DAY) == [
        RejectCount(DAY, "", "a", 1, 0),
        RejectCount(DAY, "site", "a", 7, 4),
        RejectCount(DAY, "site", "b", 1, 0),
    ]
    assert rejects.reads.counts("2026-11-23") == [RejectCount("2026-11-23", "site", "odd:code", 1, 0)]
    assert listed(rejects) == []
