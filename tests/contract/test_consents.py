"""Consent records and states: memory and DynamoDB."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Conflict
from ariane.events.model import Event, SourceKind
from ariane.identity.merging import MergePlan
from ariane.identity.model import Head, Merged
from ariane.identity.rules import Identifier
from ariane.identity.trees import Heads
from ariane.privacy.consents import Consent, ConsentDecision, ConsentQuestion, ConsentStore, decisions_of
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON


def a_decision(**fields: Any) -> ConsentDecision:
    values: dict[str, Any] = {
        "person_id": "prs_address",
        "topic": "offers",
        "channel": "email",
        "granted": True,
        "at": NOON,
        "source": "web",
        "message_id": "m-1",
        "wording": "v3",
        "how": "checkout",
    }
    return ConsentDecision(**(values | fields))


@dataclass
class World:
    store: ConsentStore
    heads: Heads
    merge_away: Callable[[str], None]
    records: Callable[[], int]

    def version(self, root: str = "prs_root") -> int:
        head = self.heads.heads([root]).get(root)
        return head.version if head else 0


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        identities = MemoryIdentities()
        store = MemoryConsents(identities)
        yield World(store, identities, lambda root: merge_away(identities, root), lambda: len(store.records))
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        make_table("privacy")
        make_table("identities")
        dynamo = DynamoIdentities(client, table="identities")

        def records() -> int:
            items = client.scan(TableName="privacy")["Items"]
            return sum(item["sk"]["S"].startswith("L#") for item in items)

        yield World(
            DynamoConsents(client, privacy_table="privacy", identities_table="identities"),
            dynamo,
            lambda root: merge_away(dynamo, root),
            records,
        )


def merge_away(identities: Any, root: str) -> None:
    head = identities.heads([root]).get(root, Head(person_id=root))
    winner = Head(person_id="prs_winner", identifier=Identifier("user_id", "u1"), first_at=NOON)
    loser = replace(head, identifier=Identifier("email", "a@b.fr"), first_at=NOON)
    transition = Merged(into="prs_winner", absorbed=(root,), cause="c", at=NOON)
    identities.merge(MergePlan(winner=winner, absorbed=(loser,), transition=transition))


def test_a_decision_is_the_state_and_raises_the_persons_head(world: World) -> None:
    world.store.record(a_decision(), root_id="prs_root")

    assert list(world.store.states(["prs_address", "prs_other"])) == [a_decision().state]
    assert (world.version(), world.records()) == (1, 1)


def test_the_same_decision_again_changes_nothing(world: World) -> None:
    for _ in range(3):
        world.store.record(a_decision(), root_id="prs_root")
    world.store.record(a_decision(granted=False, at=NOON + timedelta(1), message_id="m-2"), root_id="prs_root")
    world.store.record(a_decision(), root_id="prs_root")

    assert (world.version(), world.records()) == (2, 2)
    assert [state.granted for state in world.store.states(["prs_address"])] == [False]


DECISIONS = [
    a_decision(message_id="m-1"),
    a_decision(message_id="m-2", granted=False, at=NOON + timedelta(hours=1)),
    a_decision(message_id="m-3", granted=True, at=NOON + timedelta(hours=2)),
    a_decision(message_id="m-4", granted=False, at=NOON + timedelta(hours=2)),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::3])
def test_the_order_of_arrival_does_not_matter_and_withdrawals_win_ties(world: World, order: tuple[int, ...]) -> None:
    for place in order:
        world.store.record(DECISIONS[place], root_id="prs_root")

    assert list(world.store.states(["prs_address"])) == [DECISIONS[3].state]
    assert world.records() == 4


def test_topics_channels_and_ids_have_states_of_their_own(world: World) -> None:
    others = [a_decision(topic="loyalty"), a_decision(channel="sms"), a_decision(topic="*", channel="*", granted=False)]
    for decision in [a_decision(), *others]:
        world.store.record(decision, root_id="prs_root")
    world.store.record(a_decision(person_id="prs_other"), root_id="prs_root")

    found = {(state.topic, state.channel, state.granted) for state in world.store.states(["prs_address"])}
    assert found == {("offers", "email", True), ("loyalty", "email", True), ("offers", "sms", True), ("*", "*", False)}
    assert len(world.store.states(["prs_address", "prs_other"])) == 5


QUESTION = ConsentQuestion(
    topic="offers",
    channel="email",
    address_id="prs_address",
    person_ids=frozenset({"prs_address", *(f"prs_{place}" for place in range(40))}),
    owner_ids=frozenset({"prs_owner"}),
)


@pytest.mark.parametrize(
    ("fields", "bears"),
    [
        *(
            ({"person_id": "prs_39", "is_person_wide": True, "topic": t, "channel": c}, True)
            for t in ("offers", "*")
            for c in ("email", "*")
        ),
        ({"topic": "*"}, True),
        ({"is_person_wide": True}, True),
        ({"person_id": "prs_owner", "is_person_wide": True}, True),
        ({"topic": "loyalty"}, False),
        ({"channel": "sms"}, False),
        ({"person_id": "prs_39", "is_person_wide": True, "channel": "sms"}, False),
        ({"person_id": "prs_stranger", "is_person_wide": True}, False),
        ({"person_id": "prs_39"}, False),
    ],
)
def test_what_bears_on_a_question_is_found_under_every_id(world: World, fields: dict[str, Any], bears: bool) -> None:
    decision = a_decision(granted=False, **fields)
    world.store.record(decision, root_id="prs_root")

    assert list(world.store.concerning(QUESTION)) == ([decision.state] if bears else [])
    assert QUESTION.answered_by(world.store.concerning(QUESTION)) is (Consent.WITHDRAWN if bears else Consent.NONE)


def test_a_mailbox_speaks_for_itself_and_for_its_person_in_two_states(world: World) -> None:
    for is_person_wide in (True, False):
        world.store.record(a_decision(is_person_wide=is_person_wide, granted=is_person_wide), root_id="prs_root")

    found = {(state.is_person_wide, state.granted) for state in world.store.states(["prs_address"])}
    assert (found, world.records()) == ({(True, True), (False, False)}, 2)


def test_the_longest_names_make_a_key(world: World) -> None:
    event = Event(
        type="track",
        name="Consent Granted",
        message_id="m",
        timestamp=NOON,
        received_at=NOON,
        source="web",
        kind=SourceKind.BROWSER,
        person_id="prs_fragment",
        message={"properties": {"topic": "é" * 100, "channel": "İ" * 100}},
        original=NOON,
    )
    (decision,) = decisions_of(event, id_of=lambda *_: None)

    world.store.record(decision, root_id="prs_root")

    assert list(world.store.states(["prs_fragment"])) == [decision.state]
    assert len(f"C#{decision.topic}#{decision.channel}#*".encode()) <= 1_024


def test_a_root_that_was_merged_away_is_refused_and_nothing_is_kept(world: World) -> None:
    world.merge_away("prs_root")
    before = world.version()

    with pytest.raises(Conflict, match="root_merged"):
        world.store.record(a_decision(), root_id="prs_root")

    assert (list(world.store.states(["prs_address"])), world.records(), world.version()) == ([], 0, before)
    world.store.record(a_decision(), root_id="prs_winner")
    assert world.version("prs_winner") == 2


def test_a_decision_recorded_before_a_merge_stays_recorded(world: World) -> None:
    world.store.record(a_decision(), root_id="prs_root")
    world.merge_away("prs_root")

    world.store.record(a_decision(), root_id="prs_winner")

    assert (world.version("prs_winner"), world.records()) == (1, 1)
