"""The counter at AWS's boundary and the counted ports in memory make the same bill of the same day."""

from base64 import b64decode
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.announcer import EventBridgeAnnouncer
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.event_items import attributes_of
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.events.model import LogItem
from cli.bench.units import Bill
from cli.bench.units_aws import AwsCounter, counted
from cli.bench.units_ports import CountedAnnouncer, CountedFragments, CountedIdentities, CountedLog
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import Stack, identify, item, track

TABLES = ("events", "identities", "profiles")


def a_day() -> list[LogItem]:
    """Known and new people, a full ring, copies near and late, logins that merge, one person's repeated set, a large item."""
    browse = [track("Product Viewed", message_id=f"b{number}", minute=100 + number) for number in range(45)]
    long = [track("Product Viewed", message_id=f"l{number}", minute=300, properties={"text": f"{number:x}" * 900}) for number in range(40)]
    return [
        item(track(message_id="early")),
        item(*browse),
        item(track(message_id="early"), salt="again"),
        item(browse[44], salt="again"),
        item(identify(message_id="i1", minute=200, userId="u1", anonymousId="a1", traits={"email": "a@b.fr"})),
        item(identify(message_id="i2", minute=201, userId="u2", traits={"email": "c@b.fr", "phone": "+33612345678"})),
        item(identify(message_id="i3", minute=202, userId="u1", traits={"phone": "+33612345678"})),
        item(identify(message_id="i4", minute=203, userId="u1", traits={"phone": "+33612345678"})),
        item(*long),
    ]


class AppendingHistory(DynamoEventHistory):
    """With the append side over the same client: the slim one has its own test."""

    def append(self, one: LogItem) -> bool:
        attributes = attributes_of(one, retention=timedelta(days=760))
        stored = {**attributes, "b": {"B": b64decode(attributes["b"]["B"])}}
        self._client.put_item(TableName="events", Item=stored)
        return True


def delivered(stack: Stack) -> None:
    for one in a_day():
        records = stack.write(one)
        stack.stitch(records)
    stack.stitch(records)


def bill_of_memory() -> Bill:
    bill = Bill()
    announcer = CountedAnnouncer(bill, MemoryAnnouncer())
    delivered(Stack(identities=CountedIdentities(bill), fragments=CountedFragments(bill), log=CountedLog(bill), announcer=announcer))
    return bill


def bill_of_aws() -> Bill:
    bill = Bill()
    with mock_aws():
        for name in TABLES:
            make_table(name)
        boto3.Session(region_name=REGION).client("events").create_event_bus(Name="bus")
        with counted(AwsCounter(bill, boto3.Session(region_name=REGION).client("dynamodb")), region=REGION):
            dynamodb = boto3.client("dynamodb")
            stack = Stack(
                identities=DynamoIdentities(dynamodb, table="identities"),
                fragments=DynamoFragments(dynamodb, table="profiles"),
                log=AppendingHistory(dynamodb, table="events"),
                announcer=EventBridgeAnnouncer(boto3.client("events"), bus="bus"),
            )
            delivered(stack)
    return bill


def test_both_make_the_same_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a")
    bill = bill_of_memory()
    assert bill.entries == bill_of_aws().entries
    assert len(bill.entries) == 2 * len(TABLES) + 1
