"""What linking costs, in units and calls: counts, the same on every machine. An event that costs more is one to explain."""

from datetime import timedelta
from typing import Any

import pytest

from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.instants import format_instant
from cli.bench.growth import KEY
from cli.bench.identity import Setting
from cli.bench.identity_calls import Case, EventCalls
from cli.bench.identity_sizes import merges, profiles
from cli.bench.identity_world import IdentityWorld
from cli.report import Progress


def sent(world: IdentityWorld, **said: Any) -> EventCalls:
    world.now += timedelta(minutes=1)
    kind = {"type": "identify"} if "traits" in said else {"type": "track", "event": "Product Viewed"}
    return world.send({**kind, "messageId": f"m{world.now:%H%M%d}", "timestamp": format_instant(world.now), **said})


def bill(asked: EventCalls) -> tuple[float, float, int]:
    return asked.write_units, asked.read_units, asked.count


@pytest.fixture
def world() -> IdentityWorld:
    """With one customer whose browser is known."""
    world = IdentityWorld()
    sent(world, userId="u1", anonymousId="a1")
    return world


def test_an_ordinary_event_of_a_known_visitor_asks_for_no_identity(world: IdentityWorld) -> None:
    for ids in ({"userId": "u1", "anonymousId": "a1"}, {"userId": "u1"}, {"anonymousId": "a1"}):
        asked = sent(world, **ids)
        assert (asked.identity, asked.case) == (0, Case.UNASKED)
        assert bill(asked) == (1, 1, 2), "the fragment, read and written"


def test_a_new_cookie_of_a_known_customer_is_eleven_units(world: IdentityWorld) -> None:
    """Two heads, the member, the assertion and the transition in one transaction are ten; the fragment is one."""
    asked = sent(world, userId="u1", anonymousId="a2")
    assert asked.case is Case.UNION
    assert bill(asked) == (11, 3, 4)


def test_a_visitor_who_says_who_she_is_costs_what_a_new_cookie_does(world: IdentityWorld) -> None:
    sent(world, anonymousId="a3")
    assert bill(sent(world, userId="u1", anonymousId="a3")) == (11, 3, 4)


def test_a_second_account_that_names_a_known_address_is_decided_without_looking_at_its_cluster(world: IdentityWorld) -> None:
    sent(world, userId="u1", traits={"email": "a@shop.example"})
    asked = sent(world, userId="u2", traits={"email": "a@shop.example"})
    assert asked.case is Case.STEP
    assert asked.members == 0
    assert bill(asked) == (15, 5, 6)


class TestKiosk:
    @pytest.fixture
    def world(self, world: IdentityWorld) -> IdentityWorld:
        """After the threshold, a customer and a visitor later."""
        for ids in ({"userId": "u2", "anonymousId": "a1"}, {"anonymousId": "a1"}, {"userId": "u3", "anonymousId": "a1"}):
            sent(world, **ids)
        return world

    def test_a_login_on_it_writes_its_own_account_and_never_the_kiosk(self, world: IdentityWorld) -> None:
        kiosk = person_id(Identifier("anonymous_id", "a1"), KEY)
        asked = sent(world, userId="u4", anonymousId="a1")
        assert bill(asked) == (5, 4, 5), "the account's head and the assertion, and its fragment"
        assert kiosk not in {head.person_id for commit in asked.commits for head in commit.heads}

    def test_a_visit_without_an_account_writes_no_identity(self, world: IdentityWorld) -> None:
        asked = sent(world, anonymousId="a1")
        assert asked.commits == []
        assert bill(asked) == (4, 4, 5), "the partition's fragment and the row of whoever is on it now, in one transaction"


def test_a_merge_is_the_same_whatever_both_sides_hold() -> None:
    """The first one meets an account that is new: there can be no earlier word of it, so one read less."""
    first, *others = merges()
    assert (first["write_units"], first["read_units"], first["calls"]) == (11, 3, 4)
    assert {(each["write_units"], each["read_units"], each["calls"], each["case"]) for each in others} == {(11, 4, 5, "union")}


def test_what_a_decision_reads_of_a_person_does_not_grow_with_the_browsers() -> None:
    found = {each["fragments"]: each for each in profiles([1, 10, 50, 500])}
    assert {size: (each["brief_read_units"], each["brief_calls"]) for size, each in found.items()} == {
        1: (2, 2),
        10: (12, 3),
        50: (19, 4),
        500: (19, 4),
    }
    assert found[500]["deciding_read_units"] == found[50]["deciding_read_units"]
    assert found[500]["deciding_calls"] == found[50]["deciding_calls"]


def test_the_whole_reading_costs_a_unit_a_fragment_and_two() -> None:
    found = {each["fragments"]: each["read_units"] for each in profiles([1, 10, 50])}
    assert found == {1: 2, 10: 12, 50: 52}


def test_summing_up_costs_a_few_units_a_browser_once_and_waking_one_a_transaction() -> None:
    (found,) = profiles([300])
    assert found["sealing_write_units"] < 3
    assert found["waking_write_units"] == 4, "the bundle and the fragment, in one transaction"


def test_a_share_of_links_and_of_conflicts_takes_all_four_cases() -> None:
    world = IdentityWorld()
    world.fill(60, Progress())
    asked, _ = Setting(0.5, 0.5).measure(world, events=120)
    assert {each.case for each in asked} >= {Case.UNASKED, Case.UNION, Case.STEP, Case.RESOLVED}
    assert max(each.count for each in asked if each.case is not Case.RESOLVED) <= 9
