"""The demo day, played through real SDK packages against the deployed stack."""

from collections import Counter
from collections.abc import Iterator

import pytest

from cli.demo.command import connected, new_customer
from cli.demo.play import Play, playing
from cli.demo.story import demo_day
from tests.e2e.world import World, repeated

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def day(world: World) -> Iterator[Play]:
    """Each chapter waits for its own states: a missing e-mail or merge fails here, by name."""
    customer = new_customer()
    with connected(world.home, world.stack) as stage, playing(stage, customer) as play:
        for chapter in demo_day(customer):
            play.perform(chapter)
        yield play


def test_the_day_makes_one_profile_of_both_devices_the_account_and_the_card(world: World, day: Play) -> None:
    customer = day.customer
    known = (f"email:{customer.email}", f"phone:{customer.phone}", f"user_id:{customer.user_id}", f"loyalty_card:{customer.loyalty_card}")
    profiles = [world.api.profile(identifier) for identifier in known]

    assert len({profile["id"] for profile in profiles}) == 1
    kinds = Counter(identifier["type"] for identifier in profiles[0]["identifiers"])
    assert kinds["anonymous_id"] >= 2
    assert {kind: kinds[kind] for kind in ("user_id", "email", "phone", "loyalty_card")} == {
        "user_id": 1,
        "email": 1,
        "phone": 1,
        "loyalty_card": 1,
    }
    assert profiles[0]["traits"]["last_name"] == customer.last_name


def test_the_timeline_holds_every_event_once_and_in_order_over_all_channels(world: World, day: Play) -> None:
    timeline = world.api.timeline(f"user_id:{day.customer.user_id}")

    assert repeated(timeline) == {}
    told = [entry["event"] for entry in reversed(timeline) if entry["type"] == "track"]
    milestones = ("Link Clicked", "Product Added", "Checkout Started", "Order Completed")
    assert sorted(milestones, key=told.index) == list(milestones)
    assert timeline[0]["source"] == "stores"
    assert Counter(entry["event"] for entry in timeline if entry["type"] == "track") == {
        "Link Clicked": 2,
        "Lookbook Viewed": 1,
        "Product Viewed": 2,
        "Product Added": 1,
        "Checkout Started": 1,
        "Consent Granted": 2,
        "Loyalty Joined": 1,
        "Order Completed": 2,
    }
    assert {entry["source"] for entry in timeline} == {"web", "backend", "stores"}


def test_the_advertisement_is_on_the_click_that_brought_her(world: World, day: Play) -> None:
    clicks = [entry for entry in world.api.timeline(f"user_id:{day.customer.user_id}") if entry["event"] == "Link Clicked"]

    assert [click["context"]["campaign"]["source"] for click in clicks] == ["ariane", "instagram"]


def test_two_emails_and_one_sms_lie_in_her_mailboxes(day: Play) -> None:
    mails = day.mails()

    assert [mail.channel for mail in mails] == ["email", "sms", "email"]
    reminder, confirmation, welcome = mails
    assert "Robe midi en lin" in reminder.text
    assert day.customer.order("web") in confirmation.text
    assert day.customer.first_name in welcome.subject
    assert day.customer.loyalty_card in welcome.text


def test_the_ledger_says_what_was_sent_and_why(world: World, day: Play) -> None:
    entries = world.api.messages(f"user_id:{day.customer.user_id}")

    sent = {(entry["journey"], entry["channel"], entry["status"]) for entry in entries}
    assert sent == {("cart-abandonment", "email", "sent"), ("order-confirmation", "sms", "sent"), ("loyalty-welcome", "email", "sent")}


def test_no_request_of_the_day_was_refused(world: World, day: Play) -> None:
    assert day.customer
    statuses = {entry["status"] for path in ("/v1/batch", "/p.gif", "/r") for entry in world.requests(path)}

    assert statuses <= {200, 302}
