"""Whoever comes to belong to another profile is told of, and events that turn out to be another's land again."""

from typing import Any

import orjson
import pytest

from ariane.lake.messages import PartitionMoved
from ariane.lake.moving import PAGES
from tests.builders.homes import share
from tests.builders.lake import Shore, facts_of, partition_message
from tests.builders.profiles import Stack, identify, item, prs, track

DEVICE = "6f1ed002-ab55-4a4f-8c1a-2f3e5d7c9b1a"


def mapping(shore: Shore) -> dict[str, str]:
    """As the view ``persons`` has it: the latest line of each."""
    rows = sorted(shore.identities(), key=lambda row: row["mapped_at"])
    return {row["person_id"]: row["profile_id"] for row in rows}


def meet(stack: Stack, *messages: Any) -> None:
    for message in messages:
        stack.deliver(item(message))


def test_a_merge_says_where_the_absorbed_belong_now() -> None:
    shore = Shore(Stack())
    meet(shore.stack, identify(message_id="i", userId="u1", anonymousId="a1"))

    assert shore.hear() == []

    root = shore.stack.profile("user_id:u1").id
    assert mapping(shore)[prs("anonymous_id:a1")] == root


def test_everybody_below_the_absorbed_moves_with_them() -> None:
    shore = Shore(Stack())
    meet(
        shore.stack,
        identify(message_id="1", userId="u1", anonymousId="a1"),
        identify(message_id="2", minute=1, traits={"email": "a@b.fr"}, anonymousId="a2"),
        identify(message_id="3", minute=2, userId="u1", traits={"email": "a@b.fr"}),
    )
    shore.hear()
    root = shore.stack.profile("user_id:u1").id
    everybody = {prs(text) for text in ("anonymous_id:a1", "anonymous_id:a2", "email:a@b.fr", "user_id:u1")} - {root}
    assert {each: mapping(shore).get(each) for each in everybody} == dict.fromkeys(everybody, root)


def test_facts_in_any_order_and_more_than_once_end_in_what_is_so_now() -> None:
    shore = Shore(Stack())
    meet(
        shore.stack,
        identify(message_id="1", userId="u1", anonymousId="a1"),
        identify(message_id="2", minute=1, traits={"email": "a@b.fr"}, anonymousId="a2"),
        identify(message_id="3", minute=2, userId="u1", traits={"email": "a@b.fr"}),
    )
    for body in [*reversed(facts_of(shore.stack)), *facts_of(shore.stack)]:
        assert shore.take(body) == []
    root = shore.stack.profile("user_id:u1").id
    assert set(mapping(shore).values()) == {root}


def test_one_device_more_of_a_person_of_very_many_says_nothing_of_the_others() -> None:
    shore = Shore(Stack())
    meet(shore.stack, *(identify(message_id=f"i{number}", minute=number, userId="u1", anonymousId=f"d{number}") for number in range(40)))
    before = len(facts_of(shore.stack))
    meet(shore.stack, identify(message_id="more", minute=50, userId="u1", anonymousId="last"))

    shore.take(*facts_of(shore.stack)[before:])

    assert [row["person_id"] for row in shore.identities()] == [prs("anonymous_id:last")]


def test_many_facts_at_once_make_one_object() -> None:
    shore = Shore(Stack())
    meet(shore.stack, *(identify(message_id=f"i{number}", minute=number, userId="u1", anonymousId=f"d{number}") for number in range(5)))
    shore.hear()
    assert len(shore.lake.objects) == 1


def test_a_split_tells_of_everybody_on_both_sides() -> None:
    shore = Shore(Stack())
    meet(shore.stack, identify(message_id="i", userId="u1", anonymousId="a1"), identify(message_id="j", userId="u2", anonymousId="a2"))
    one, other = shore.stack.profile("user_id:u1").id, shore.stack.profile("user_id:u2").id

    fact = {"from": one, "into": [one, other], "at": "2026-11-22T12:00:00.000Z", "cause": "operator/1"}
    shore.take(orjson.dumps({"kind": "split", "fact": fact}).decode())

    people = {"u1": ("user_id:u1", "anonymous_id:a1"), "u2": ("user_id:u2", "anonymous_id:a2")}
    for user, texts in people.items():
        assert {mapping(shore)[prs(text)] for text in texts} == {shore.stack.profile(f"user_id:{user}").id}


def test_events_that_turn_out_to_be_another_persons_land_again() -> None:
    shore = Shore(Stack())
    device = f"anonymous_id:{DEVICE}"
    records = shore.stack.write(item(track(message_id="later", minute=60, anonymousId=DEVICE)))
    shore.stack.stitch(records)
    shore.land(records)
    share(shore.stack, device, minute=0)

    fact = {"from": prs(device), "into": [], "rehomed": [prs(device)], "at": "2026-11-22T13:00:00.000Z", "cause": "x/y/0"}
    assert shore.take(orjson.dumps({"kind": "split", "fact": fact}).decode()) == []

    rows = sorted(shore.events(), key=lambda row: row["landed_at"])
    assert rows[-1]["person_id"] != prs(device)
    assert shore.identities() == []


def test_a_long_partition_lands_again_over_several_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ariane.lake.moving.PAGES", 1)
    shore = Shore(Stack())
    scan = shore.stack.log.scan
    shore.stack.log.scan = lambda person, *, limit=500, cursor=None: scan(person, limit=2, cursor=cursor)
    for number in range(5):
        shore.stack.write(item(track(message_id=f"m{number}", minute=number)))

    runs = 0
    shore.queue.put([PartitionMoved(prs("anonymous_id:a1"))], delay=0)
    while shore.queue.messages:
        assert shore.take_queued() == []
        runs += 1

    assert runs == 3
    assert sorted(row["message_id"] for row in shore.events()) == [f"m{number}" for number in range(5)]
    assert PAGES > 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"kind": "nosuch"}',
        '{"kind": "merged", "fact": {}}',
        '{"kind": "item", "person": "p", "sort": "s", "sequence": "x", "tries": 1}',
    ],
)
def test_what_is_no_message_comes_back_alone(body: str) -> None:
    shore = Shore(Stack())
    shore.stack.write(item(track(message_id="m")))
    failed = shore.take(body, partition_message(prs("anonymous_id:a1")))
    assert [(each.message, each.code) for each in failed] == [("0", "invalid_message")]
    assert [row["message_id"] for row in shore.events()] == ["m"]


def test_a_message_that_fails_for_good_does_not_take_the_others_with_it() -> None:
    shore = Shore(Stack())
    shore.stack.write(item(track(message_id="m")))
    get = shore.stack.log.get

    def torn(person: str, sort: str) -> object:
        if sort == "torn":
            raise ValueError("no item")
        return get(person, sort)

    shore.stack.log.get = torn
    message = '{"kind": "item", "person": "p", "sort": "torn", "sequence": "1", "tries": 1}'
    failed = shore.take(message, partition_message(prs("anonymous_id:a1")))
    assert [(each.message, each.code) for each in failed] == [("0", "ValueError")]
    assert [row["message_id"] for row in shore.events()] == ["m"]
