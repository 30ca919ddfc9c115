"""Memberships where people are merged, parted and read from the log: over the messages that the bus brings."""

from datetime import timedelta
from typing import Any

from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.identity.operating import Operator
from ariane.identity.rules import Identifier
from ariane.profiles.announcing import Fact, facts_of_transition
from ariane.profiles.refolding import follow
from ariane.segments.deciding import ENTERED, EXITED
from ariane.segments.jobs import MovedJob, PersonJob
from ariane.segments.rows import Row
from tests.builders.homes import share
from tests.builders.profiles import KEY, NOON, RULES, identify, item, prs, track
from tests.builders.segments import SegmentWorld, segment, view_of

VIEWERS = segment("viewers", {"performed": "Product Viewed"})
ORDERERS = segment("orderers", {"performed": "Order Completed"})
A, B = prs("user_id:u1"), prs("loyalty_card:7")


def world() -> SegmentWorld:
    made = SegmentWorld(view_of(VIEWERS, ORDERERS))
    made.now = NOON + timedelta(minutes=10)
    return made


def one_person_of_two() -> SegmentWorld:
    """u1 looked, the card bought."""
    here = world()
    here.happen(item(track(message_id="1", anonymousId=None, userId="u1")))
    card: dict[str, Any] = {"context": {"externalIds": [{"id": "7", "type": "loyalty_card"}]}, "anonymousId": None}
    here.happen(item(track("Order Completed", message_id="2", minute=1, **card)))
    here.happen(item(identify(message_id="3", minute=2, userId="u1", traits={"loyalty_card": "7"})))
    return here


def part(here: SegmentWorld) -> list[Fact]:
    """Takes the card out again, does what follows, and announces it. What is announced."""
    operator = Operator(here.stack.identities, KEY, expect=lambda _owner, _cause: None)
    card = Identifier("loyalty_card", "7")
    _, transition = operator.split([card], rules=RULES, by="ada", why="a mistake", at=here.now, events_to=None)
    follow([transition], stores=here.stores, key=KEY, rules=RULES, observing=here.view.observing)
    facts = facts_of_transition(transition)
    here.stack.announcer.publish(facts)
    return facts


def test_two_who_become_one_are_in_the_segments_of_both() -> None:
    here = one_person_of_two()
    assert len(here.rows.rows) == 1
    assert here.members("viewers") == here.members("orderers") == {*here.rows.rows}
    assert [(kind, name) for kind, name, _ in here.told()] == [("Entered", "viewers"), ("Entered", "orderers")]


def test_who_is_parted_leaves_what_the_other_brought() -> None:
    here = one_person_of_two()
    part(here)
    here.settle()

    assert here.members("viewers") == {A}
    assert here.members("orderers") == {B}
    assert {(each.detail["profile"], each.detail["segment"]) for each in here.facts(EXITED)} == {(A, "orderers"), (B, "viewers")}
    assert len(here.facts(ENTERED)) == 2


def test_a_split_that_comes_again_changes_and_tells_nothing() -> None:
    here = one_person_of_two()
    facts = part(here)
    here.settle()
    told, rows = here.facts(), dict(here.rows.rows)
    here.stack.announcer.publish(facts)
    here.settle()

    assert here.facts() == told
    assert {own: row.memberships for own, row in here.rows.rows.items()} == {own: row.memberships for own, row in rows.items()}


def test_a_merge_that_has_been_undone_takes_nobodys_row() -> None:
    here = one_person_of_two()
    part(here)
    here.settle()
    before = dict(here.rows.rows)
    here.queue.put([PersonJob(person=A, cause="c")])
    body = f'{{"kind": "merged", "fact": {{"into": "{A}", "from": ["{B}"], "at": "x", "cause": "c"}}}}'
    assert here.worker.take({"m": body}).failed == {}

    assert {own: row.memberships for own, row in here.rows.rows.items()} == {own: row.memberships for own, row in before.items()}


def test_events_that_turn_out_to_be_anothers_change_whose_segments_they_were() -> None:
    here = world()
    here.happen(item(track(message_id="1", minute=3)))
    assert here.members("viewers") == {prs("anonymous_id:a1")}
    share(here.stack, "anonymous_id:a1", minute=1)
    here._refold(prs("anonymous_id:a1"), here.view.observing)
    here.queue.put([MovedJob(partition=prs("anonymous_id:a1"), cause="c")])
    here.settle()

    (later,) = here.members("viewers")
    assert later != prs("anonymous_id:a1")


def test_a_row_of_an_absorbed_id_that_nobody_took_in_is_by_the_next_message_about_it() -> None:
    here = one_person_of_two()
    (root,) = here.rows.rows
    stray = B if root == A else A
    here.rows.rows[stray] = Row(person=stray, version=4, due=1, evaluated_at=1)
    here.queue.put([PersonJob(person=stray, cause="time")])
    here.settle()

    assert [*here.rows.rows] == [root]


def test_what_the_fragments_do_not_know_the_log_tells() -> None:
    here = world()
    here.stack.background = MemoryBackgroundQueue()
    here.publish()
    here.happen(item(track(message_id="1")), item(track(message_id="2", minute=4)))
    twice = segment("twice", {"performed": "Product Viewed", "times": {"gte": 2}, "within": "30 days"}, published_at=NOON)
    here.publish(twice, epoch=2)
    here.queue.put([PersonJob(person=prs("anonymous_id:a1"), cause="c")])
    here.settle()

    assert here.since("twice", "anonymous_id:a1") == NOON + timedelta(minutes=4)
