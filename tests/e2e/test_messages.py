"""Consent, unsubscribing and what needs no consent, over the whole path."""

import re

import httpx
import pytest

from cli.mailbox import Mail
from tests.e2e.world import Json, World, fresh, fresh_phone

pytestmark = pytest.mark.e2e


def member(world: World, *, consents: bool = True) -> tuple[str, str]:
    """(user id, e-mail address) of somebody whom the back end made known."""
    user = fresh("u")
    email = f"{user}@example.com"
    world.send({"type": "identify", "userId": user, "traits": {"email": email}})
    if consents:
        for topic in ("offers", "loyalty"):
            world.send(
                {
                    "type": "track",
                    "event": "Consent Granted",
                    "userId": user,
                    "properties": {"topic": topic, "channel": "email", "email": email},
                }
            )
    return user, email


def product_added(user: str, cart: str) -> Json:
    return {
        "type": "track",
        "event": "Product Added",
        "userId": user,
        "properties": {"cart_id": cart, "name": "Robe", "price": 10, "currency": "EUR"},
    }


def abandon_cart(world: World, user: str) -> None:
    world.send(product_added(user, fresh("cart")))


def one_click_address(mail: Mail) -> str:
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.search(r"<(https?://[^>]+)>", mail.headers["List-Unsubscribe"])
    assert found is not None
    return found[1]


def test_one_click_unsubscribes_and_no_marketing_mail_follows(world: World) -> None:
    user, email = member(world)
    abandon_cart(world, user)
    address = one_click_address(world.mail_to(email)[0])

    answer = httpx.post(address, data={"List-Unsubscribe": "One-Click"}, timeout=30)
    assert answer.status_code == 200
    abandon_cart(world, user)

    skipped = world.ledger_with(f"user_id:{user}", status="skipped", channel="email")
    assert skipped["reason"] == "no_consent"
    assert len(world.mail_to(email)) == 1


def test_opening_the_unsubscribe_page_does_not_unsubscribe(world: World) -> None:
    """Scanners of mail gateways open every link."""
    user, email = member(world)
    abandon_cart(world, user)
    address = one_click_address(world.mail_to(email)[0])

    assert httpx.get(address, timeout=30).status_code == 200
    abandon_cart(world, user)

    assert len(world.mail_to(email, count=2)) == 2


def test_marketing_without_a_recorded_grant_is_skipped_with_its_reason(world: World) -> None:
    user, email = member(world, consents=False)

    world.send({"type": "track", "event": "Loyalty Joined", "userId": user, "properties": {"card_id": fresh("card")}})

    assert world.ledger_with(f"user_id:{user}", journey="loyalty-welcome")["reason"] == "no_consent"
    assert [mail for mail in world.mails() if mail.to == email] == []


def test_a_forged_unsubscribe_link_is_refused(world: World) -> None:
    answer = httpx.post(f"{world.stack.collect_url}/u/WzE4NTg0MzI2MDAse31d.AAAAAAAAAAAAAAAAAAAAAA", timeout=30)

    assert answer.status_code in (400, 401, 403, 404)


def test_an_order_confirmation_needs_no_consent_and_comes_once_however_often_the_order_is_sent(world: World) -> None:
    user, phone, order = fresh("u"), fresh_phone(), fresh("order").upper()
    world.send({"type": "identify", "userId": user, "traits": {"phone": phone}})
    bought = {
        "type": "track",
        "event": "Order Completed",
        "userId": user,
        "messageId": fresh("m"),
        "properties": {"order_id": order, "total": 25, "currency": "EUR", "sales_channel": "web"},
    }

    world.send(bought)
    world.send(bought)

    assert order in world.mail_to(phone)[0].text
    world.ledger_with(f"user_id:{user}", journey="order-confirmation", status="sent")
    assert len(world.api.messages(f"user_id:{user}")) == 1
    assert len(world.mail_to(phone)) == 1


def test_an_order_before_the_wait_is_over_ends_the_cart_reminder(world: World) -> None:
    """The order ends the run, or comes first and keeps it from beginning: both travel at once, and either is right."""
    user, email = member(world)
    bought, left = fresh("cart"), fresh("cart")
    order = {"type": "track", "event": "Order Completed", "userId": user, "properties": {"order_id": fresh("o"), "sales_channel": "web"}}
    world.send(product_added(user, bought), {**order, "messageId": bought})
    world.timeline_with(f"user_id:{user}", bought)

    world.send(product_added(user, left))

    world.run_of(f"user_id:{user}", journey="cart-abandonment", key=left, status="completed")
    runs = [run for run in world.profile_with(f"user_id:{user}")["journeys"] if run["journey"] == "cart-abandonment"]
    assert {run["status"] for run in runs if run["key"] == bought} <= {"exited"}
    assert len(world.mail_to(email)) == 1
