"""A ledger with what its claims look at, in memory and over DynamoDB."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto import mock_aws

from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.ledger import INDEX, DynamoLedger, DynamoSuppressions
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.adapters.memory.ledger import MemoryLedger, MemorySuppressions
from ariane.journeys.enrolment import Enrolment
from ariane.journeys.ports import EnrolmentStore
from ariane.messaging.ledger import Claim, ClaimResult, Ledger, RunningEnrolment, Suppressions
from ariane.messaging.model import LedgerEntry
from tests.builders.messaging import an_entry
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON


@dataclass
class LedgerWorld:
    ledger: Ledger
    suppressions: Suppressions
    enrolments: EnrolmentStore
    raise_head: Callable[[str], None]

    def start_run(self) -> Enrolment:
        run = Enrolment(
            profile="prs_a",
            journey="cart",
            version="1",
            key="",
            number=0,
            cause="web/m",
            fact={"timestamp": "2026-11-22T12:00:00.000Z"},
            entered_at=NOON,
            node="2",
            visit=3,
        )
        self.enrolments.create(run)
        return run

    def claim(
        self,
        entry: LedgerEntry | None = None,
        *,
        seen: LedgerEntry | None = None,
        version: int = 0,
        owner: int = 0,
        node: str = "2",
        visit: int = 3,
    ) -> ClaimResult:
        run = RunningEnrolment(profile="prs_a", enrolment="E#cart##0000", node=node, visit=visit)
        heads = {"prs_a": version, "prs_owner": owner}
        return self.ledger.claim(Claim(entry=entry or an_entry(), enrolment=run, heads=heads, seen=seen))

    def stored(self, entry: LedgerEntry | None = None) -> LedgerEntry | None:
        wanted = entry or an_entry()
        return next(iter(self.ledger.find(wanted.id, [wanted.profile])), None)


@contextmanager
def ledger_world(kind: str) -> Iterator[LedgerWorld]:
    """``memory`` or ``dynamodb``."""
    if kind == "memory":
        enrolments, identities, suppressions = MemoryEnrolments(), MemoryIdentities(), MemorySuppressions()
        ledger = MemoryLedger(enrolments=enrolments, heads=identities, suppressions=suppressions)
        yield LedgerWorld(ledger, suppressions, enrolments, identities.raise_version)
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        make_messages_table(client)
        make_table("journeys")
        make_table("identities")
        yield LedgerWorld(
            DynamoLedger(client, messages_table="messages", journeys_table="journeys", identities_table="identities"),
            DynamoSuppressions(client, messages_table="messages"),
            DynamoEnrolments(client, journeys_table="journeys"),
            lambda root: raise_head(client, root),
        )


def make_messages_table(client: Any) -> None:
    names = ("pk", "sk", "up", "ua")
    client.create_table(
        TableName="messages",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [{"AttributeName": "up", "KeyType": "HASH"}, {"AttributeName": "ua", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def raise_head(client: Any, root: str) -> None:
    client.update_item(
        TableName="identities",
        Key={"pk": {"S": root}, "sk": {"S": "H"}},
        UpdateExpression="ADD v :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
