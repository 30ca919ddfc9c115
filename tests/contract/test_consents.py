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
from ariane.identity.commits import Child, Commit
from ariane.identity.model import Head
from ariane.identity.rules import Identifier
from ariane.identity.trees import Heads
from ariane.privacy.consents import Consent, ConsentDecision, ConsentQuestion, ConsentState, ConsentStore, decisions_of
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
    winner = Head(person_id="prs_winner", identifier=Identifier("user_id", "u1"), first_at=NOON, children=1)
    loser = replace(head, identifier=Identifier("email", "a@b.fr"), first_at=NOON, parent="prs_winner")
    identities.commit(Commit(heads=(winner, loser), joined=(Child("prs_winner", root, "email:a@b.fr"),)))


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


def states(world: World) -> list[ConsentState]:
    return list(world.store.states(["prs_address"]))


def test_a_released_decision_leaves_what_stood_before_it(world: World) -> None:
    for place in (0, 1, 2):
        world.store.record(DECISIONS[place], root_id="prs_root")
    world.store.release(DECISIONS[2], root_id="prs_root")
    assert (states(world), world.version()) == ([DECISIONS[1].state], 4)
    world.store.release(DECISIONS[1], root_id="prs_root")
    world.store.release(DECISIONS[0], root_id="prs_root")
    assert (states(world), world.version(), world.records()) == ([], 6, 3)


def test_releasing_again_or_what_was_never_here_changes_nothing(world: World) -> None:
    world.store.record(DECISIONS[0], root_id="prs_root")
    world.store.release(DECISIONS[1], root_id="prs_root")
    assert (states(world), world.version()) == ([DECISIONS[0].state], 1)
    for _ in range(2):
        world.store.release(DECISIONS[0], root_id="prs_root")
    assert (states(world), world.version()) == ([], 2)


def test_releasing_what_others_have_superseded_leaves_the_state_and_the_head(world: World) -> None:
    for place in (0, 1, 2):
        world.store.record(DECISIONS[place], root_id="prs_root")
    world.store.release(DECISIONS[1], root_id="prs_root")
    assert (states(world), world.version()) == ([DECISIONS[2].state], 3)
    world.store.release(DECISIONS[2], root_id="prs_root")
    assert states(world) == [DECISIONS[0].state]


def test_what_was_said_for_the_person_and_for_the_address_are_released_apart(world: World) -> None:
    wide = a_decision(is_person_wide=True, granted=False)
    for decision in (a_decision(), wide):
        world.store.record(decision, root_id="prs_root")
    world.store.release(wide, root_id="prs_root")
    assert states(world) == [a_decision().state]


def test_an_adopted_decision_counts_again(world: World) -> None:
    for place in (0, 1):
        world.store.record(DECISIONS[place], root_id="prs_root")
    world.store.release(DECISIONS[1], root_id="prs_root")
    world.store.record(DECISIONS[1], root_id="prs_root")
    assert states(world) == [DECISIONS[0].state]
    for _ in range(2):
        world.store.adopt(DECISIONS[1], root_id="prs_root")
    assert (states(world), world.version(), world.records()) == ([DECISIONS[1].state], 4, 2)
    world.store.release(DECISIONS[1], root_id="prs_root")
    assert states(world) == [DECISIONS[0].state]


def test_an_adopted_decision_is_recorded_where_it_never_was_and_never_goes_back_in_time(world: World) -> None:
    for place in (1, 0):
        world.store.adopt(DECISIONS[place], root_id="prs_root")
    assert (states(world), world.version(), world.records()) == ([DECISIONS[1].state], 1, 2)


def test_a_root_that_was_merged_away_can_neither_adopt_nor_release(world: World) -> None:
    world.store.record(DECISIONS[0], root_id="prs_root")
    world.merge_away("prs_root")
    with pytest.raises(Conflict, match="root_merged"):
        world.store.adopt(DECISIONS[1], root_id="prs_root")
    with pytest.raises(Conflict, match="root_merged"):
        world.store.release(DECISIONS[0], root_id="prs_root")
    assert states(world) == [DECISIONS[0].state]


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
