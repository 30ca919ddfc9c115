"""Every event lands at least once, with the person that it was stitched to, and nothing holds the others up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ariane.errors import Retryable
from ariane.events.model import LogItem, events_of
from ariane.lake.landing import MOST_TRIES, Waiting, delay_after
from ariane.lake.messages import ItemLater
from ariane.profiles.fragments import Unreadable
from tests.builders.homes import share
from tests.builders.lake import Shore
from tests.builders.profiles import NOON, Stack, identify, item, prs, track

DEVICE = "6f1ed002-ab55-4a4f-8c1a-2f3e5d7c9b1a"


def landed_ids(shore: Shore) -> list[str]:
    return sorted(row["message_id"] for row in shore.events())


def test_a_stitched_event_lands_under_its_day_with_its_person_and_their_profile() -> None:
    shore = Shore(Stack())
    records = shore.stack.write(
        item(track(message_id="v", anonymousId="a1")), item(identify(message_id="i", minute=1, userId="u1", anonymousId="a1"))
    )
    shore.stack.stitch(records)

    landed = shore.land(records)

    assert (landed.events, landed.waiting) == (2, 0)
    assert {key.split("/")[1] for key in shore.lake.objects} == {"day=2026-11-22"}
    rows = {row["message_id"]: row for row in shore.events()}
    root = shore.stack.profile("anonymous_id:a1").id
    assert (rows["v"]["person_id"], rows["v"]["profile_id"]) == (prs("anonymous_id:a1"), root)
    assert (rows["i"]["person_id"], rows["i"]["profile_id"]) == (prs("user_id:u1"), root)
    assert root == prs("user_id:u1")
    assert all(row["is_stitched"] for row in rows.values())


def test_what_stitch_has_not_taken_up_waits_and_lands_with_the_person_that_it_then_is() -> None:
    shore = Shore(Stack())
    records = shore.stack.write(item(identify(message_id="i", userId="u1", anonymousId="a1")))

    assert shore.land(records).waiting == 1
    assert shore.events() == []
    ((message, delay),) = shore.queue.messages
    assert message == ItemLater(records[0].item.person_id, records[0].item.sort, "1", 1)
    assert delay == 30
    assert shore.take_queued() == []
    assert shore.events() == []

    shore.stack.stitch(records)
    shore.take_queued()

    assert landed_ids(shore) == ["i"]
    assert shore.queue.messages == []


def test_a_batch_of_which_a_part_is_stitched_lands_that_part() -> None:
    shore = Shore(Stack())
    first, second = shore.stack.write(item(track(message_id="1")), item(track(message_id="2", minute=1)))
    shore.stack.stitch([first])

    landed = shore.land([first, second])

    assert (landed.events, landed.waiting) == (1, 1)
    assert landed_ids(shore) == ["1"]


def test_a_later_item_that_was_stitched_first_says_nothing_of_an_earlier_one() -> None:
    """The items of a very busy person may lie on two shards."""
    shore = Shore(Stack())
    first, second = shore.stack.write(item(track(message_id="1")), item(track(message_id="2", minute=1)))
    shore.stack.stitch([second])

    assert shore.land([first]).waiting == 1


def test_an_event_that_stitch_can_never_take_up_lands_in_the_end_and_says_so() -> None:
    shore = Shore(Stack())
    (record,) = shore.stack.write(item(track(message_id="v")))

    landed = shore.lander.land([Waiting(record.item, record.sequence, tries=MOST_TRIES)])

    assert landed.events == 1
    (row,) = shore.events()
    assert (row["is_stitched"], row["person_id"]) == (False, record.item.person_id)


def test_the_looks_at_an_unstitched_item_span_more_than_the_hours_for_which_stitch_tries() -> None:
    delays = [delay_after(tries) for tries in range(MOST_TRIES)]
    assert sum(delays) > timedelta(hours=6).total_seconds()
    assert max(delays) == 900, "the longest that SQS delays"


def test_a_bots_events_land_at_once_and_are_marked() -> None:
    """They are in no profile: stitch leaves them out, and writes no fragment."""
    shore = Shore(Stack())
    records = shore.stack.write(item(track(message_id="b", context={"bot": True})))

    assert shore.land(records).events == 1
    (row,) = shore.events()
    assert (row["is_bot"], row["is_stitched"]) == (True, True)


def test_an_event_of_a_shared_device_lands_with_the_person_whose_it_is() -> None:
    shore = Shore(Stack())
    device = f"anonymous_id:{DEVICE}"
    share(shore.stack, device, minute=0)
    later = item(track(message_id="later", minute=60, anonymousId=DEVICE))
    records = shore.stack.write(later)
    shore.stack.stitch(records)
    home = shore.stack.homes(events_of(later))[0].person_id
    assert home != later.person_id

    shore.lander.land([Waiting(later, None, is_moved=True)])

    (row,) = shore.events()
    assert (row["person_id"], row["cause"].split("/")[0]) == (home, later.person_id)


def test_the_same_batch_lands_on_itself() -> None:
    shore = Shore(Stack())
    records = shore.stack.write(item(track(message_id="1")), item(track(message_id="2", minute=1)))
    shore.stack.stitch(records)

    for _ in range(2):
        shore.land(records)

    assert len(shore.lake.objects) == 1
    assert landed_ids(shore) == ["1", "2"]


def test_each_day_of_a_batch_is_an_object_of_its_own() -> None:
    shore = Shore(Stack())
    records = shore.stack.write(item(track(message_id="1")), item(track(message_id="2", minute=24 * 60)))
    shore.stack.stitch(records)
    shore.land(records)
    assert sorted(key.split("/")[1] for key in shore.lake.objects) == ["day=2026-11-22", "day=2026-11-23"]


def spoilt() -> LogItem:
    whole = item(track(message_id="good"), track(message_id="bad", minute=1))
    bad = {name: value for name, value in whole.messages[1].items() if name != "messageId"}
    return replace(whole, messages=(whole.messages[0], bad))


def test_an_event_that_no_line_can_be_made_of_is_named_and_the_rest_of_its_item_lands() -> None:
    shore = Shore(Stack())
    poison = spoilt()

    landed = shore.lander.land([Waiting(poison, None), Waiting(item(track(message_id="other", minute=2)), None)])

    assert landed_ids(shore) == ["good", "other"]
    assert [(key.person_id, key.sort) for key in landed.spoilt] == [(poison.person_id, poison.sort)]


def test_an_item_that_provokes_a_bug_does_not_hold_the_others_up() -> None:
    shore = Shore(Stack())
    broken = replace(item(track(message_id="1")), messages=("no mapping",))  # type: ignore[arg-type]

    landed = shore.lander.land([Waiting(broken, "1"), Waiting(item(track(message_id="2", minute=2)), None)])

    assert landed_ids(shore) == ["2"]
    assert landed.waiting + len(landed.spoilt) >= 1


class Busy:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def load(self, person_ids: object) -> object:
        raise self._error


def test_a_busy_table_fails_the_batch() -> None:
    stack = Stack()
    records = stack.write(item(track(message_id="1")))
    stack.fragments = Busy(Retryable("busy", "busy"))
    with pytest.raises(Retryable):
        Shore(stack).land(records)


def test_a_fragment_that_cannot_be_decoded_keeps_its_own_events_waiting_alone() -> None:
    stack = Stack()
    mine, others = stack.write(item(track(message_id="1", anonymousId="a1")), item(track(message_id="2", anonymousId="a2")))
    stack.stitch([mine, others])
    load = stack.fragments.load

    class Torn:
        def load(self, person_ids: list[str]) -> object:
            if mine.item.person_id in person_ids:
                raise Unreadable
            return load(person_ids)

    stack.fragments = Torn()
    shore = Shore(stack)
    landed = shore.land([mine, others])
    assert (landed_ids(shore), landed.waiting) == (["2"], 1)


def test_what_has_expired_meanwhile_lands_nowhere() -> None:
    shore = Shore(Stack())
    shore.queue.put([ItemLater(prs("anonymous_id:a1"), "2026-11-22T12:00:00.000Z#0", "1", 1)], delay=0)
    assert shore.take_queued() == []
    assert shore.events() == []


def test_what_dates_a_line_was_read_before_the_people_whose_it_is() -> None:
    """A change of people that a line misses has a later date than the line."""
    stack, seen = Stack(), []
    records = stack.write(item(track(message_id="1")))
    stack.stitch(records)
    heads = stack.identities.heads

    class Watched:
        def heads(self, ids: list[str]) -> object:
            seen.append(NOON)
            return heads(ids)

    shore = Shore(stack)

    def clock() -> object:
        assert not seen
        return NOON

    stack.identities = Watched()
    shore.clock = clock
    shore.land(records)
    assert seen
