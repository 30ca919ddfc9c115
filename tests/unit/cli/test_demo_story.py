"""The demo day, as far as it can be checked without playing it."""

import pytest
import yaml

from cli.demo.clients import link_in
from cli.demo.play import is_as_wanted
from cli.demo.story import AwaitMessage, AwaitProfile, Customer, Tell, demo_day
from cli.failures import CommandFailed
from cli.local.home import PROJECT

CUSTOMER = Customer(suffix="abc123")
ACTS = [act for chapter in demo_day(CUSTOMER) for act in chapter.acts]
PROFILE = {
    "identifiers": [{"type": "email", "value": "a@b.fr"}],
    "traits": {"plan": "gold"},
    "computed": {"order_count": 2},
    "lifecycle": "retention",
    "segments": [{"name": "vip", "since": None}],
}


def test_every_journey_of_the_sample_brand_is_entered_and_its_message_awaited() -> None:
    journeys = [yaml.safe_load(path.read_text()) for path in sorted((PROJECT / "brand" / "journeys").glob("*.yaml"))]
    told = {act.arguments.get("event") for act in ACTS if isinstance(act, Tell)}

    assert {journey["entry"]["event"] for journey in journeys} <= told
    assert sum(isinstance(act, AwaitMessage) for act in ACTS) == len(journeys)


def test_contact_details_come_from_the_back_end() -> None:
    telling_phone = {act.source for act in ACTS if isinstance(act, Tell) and "phone" in act.arguments.get("traits", {})}

    assert telling_phone == {"backend"}


def test_two_plays_share_no_identifier() -> None:
    other = Customer(suffix="abc124")

    assert {CUSTOMER.user_id, CUSTOMER.email, CUSTOMER.loyalty_card, CUSTOMER.cart}.isdisjoint(
        {other.user_id, other.email, other.loyalty_card, other.cart}
    )


@pytest.mark.parametrize(
    ("wanted", "is_there"),
    [
        (AwaitProfile(identifier="x", what="x"), True),
        (AwaitProfile(identifier="x", what="x", identifiers=("email:a@b.fr",), traits={"plan": "gold"}, events={"E": 2}), True),
        (AwaitProfile(identifier="x", what="x", identifiers=("user_id:u",)), False),
        (AwaitProfile(identifier="x", what="x", traits={"plan": "silver"}), False),
        (AwaitProfile(identifier="x", what="x", events={"E": 3}), False),
        (AwaitProfile(identifier="x", what="x", computed={"order_count": 2, "lifecycle": "retention"}), True),
        (AwaitProfile(identifier="x", what="x", computed={"order_count": 3}), False),
        (AwaitProfile(identifier="x", what="x", segments=("vip",), left=("new-customers",)), True),
        (AwaitProfile(identifier="x", what="x", segments=("new-customers",)), False),
        (AwaitProfile(identifier="x", what="x", left=("vip",)), False),
    ],
)
def test_an_awaited_profile_is_there_when_all_of_it_is(wanted: AwaitProfile, is_there: bool) -> None:
    assert is_as_wanted(PROFILE, [{"event": "E"}, {"event": "E"}], wanted) is is_there


def test_the_link_of_an_email_is_read_as_a_browser_reads_it() -> None:
    assert link_in('<a href="http://x/other">o</a><a href="http://x/r?t=a.b&amp;c=1">go</a>') == "http://x/r?t=a.b&c=1"


def test_an_email_without_a_tracked_link_is_said_so() -> None:
    with pytest.raises(CommandFailed, match="no tracked link"):
        link_in("<p>nothing</p>")
