"""The rejects store, memory and DynamoDB."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest

from ariane.adapters.aws.reject_reader import DynamoRejectReader
from ariane.adapters.aws.rejects import DynamoRejectWriter
from ariane.adapters.aws.signed_client import DYNAMODB
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.events.log import Reject, RejectHistory, RejectStore
from tests.builders.events import RECEIVED
from tests.builders.moto_endpoint import REGION, make_table, moto_endpoint


@dataclass
class Rejects:
    writes: RejectStore
    reads: RejectHistory


@pytest.fixture(params=["memory", "dynamodb"])
def rejects(request: pytest.FixtureRequest) -> Iterator[Rejects]:
    if request.param == "memory":
        memory = MemoryRejects()
        yield Rejects(memory, memory)
        return
    with moto_endpoint() as endpoint:
        make_table("rejects")
        reads = DynamoRejectReader(boto3.client("dynamodb", region_name=REGION), table="rejects")
        yield Rejects(DynamoRejectWriter(endpoint.client(DYNAMODB), table="rejects"), reads)


def a_reject(**fields: Any) -> Reject:
    values: dict[str, Any] = {"source": "site", "at": RECEIVED, "code": "event_missing", "message": "no event", "index": 0, "body": b"{}"}
    return Reject(**(values | fields))


def of_day(rejects: Rejects) -> list[Reject]:
    return [stored.reject for stored in rejects.reads.of_day("2026-11-22")[0]]


def test_a_reject_is_read_as_it_was_kept(rejects: Rejects) -> None:
    item, whole_request = a_reject(), a_reject(index=None, body=b"\x00\xff not JSON")

    rejects.writes.put([item, whole_request])

    assert sorted(of_day(rejects), key=lambda reject: reject.body) == sorted([item, whole_request], key=lambda reject: reject.body)


def test_the_same_content_twice_is_one_entry(rejects: Rejects) -> None:
    rejects.writes.put([a_reject(), a_reject(index=3)])
    rejects.writes.put([a_reject()])

    assert len(of_day(rejects)) == 1


def test_a_body_is_kept_up_to_64_kilobytes(rejects: Rejects) -> None:
    rejects.writes.put([a_reject(body=b"x" * 70_000)])

    assert [len(reject.body) for reject in of_day(rejects)] == [65_536]


def test_days_are_apart(rejects: Rejects) -> None:
    rejects.writes.put([a_reject(), a_reject(at=RECEIVED + timedelta(days=1))])

    assert of_day(rejects) == [a_reject()]


def test_many_are_kept_and_read_in_pages(rejects: Rejects) -> None:
    rejects.writes.put([a_reject(body=str(number).encode()) for number in range(60)])

    seen: list[bytes] = []
    cursor: str | None = None
    for _ in range(4):
        stored, cursor = rejects.reads.of_day("2026-11-22", limit=25, cursor=cursor)
        seen += [each.reject.body for each in stored]
        if cursor is None:
            break
    assert sorted(seen) == sorted(str(number).encode() for number in range(60))
