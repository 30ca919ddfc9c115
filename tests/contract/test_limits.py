"""The counts that limits share between instances of collect: memory and DynamoDB."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from ariane.adapters.aws.signed_client import DYNAMODB, ServiceError
from ariane.adapters.aws.usage import DynamoUsage
from ariane.adapters.memory.usage import MemoryUsage
from ariane.errors import Permanent
from ariane.events.limits import Spending, Usage, UsageStore
from tests.builders.moto_endpoint import REGION, make_table, moto_endpoint

SECOND = 1_000_000_000
NOW = 1_795_325_400 * SECOND
SPENDING = Spending(key="a" * 64, day="2026-11-22", events=200, cost=SECOND, now=NOW, expected=0)


@pytest.fixture(params=["memory", "dynamodb"])
def usage(request: pytest.FixtureRequest) -> Iterator[UsageStore]:
    if request.param == "memory":
        yield MemoryUsage()
        return
    with moto_endpoint() as endpoint:
        make_table("access")
        yield DynamoUsage(endpoint.client(DYNAMODB).impatient(), table="access")


def test_events_of_all_instances_add_up(usage: UsageStore) -> None:
    usage.add(SPENDING)

    assert usage.add(SPENDING._replace(events=50)).of_day == 250


def test_days_and_keys_are_counted_apart(usage: UsageStore) -> None:
    usage.add(SPENDING)

    assert usage.add(SPENDING._replace(day="2026-11-23")).of_day == 200
    assert usage.add(SPENDING._replace(key="b" * 64)) == Usage(200, NOW + SECOND)


@pytest.mark.parametrize("expected", [0, NOW + 10 * SECOND])
def test_a_bucket_moves_on_from_now_when_it_was_idle(usage: UsageStore, expected: int) -> None:
    usage.add(SPENDING._replace(now=NOW - 60 * SECOND))

    assert usage.add(SPENDING._replace(expected=expected)).paid_until == NOW + SECOND


@pytest.mark.parametrize("expected", [0, NOW + 10 * SECOND])
def test_a_bucket_moves_on_from_where_it_stands_when_it_is_busy(usage: UsageStore, expected: int) -> None:
    usage.add(SPENDING._replace(cost=5 * SECOND))

    assert usage.add(SPENDING._replace(now=NOW + SECOND, expected=expected)).paid_until == NOW + 6 * SECOND


def test_a_bucket_that_ends_just_now_counts_once(usage: UsageStore) -> None:
    usage.add(SPENDING)

    assert usage.add(SPENDING._replace(now=NOW + SECOND)) == Usage(400, NOW + 2 * SECOND)


@dataclass
class Table:
    """Takes the forms that it is told to take."""

    refusals: list[str]
    calls: list[Mapping[str, Any]] = field(default_factory=list)

    def call(self, _: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(payload)
        if self.refusals:
            raise ServiceError(self.refusals.pop(0), 400)
        return {"Attributes": {"n": {"N": "1"}, "t": {"N": "2"}}}


@pytest.mark.parametrize(("expected", "begins"), [(0, "attribute_not_exists(t)"), (NOW, "t >=")])
def test_a_right_guess_is_one_write(expected: int, begins: str) -> None:
    table = Table([])
    DynamoUsage(table, table="access").add(SPENDING._replace(expected=expected))  # type: ignore[arg-type]

    assert [call["ConditionExpression"][: len(begins)] for call in table.calls] == [begins]


def test_a_bucket_that_begins_to_fill_between_two_forms_is_met_by_the_first() -> None:
    table = Table(["ConditionalCheckFailedException"] * 2)

    assert DynamoUsage(table, table="access").add(SPENDING) == Usage(1, 2)  # type: ignore[arg-type]
    assert len(table.calls) == 3


def test_a_table_that_refuses_says_so() -> None:
    with pytest.raises(Permanent, match="AccessDeniedException"):
        DynamoUsage(Table(["AccessDeniedException"]), table="access").add(SPENDING)  # type: ignore[arg-type]


def test_the_row_lies_apart_from_the_keys_and_expires() -> None:
    with moto_endpoint() as endpoint:
        make_table("access")
        DynamoUsage(endpoint.client(DYNAMODB), table="access").add(SPENDING)
        (item,) = boto3.client("dynamodb", region_name=REGION).scan(TableName="access")["Items"]

    assert (item["pk"]["S"], item["sk"]["S"]) == ("U#" + "a" * 64, "D#2026-11-22")
    assert item["x"]["N"] == "1797984000"  # 2026-12-23
    assert set(item) == {"pk", "sk", "n", "t", "x"}
