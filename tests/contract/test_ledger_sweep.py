"""What the ledger leaves undecided, and the sweep that decides it: memory and DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from ariane.messaging.ledger import CLAIM_LIFETIME, UNDECIDED_LIFETIME, ClaimResult
from ariane.messaging.model import FINAL, UNDECIDED, Status
from ariane.messaging.settle import Swept, sweep
from tests.builders.ledger import LedgerWorld, ledger_world
from tests.builders.messaging import an_entry
from tests.builders.profiles import NOON


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Iterator[LedgerWorld]:
    with ledger_world(request.param) as made:
        yield made


def test_undecided_entries_come_up_when_their_time_is_over(world: LedgerWorld) -> None:
    world.start_run()
    for place in range(12):
        world.claim(an_entry(id=f"msg_{place:02}"))
    world.ledger.skip(an_entry(id="msg_skipped", status=Status.SKIPPED, reason="exited"))
    end = NOON + CLAIM_LIFETIME

    assert list(world.ledger.unsettled(end - timedelta(milliseconds=1), limit=100)) == []
    assert {entry.id for entry in world.ledger.unsettled(end, limit=100)} == {f"msg_{place:02}" for place in range(12)}
    assert len(world.ledger.unsettled(end, limit=5)) == 5


def test_undecided_entries_come_up_longest_waiting_first_whatever_their_shard(world: LedgerWorld) -> None:
    world.start_run()
    for place in range(24):
        world.claim(an_entry(id=f"msg_{place:02}", at=NOON - timedelta(minutes=place)))

    found = world.ledger.unsettled(NOON + CLAIM_LIFETIME, limit=6)
    assert [entry.id for entry in found] == [f"msg_{place}" for place in range(23, 17, -1)]


def test_one_sweep_settles_more_than_a_shard_gives_at_once(world: LedgerWorld) -> None:
    world.start_run()
    for place in range(120):
        world.claim(an_entry(id=f"msg_{place}"))

    assert sweep(world.ledger, NOON + CLAIM_LIFETIME) == Swept(unclear=120)


def test_the_day_counts_from_the_first_claim(world: LedgerWorld) -> None:
    world.start_run()
    world.claim()
    world.ledger.move(an_entry(), Status.REOPENED, reason="provider_throttled")
    again = an_entry(at=NOON + timedelta(hours=23), first_at=NOON)
    assert world.claim(again, seen=world.stored()) is ClaimResult.CLAIMED
    world.ledger.move(again, Status.REOPENED, reason="provider_closed")

    assert sweep(world.ledger, NOON + UNDECIDED_LIFETIME) == Swept(closed=1)
    assert world.stored() == replace(again, status=Status.FAILED, reason="provider_closed")


def test_the_sweep_leaves_nothing_undecided(world: LedgerWorld) -> None:
    world.start_run()
    for name in ("msg_claimed", "msg_reopened", "msg_sent"):
        world.claim(an_entry(id=name))
    world.ledger.move(an_entry(id="msg_reopened"), Status.REOPENED, reason="provider_throttled")
    world.ledger.move(an_entry(id="msg_sent"), Status.SENT)

    assert sweep(world.ledger, NOON + CLAIM_LIFETIME) == Swept(unclear=1, closed=0)
    assert sweep(world.ledger, NOON + CLAIM_LIFETIME) == Swept()
    assert sweep(world.ledger, NOON + UNDECIDED_LIFETIME) == Swept(unclear=0, closed=2)
    assert list(world.ledger.unsettled(NOON + timedelta(days=9), limit=10)) == []
    ends = {entry.id: (entry.status, entry.reason) for entry in world.ledger.entries_of(["prs_a"])}
    assert ends == {
        "msg_claimed": (Status.UNCLEAR, FINAL),
        "msg_reopened": (Status.FAILED, "provider_throttled"),
        "msg_sent": (Status.SENT, None),
    }


def test_a_providers_word_settles_even_what_was_given_up(world: LedgerWorld) -> None:
    world.start_run()
    world.claim()
    world.ledger.move(an_entry(), Status.UNCLEAR)
    world.ledger.move(an_entry(), Status.UNCLEAR, reason=FINAL)

    assert world.ledger.move(an_entry(), Status.DELIVERED) is True
    assert world.stored() == an_entry(status=Status.DELIVERED)


def test_every_undecided_status_has_an_end() -> None:
    assert {Status.REOPENED, Status.CLAIMED, Status.UNCLEAR} == UNDECIDED
