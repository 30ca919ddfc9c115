"""Consent records and states: memory and DynamoDB."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Conflict
from ariane.events.model import Event, SourceKind
from ariane.identity.commits import Child, Commit
from ariane.identity.model import Head
from ariane.identity.rules import Identifier
from ariane.identity.trees import Heads
from ariane.privacy.consents import FRAGMENT_SEALED, Consent, ConsentDecision, ConsentQuestion, ConsentState, ConsentStore, decisions_of
from ariane.profiles.bundles import Bundle, Bundles
from ariane.profiles.fragments import Fragment, StoredFragment
from ariane.profiles.waking import awaken
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON, prs


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
    seal: Callable[[str], None]
    """Puts the fragment of a person id to rest."""
    wake: Callable[[str], None]

    def version(self, root: str = "prs_root") -> int:
        head = self.heads.heads([root]).get(root)
        return head.version if head else 0


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        identities = MemoryIdentities()
        fragments = MemoryFragments()
        store = MemoryConsents(identities, is_sealed=fragments.is_sealed)
        yield World(
            store,
            identities,
            lambda root: merge_away(identities, root),
            lambda: len(store.records),
            lambda own: put_to_rest(fragments, own),
            lambda own: awaken(own, fragments),
        )
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        make_table("privacy")
        make_table("identities")
        make_table("profiles")
        fragments_on_aws = DynamoFragments(client, table="profiles")
        dynamo = DynamoIdentities(client, table="identities")

        def records() -> int:
            items = client.scan(TableName="privacy")["Items"]
            return sum(item["sk"]["S"].startswith("L#") for item in items)

        yield World(
            DynamoConsents(client, privacy_table="privacy", identities_table="identities", profiles_table="profiles"),
            dynamo,
            lambda root: merge_away(dynamo, root),
            records,
            lambda own: put_to_rest(fragments_on_aws, own),
            lambda own: awaken(own, fragments_on_aws),
        )


def put_to_rest(fragments: Bundles, own_id: str) -> None:
    stored = fragments.load([own_id]).get(own_id) or StoredFragment(fragment=Fragment(person_id=own_id))
    bundle = Bundle(holder=prs("user_id:u1"), generation=1)
    fragments.put(bundle, sealed=[replace(stored, seal=bundle.seal())])


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


@pytest.mark.parametrize("moment", range(8))
def test_a_late_decision_that_comes_while_another_is_released_is_not_left_out(moment: int) -> None:
    """Between any two calls of the release; nothing else will ever say it again."""
    late = a_decision(message_id="late", granted=False, at=NOON - timedelta(minutes=5))
    with mock_aws():
        for table in ("privacy", "identities"):
            make_table(table)
        mine, others = (DynamoConsents(client(), privacy_table="privacy", identities_table="identities") for client in [_client] * 2)
        mine.record(a_decision(), root_id="prs_root")
        calls = itertools.count()
        asked = mine._client._make_api_call  # type: ignore[attr-defined]

        def between(*given: Any) -> Any:
            if next(calls) == moment:
                others.record(late, root_id="prs_root")
            return asked(*given)

        with patch.object(mine._client, "_make_api_call", between):
            mine.release(a_decision(), root_id="prs_root")
        if next(calls) <= moment:
            others.record(late, root_id="prs_root")
        assert list(others.states(["prs_address"])) == [late.state]


def _client() -> Any:
    return boto3.client("dynamodb", region_name=REGION)


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


DEVICE = prs("anonymous_id:a1")
WIDE = a_decision(person_id=DEVICE, is_person_wide=True, granted=False)


def test_what_is_said_for_a_person_is_not_kept_under_a_device_at_rest(world: World) -> None:
    """Nobody would ask it."""
    world.seal(DEVICE)
    for write in (world.store.record, world.store.adopt):
        with pytest.raises(Conflict, match=FRAGMENT_SEALED):
            write(WIDE, root_id="prs_root")
    assert (list(world.store.states([DEVICE])), world.records(), world.version()) == ([], 0, 0)

    world.wake(DEVICE)
    world.store.record(WIDE, root_id="prs_root")
    assert (list(world.store.states([DEVICE])), world.records(), world.version()) == ([WIDE.state], 1, 1)


def test_what_is_said_for_an_address_asks_nothing_of_its_fragment(world: World) -> None:
    world.seal(DEVICE)
    world.store.record(a_decision(person_id=DEVICE), root_id="prs_root")
    assert len(world.store.states([DEVICE])) == 1


def test_a_holder_at_rest_takes_what_comes_late_or_again_and_gives_back(world: World) -> None:
    """It is known as a holder by what was there before."""
    world.store.record(WIDE, root_id="prs_root")
    world.seal(DEVICE)
    late = replace(WIDE, granted=True, at=NOON - timedelta(hours=1), message_id="m-0")
    for decision in (WIDE, late):
        world.store.record(decision, root_id="prs_root")
    assert (list(world.store.states([DEVICE])), world.records()) == ([WIDE.state], 2)

    world.store.release(WIDE, root_id="prs_root")
    assert list(world.store.states([DEVICE])) == [late.state]


def test_a_device_at_rest_of_a_root_that_was_merged_away_is_refused_under_either(world: World) -> None:
    world.seal(DEVICE)
    world.merge_away("prs_root")
    with pytest.raises(Conflict, match=r"root_merged|fragment_sealed"):
        world.store.record(WIDE, root_id="prs_root")
    with pytest.raises(Conflict, match=FRAGMENT_SEALED):
        world.store.record(WIDE, root_id="prs_winner")
