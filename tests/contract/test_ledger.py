"""The message ledger and the suppression list: memory and DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from ariane.adapters.aws.ledger import DynamoLedger
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.ledger import MemorySuppressions
from ariane.errors import Permanent, Retryable
from ariane.journeys.enrolment import Status as RunStatus
from ariane.messaging.ledger import ClaimResult
from ariane.messaging.model import FINAL, Channel, MessageClass, Status
from tests.builders.ledger import LedgerWorld, ledger_world
from tests.builders.messaging import an_entry
from tests.builders.profiles import NOON


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Iterator[LedgerWorld]:
    with ledger_world(request.param) as made:
        yield made


def test_a_claim_keeps_the_whole_entry(world: LedgerWorld) -> None:
    world.start_run()
    entry = an_entry(channel=Channel.SMS, segments=2, message_class=MessageClass.TRANSACTIONAL)

    assert world.claim(entry) is ClaimResult.CLAIMED
    assert world.stored() == entry


def test_a_marketing_message_is_claimed_once(world: LedgerWorld) -> None:
    world.start_run()
    world.claim()

    later = an_entry(at=NOON + timedelta(hours=1))
    assert world.claim(later) is ClaimResult.TAKEN
    assert world.claim(later, seen=world.stored()) is ClaimResult.TAKEN
    assert world.stored() == an_entry()


@pytest.mark.parametrize("status", [Status.REOPENED, Status.CLAIMED, Status.UNCLEAR])
def test_a_transactional_message_is_claimed_until_it_is_sent(world: LedgerWorld, status: Status) -> None:
    world.start_run()
    entry = an_entry(message_class=MessageClass.TRANSACTIONAL)
    world.claim(entry)
    if status is not Status.CLAIMED:
        world.ledger.move(entry, status)
    again = replace(entry, at=NOON + timedelta(hours=1), first_at=NOON)

    assert world.claim(again, seen=world.stored()) is ClaimResult.CLAIMED
    assert world.stored() == again
    world.ledger.move(again, Status.SENT)
    assert world.claim(again, seen=world.stored()) is ClaimResult.TAKEN


def test_a_claim_replaces_only_what_was_seen(world: LedgerWorld) -> None:
    """Two requests that looked at the same time: the second finds something else than it saw."""
    world.start_run()
    entry = an_entry(message_class=MessageClass.TRANSACTIONAL)
    second = replace(entry, at=NOON + timedelta(seconds=1))
    assert world.claim(entry) is ClaimResult.CLAIMED
    assert world.claim(second) is ClaimResult.TAKEN
    assert world.claim(second, seen=replace(entry, at=NOON - timedelta(seconds=1))) is ClaimResult.TAKEN
    assert world.claim(second, seen=replace(entry, status=Status.UNCLEAR)) is ClaimResult.TAKEN
    assert world.stored() == entry

    world.ledger.move(entry, Status.UNCLEAR)
    seen = world.stored()
    world.ledger.move(entry, Status.UNCLEAR, reason=FINAL)
    assert world.claim(second, seen=seen) is ClaimResult.TAKEN


def test_a_claim_replaces_nothing_that_is_gone(world: LedgerWorld) -> None:
    world.start_run()

    assert world.claim(seen=an_entry(status=Status.REOPENED)) is ClaimResult.TAKEN
    assert world.stored() is None


def test_a_final_entry_is_claimed_by_nobody(world: LedgerWorld) -> None:
    world.start_run()
    entry = an_entry(message_class=MessageClass.TRANSACTIONAL)
    world.claim(entry)
    world.ledger.move(entry, Status.UNCLEAR)
    world.ledger.move(entry, Status.UNCLEAR, reason=FINAL)

    assert world.claim(entry, seen=world.stored()) is ClaimResult.TAKEN


@pytest.mark.parametrize(("node", "visit"), [("1", 3), ("2", 4)])
def test_a_claim_needs_the_run_at_that_node_and_visit(world: LedgerWorld, node: str, visit: int) -> None:
    world.start_run()

    assert world.claim(node=node, visit=visit) is ClaimResult.ENROLMENT_ENDED
    assert world.stored() is None


def test_a_claim_needs_a_run_at_all_and_one_that_has_not_ended(world: LedgerWorld) -> None:
    assert world.claim() is ClaimResult.ENROLMENT_ENDED
    run = world.start_run()
    world.enrolments.save(replace(run, status=RunStatus.EXITED, lock=1))

    assert world.claim() is ClaimResult.ENROLMENT_ENDED


def test_a_claim_needs_the_profile_as_it_was_seen(world: LedgerWorld) -> None:
    world.start_run()
    world.raise_head("prs_a")

    assert world.claim(version=0) is ClaimResult.PROFILE_CHANGED
    assert world.claim(version=2) is ClaimResult.PROFILE_CHANGED
    assert world.claim(version=1, owner=1) is ClaimResult.PROFILE_CHANGED
    assert world.stored() is None
    assert world.claim(version=1) is ClaimResult.CLAIMED


def test_a_claim_needs_the_addresss_owner_as_it_was_seen(world: LedgerWorld) -> None:
    world.start_run()
    world.raise_head("prs_owner")

    assert world.claim(owner=0) is ClaimResult.PROFILE_CHANGED
    assert world.claim(owner=1) is ClaimResult.CLAIMED


def test_no_message_to_a_suppressed_address_is_claimed(world: LedgerWorld) -> None:
    world.start_run()
    world.suppressions.suppress("prs_address", reason="bounced", at=NOON)
    world.suppressions.suppress("prs_address", reason="complained", at=NOON)

    assert world.claim() is ClaimResult.SUPPRESSED
    assert (world.suppressions.reason("prs_address"), world.suppressions.reason("prs_other")) == ("bounced", None)


def test_a_skipped_message_is_kept_once_with_its_reason(world: LedgerWorld) -> None:
    skipped = an_entry(status=Status.SKIPPED, reason="no_consent", address_id=None)

    assert world.ledger.skip(skipped) is True
    assert world.ledger.skip(replace(skipped, reason="exited")) is False
    assert world.stored() == skipped


def test_a_reopened_message_may_be_skipped_in_the_end(world: LedgerWorld) -> None:
    world.start_run()
    world.claim()
    assert world.ledger.skip(an_entry(status=Status.SKIPPED, reason="exited")) is False
    world.ledger.move(an_entry(), Status.REOPENED)

    assert world.ledger.skip(an_entry(status=Status.SKIPPED, reason="exited")) is True
    assert world.claim() is ClaimResult.TAKEN
    assert world.claim(seen=world.stored()) is ClaimResult.TAKEN


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
def test_an_entry_moves_on_and_never_back(world: LedgerWorld, path: tuple[Status, ...]) -> None:
    world.start_run()
    world.claim()
    for status in path:
        assert world.ledger.move(an_entry(), status, provider_id="p-1") is True
        assert world.ledger.move(an_entry(), status, provider_id="p-1") is True

    assert world.ledger.move(an_entry(), Status.UNCLEAR) is False
    assert world.ledger.move(an_entry(), Status.REOPENED) is False
    assert world.stored() == an_entry(status=path[-1], provider_id="p-1")


def test_a_late_word_on_an_earlier_claim_does_not_touch_the_newer(world: LedgerWorld) -> None:
    world.start_run()
    entry = an_entry(message_class=MessageClass.TRANSACTIONAL)
    world.claim(entry)
    again = replace(entry, at=NOON + timedelta(minutes=5))
    world.claim(again, seen=entry)

    assert world.ledger.move(entry, Status.UNCLEAR) is False
    assert world.ledger.move(an_entry(id="msg_nope"), Status.SENT) is False
    assert world.stored() == again


def test_a_reason_stays_with_what_failed(world: LedgerWorld) -> None:
    world.start_run()
    world.claim()
    world.ledger.move(an_entry(), Status.FAILED, reason="provider_refused")

    assert world.stored() == an_entry(status=Status.FAILED, reason="provider_refused")


def test_entries_are_found_under_every_id_newest_first(world: LedgerWorld) -> None:
    entries = [
        an_entry(profile=profile, id=f"msg_{place}", status=Status.SKIPPED, reason="no_consent", at=NOON + timedelta(minutes=place))
        for place, profile in enumerate(("prs_a", "prs_b", "prs_a", "prs_c"))
    ]
    for entry in entries:
        world.ledger.skip(entry)

    assert list(world.ledger.entries_of(["prs_a", "prs_b"])) == [entries[2], entries[1], entries[0]]
    assert list(world.ledger.find("msg_1", ["prs_a", "prs_b", "prs_c"])) == [entries[1]]
    assert list(world.ledger.find("msg_1", [])) == []


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
    return LedgerWorld(ledger, MemorySuppressions(), MemoryEnrolments(), lambda _: None).claim()


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
