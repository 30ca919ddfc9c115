"""The message ledger and the suppression list: memory and DynamoDB."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from moto import mock_aws

from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.ledger import INDEX, DynamoLedger, DynamoSuppressions
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.adapters.memory.ledger import MemoryLedger, MemorySuppressions
from ariane.errors import Permanent, Retryable
from ariane.journeys.enrolment import Enrolment
from ariane.journeys.enrolment import Status as RunStatus
from ariane.journeys.ports import EnrolmentStore
from ariane.messaging.ledger import CLAIM_LIFETIME, UNDECIDED_LIFETIME, Claim, ClaimResult, Ledger, RunningEnrolment, Suppressions
from ariane.messaging.model import FINAL, UNDECIDED, Channel, LedgerEntry, MessageClass, Status
from ariane.messaging.settle import Swept, sweep
from tests.builders.messaging import an_entry
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON


@dataclass
class World:
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

    def claim(self, entry: LedgerEntry | None = None, *, version: int = 0, owner: int = 0, node: str = "2", visit: int = 3) -> ClaimResult:
        run = RunningEnrolment(profile="prs_a", enrolment="E#cart##0000", node=node, visit=visit)
        return self.ledger.claim(Claim(entry=entry or an_entry(), enrolment=run, heads={"prs_a": version, "prs_owner": owner}))

    def stored(self, entry: LedgerEntry | None = None) -> LedgerEntry | None:
        wanted = entry or an_entry()
        return next(iter(self.ledger.find(wanted.id, [wanted.profile])), None)


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        enrolments, identities, suppressions = MemoryEnrolments(), MemoryIdentities(), MemorySuppressions()
        ledger = MemoryLedger(enrolments=enrolments, heads=identities, suppressions=suppressions)
        yield World(ledger, suppressions, enrolments, identities.raise_version)
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        make_messages_table(client)
        make_table("journeys")
        make_table("identities")
        yield World(
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


def test_a_claim_keeps_the_whole_entry(world: World) -> None:
    world.start_run()
    entry = an_entry(channel=Channel.SMS, segments=2, message_class=MessageClass.TRANSACTIONAL)

    assert world.claim(entry) is ClaimResult.CLAIMED
    assert world.stored() == entry


def test_a_marketing_message_is_claimed_once(world: World) -> None:
    world.start_run()
    world.claim()

    assert world.claim(an_entry(at=NOON + timedelta(hours=1))) is ClaimResult.TAKEN
    assert world.stored() == an_entry()


@pytest.mark.parametrize("status", [Status.REOPENED, Status.CLAIMED, Status.UNCLEAR])
def test_a_transactional_message_is_claimed_until_it_is_sent(world: World, status: Status) -> None:
    world.start_run()
    entry = an_entry(message_class=MessageClass.TRANSACTIONAL)
    world.claim(entry)
    if status is not Status.CLAIMED:
        world.ledger.move(entry, status)
    again = replace(entry, at=NOON + timedelta(hours=1))

    assert world.claim(again) is ClaimResult.CLAIMED
    assert world.stored() == again
    world.ledger.move(again, Status.SENT)
    assert world.claim(again) is ClaimResult.TAKEN


def test_a_final_entry_is_claimed_by_nobody(world: World) -> None:
    world.start_run()
    entry = an_entry(message_class=MessageClass.TRANSACTIONAL)
    world.claim(entry)
    world.ledger.move(entry, Status.UNCLEAR)
    world.ledger.move(entry, Status.UNCLEAR, reason=FINAL)

    assert world.claim(entry) is ClaimResult.TAKEN


@pytest.mark.parametrize(("node", "visit"), [("1", 3), ("2", 4)])
def test_a_claim_needs_the_run_at_that_node_and_visit(world: World, node: str, visit: int) -> None:
    world.start_run()

    assert world.claim(node=node, visit=visit) is ClaimResult.ENROLMENT_ENDED
    assert world.stored() is None


def test_a_claim_needs_a_run_at_all_and_one_that_has_not_ended(world: World) -> None:
    assert world.claim() is ClaimResult.ENROLMENT_ENDED
    run = world.start_run()
    world.enrolments.save(replace(run, status=RunStatus.EXITED, lock=1))

    assert world.claim() is ClaimResult.ENROLMENT_ENDED


def test_a_claim_needs_the_profile_as_it_was_seen(world: World) -> None:
    world.start_run()
    world.raise_head("prs_a")

    assert world.claim(version=0) is ClaimResult.PROFILE_CHANGED
    assert world.claim(version=2) is ClaimResult.PROFILE_CHANGED
    assert world.claim(version=1, owner=1) is ClaimResult.PROFILE_CHANGED
    assert world.stored() is None
    assert world.claim(version=1) is ClaimResult.CLAIMED


def test_a_claim_needs_the_addresss_owner_as_it_was_seen(world: World) -> None:
    world.start_run()
    world.raise_head("prs_owner")

    assert world.claim(owner=0) is ClaimResult.PROFILE_CHANGED
    assert world.claim(owner=1) is ClaimResult.CLAIMED


def test_no_message_to_a_suppressed_address_is_claimed(world: World) -> None:
    world.start_run()
    world.suppressions.suppress("prs_address", reason="bounced", at=NOON)
    world.suppressions.suppress("prs_address", reason="complained", at=NOON)

    assert world.claim() is ClaimResult.SUPPRESSED
    assert (world.suppressions.reason("prs_address"), world.suppressions.reason("prs_other")) == ("bounced", None)


def test_a_skipped_message_is_kept_once_with_its_reason(world: World) -> None:
    skipped = an_entry(status=Status.SKIPPED, reason="no_consent", address_id=None)

    assert world.ledger.skip(skipped) is True
    assert world.ledger.skip(replace(skipped, reason="exited")) is False
    assert world.stored() == skipped


def test_a_reopened_message_may_be_skipped_in_the_end(world: World) -> None:
    world.start_run()
    world.claim()
    assert world.ledger.skip(an_entry(status=Status.SKIPPED, reason="exited")) is False
    world.ledger.move(an_entry(), Status.REOPENED)

    assert world.ledger.skip(an_entry(status=Status.SKIPPED, reason="exited")) is True
    assert world.claim() is ClaimResult.TAKEN


@pytest.mark.parametrize(
    "path",
    [
        (Status.SENT, Status.DELIVERED, Status.COMPLAINED),
        (Status.UNCLEAR, Status.SENT, Status.BOUNCED),
        (Status.UNCLEAR, Status.DELIVERED),
        (Status.DELIVERED,),
        (Status.FAILED,),
    ],
)
def test_an_entry_moves_on_and_never_back(world: World, path: tuple[Status, ...]) -> None:
    world.start_run()
    world.claim()
    for status in path:
        assert world.ledger.move(an_entry(), status, provider_id="p-1") is True
        assert world.ledger.move(an_entry(), status, provider_id="p-1") is True

    assert world.ledger.move(an_entry(), Status.UNCLEAR) is False
    assert world.ledger.move(an_entry(), Status.REOPENED) is False
    assert world.stored() == an_entry(status=path[-1], provider_id="p-1")


def test_a_late_word_on_an_earlier_claim_does_not_touch_the_newer(world: World) -> None:
    world.start_run()
    entry = an_entry(message_class=MessageClass.TRANSACTIONAL)
    world.claim(entry)
    again = replace(entry, at=NOON + timedelta(minutes=5))
    world.claim(again)

    assert world.ledger.move(entry, Status.UNCLEAR) is False
    assert world.ledger.move(an_entry(id="msg_nope"), Status.SENT) is False
    assert world.stored() == again


def test_a_reason_stays_with_what_failed(world: World) -> None:
    world.start_run()
    world.claim()
    world.ledger.move(an_entry(), Status.FAILED, reason="provider_refused")

    assert world.stored() == an_entry(status=Status.FAILED, reason="provider_refused")


def test_entries_are_found_under_every_id_newest_first(world: World) -> None:
    entries = [
        an_entry(profile=profile, id=f"msg_{place}", status=Status.SKIPPED, reason="no_consent", at=NOON + timedelta(minutes=place))
        for place, profile in enumerate(("prs_a", "prs_b", "prs_a", "prs_c"))
    ]
    for entry in entries:
        world.ledger.skip(entry)

    assert list(world.ledger.entries_of(["prs_a", "prs_b"])) == [entries[2], entries[1], entries[0]]
    assert list(world.ledger.find("msg_1", ["prs_a", "prs_b", "prs_c"])) == [entries[1]]
    assert list(world.ledger.find("msg_1", [])) == []


def test_undecided_entries_come_up_when_their_time_is_over(world: World) -> None:
    world.start_run()
    for place in range(12):
        world.claim(an_entry(id=f"msg_{place:02}"))
    world.ledger.skip(an_entry(id="msg_skipped", status=Status.SKIPPED, reason="exited"))
    end = NOON + CLAIM_LIFETIME

    assert list(world.ledger.unsettled(end - timedelta(milliseconds=1), limit=100)) == []
    assert {entry.id for entry in world.ledger.unsettled(end, limit=100)} == {f"msg_{place:02}" for place in range(12)}
    assert len(world.ledger.unsettled(end, limit=5)) == 5


def test_the_sweep_leaves_nothing_undecided(world: World) -> None:
    world.start_run()
    for name in ("msg_claimed", "msg_reopened", "msg_sent"):
        world.claim(an_entry(id=name))
    world.ledger.move(an_entry(id="msg_reopened"), Status.REOPENED)
    world.ledger.move(an_entry(id="msg_sent"), Status.SENT)

    assert sweep(world.ledger, NOON + CLAIM_LIFETIME) == Swept(unclear=1, closed=0)
    assert sweep(world.ledger, NOON + CLAIM_LIFETIME) == Swept()
    assert sweep(world.ledger, NOON + UNDECIDED_LIFETIME) == Swept(unclear=0, closed=2)
    assert list(world.ledger.unsettled(NOON + timedelta(days=9), limit=10)) == []
    ends = {entry.id: (entry.status, entry.reason) for entry in world.ledger.entries_of(["prs_a"])}
    assert ends == {
        "msg_claimed": (Status.UNCLEAR, FINAL),
        "msg_reopened": (Status.FAILED, "throttled"),
        "msg_sent": (Status.SENT, None),
    }


def test_a_providers_word_settles_even_what_was_given_up(world: World) -> None:
    world.start_run()
    world.claim()
    world.ledger.move(an_entry(), Status.UNCLEAR)
    world.ledger.move(an_entry(), Status.UNCLEAR, reason=FINAL)

    assert world.ledger.move(an_entry(), Status.DELIVERED) is True
    assert world.stored() == an_entry(status=Status.DELIVERED)


def test_every_undecided_status_has_an_end() -> None:
    assert {Status.REOPENED, Status.CLAIMED, Status.UNCLEAR} == UNDECIDED


class _Refuses:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise self._error

        return call


def _cancelled(*codes: str) -> ClientError:
    answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": code} for code in codes]}
    return ClientError(answer, "TransactWriteItems")


def _table_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "TransactWriteItems")


def claim_against(error: Exception) -> ClaimResult:
    client: Any = _Refuses(error)
    ledger = DynamoLedger(client, messages_table="m", journeys_table="j", identities_table="i")
    return World(ledger, MemorySuppressions(), MemoryEnrolments(), lambda _: None).claim()


def test_two_transactions_that_meet_are_looked_at_again() -> None:
    assert claim_against(_cancelled("None", "None", "None", "TransactionConflict")) is ClaimResult.PROFILE_CHANGED
    assert claim_against(_cancelled("ConditionalCheckFailed", "None", "None", "TransactionConflict")) is ClaimResult.TAKEN


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_cancelled("None", "ThrottlingError", "None", "None"), Retryable),
        (_table_error("ProvisionedThroughputExceededException"), Retryable),
        (ConnectTimeoutError(endpoint_url="x"), Retryable),
        (_table_error("ValidationException"), Permanent),
    ],
)
def test_what_the_table_answers_is_told_apart(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        claim_against(error)
