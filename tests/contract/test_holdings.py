"""Who holds runs, messages or what was said for a whole person: memory and DynamoDB."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.holdings import DynamoHoldings
from ariane.adapters.aws.ledger import DynamoLedger
from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.holdings import MemoryHoldings
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.adapters.memory.ledger import MemoryLedger, MemorySuppressions
from ariane.journeys.ports import EnrolmentStore
from ariane.messaging.ledger import Ledger
from ariane.messaging.model import Status
from ariane.privacy.consents import ConsentDecision, ConsentStore
from ariane.profiles.sealing import Holdings
from tests.builders.journeys import enrolment
from tests.builders.ledger import make_messages_table
from tests.builders.messaging import an_entry
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON


@dataclass
class World:
    holdings: Holdings
    runs: EnrolmentStore
    ledger: Ledger
    consents: ConsentStore


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        runs, identities = MemoryEnrolments(), MemoryIdentities()
        ledger = MemoryLedger(enrolments=runs, heads=identities, suppressions=MemorySuppressions())
        consents = MemoryConsents(identities)
        yield World(MemoryHoldings(runs, ledger, consents), runs, ledger, consents)
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        make_messages_table(client)
        for name in ("journeys", "privacy", "identities", "profiles"):
            make_table(name)
        yield World(
            DynamoHoldings(client, journeys_table="journeys", messages_table="messages", privacy_table="privacy"),
            DynamoEnrolments(client, journeys_table="journeys"),
            DynamoLedger(client, messages_table="messages", journeys_table="journeys", identities_table="identities"),
            DynamoConsents(client, privacy_table="privacy", identities_table="identities", profiles_table="profiles"),
        )


def skip_a_message(world: World) -> None:
    world.ledger.skip(an_entry(profile="prs_a", status=Status.SKIPPED, reason="no_consent"))


def say_for_a_person(world: World) -> None:
    world.consents.record(WIDE, root_id="prs_a")


def take_back_what_was_said(world: World) -> None:
    say_for_a_person(world)
    world.consents.release(WIDE, root_id="prs_a")


WIDE = ConsentDecision(
    person_id="prs_a", topic="offers", channel="email", granted=False, at=NOON, source="web", message_id="m", is_person_wide=True
)


@pytest.mark.parametrize(
    "write",
    [lambda world: world.runs.create(enrolment(profile="prs_a")), skip_a_message, say_for_a_person, take_back_what_was_said],
    ids=["run", "message", "decision", "decision that was another's"],
)
def test_whatever_lies_under_an_id_makes_it_a_holder(world: World, write: Callable[[World], None]) -> None:
    assert set(world.holdings.held(["prs_a", "prs_b"])) == set()
    write(world)
    assert set(world.holdings.held(["prs_a", "prs_b"])) == {"prs_a"}


def test_every_holder_of_many_is_found_whatever_it_holds(world: World) -> None:
    ids = [f"prs_{place}" for place in range(35)]
    for each in ids[::5]:
        world.runs.create(enrolment(profile=each))
    for each in ids[::7]:
        world.ledger.skip(an_entry(profile=each, status=Status.SKIPPED))
    assert set(world.holdings.held(ids)) == {*ids[::5], *ids[::7]}
    assert set(world.holdings.held([])) == set()
