"""As docs/how-to/undo-a-wrong-merge.md tells it: two customers, one without an account, become one through an e-mail mistyped at a till;
somebody finds out why and takes them apart. And a tablet that a whole store uses makes nobody one."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from cli.local.home import PROJECT
from cli.waiting import wait_for
from tests.e2e.world import World, fresh, fresh_phone, repeated

pytestmark = pytest.mark.e2e

type Ariane = Callable[..., str]
type Json = Mapping[str, Any]


@pytest.fixture(scope="module")
def ariane(world: World) -> Ariane:
    """The command's output; it must succeed."""
    environment = {"ARIANE_HOME": str(world.home.path), "PATH": "/usr/bin:/bin"}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "cli.main", *arguments]
        ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@dataclass(frozen=True, slots=True)
class Day:
    lucie: str
    """Her account."""
    email: str
    card: str
    """Nora's: she has no account."""
    phone: str
    orders: Mapping[str, str]
    """Whose -> message id."""
    split: Json
    explained: str
    dry_run: str


def purchase(message_id: str, traits: Json, **more: Any) -> Json:
    properties = {"order_id": message_id, "total": 40}
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": message_id,
        "properties": properties,
        "context": {"traits": {**traits}, **more},
    }


@pytest.fixture(scope="module")
def day(world: World, ariane: Ariane) -> Day:
    lucie, email, card, phone = fresh("lucie"), f"{fresh('lucie')}@example.com", fresh("NORA"), fresh_phone()
    orders = {name: fresh(name) for name in ("lucies-own", "noras-first", "mistyped")}
    world.send(
        {"type": "identify", "userId": lucie, "messageId": fresh("i"), "traits": {"email": email, "first_name": "Lucie"}},
        {"type": "track", "event": "Order Completed", "userId": lucie, "messageId": orders["lucies-own"], "properties": {"order_id": "l"}},
    )
    world.send(
        {"type": "identify", "messageId": fresh("i"), "traits": {"loyalty_card": card, "phone": phone, "first_name": "Nora"}},
        purchase(orders["noras-first"], {"loyalty_card": card}),
        kind="store",
    )
    world.timeline_with(f"user_id:{lucie}", orders["lucies-own"])
    world.timeline_with(f"loyalty_card:{card}", orders["noras-first"])
    world.send(purchase(orders["mistyped"], {"loyalty_card": card, "email": email}), kind="store")
    world.timeline_with(f"user_id:{lucie}", *orders.values())
    explained = ariane("profile", "explain", f"loyalty_card:{card}")
    order = ("profile", "unmerge", f"loyalty_card:{card}", f"phone:{phone}", "--events-to", "these", "--why", "mistyped at the till")
    dry_run = ariane(*order, "--dry-run")
    split = orjson.loads(ariane(*order, "--json"))["split"]
    return Day(lucie, email, card, phone, orders, split, explained, dry_run)


def ids_of(timeline: list[dict[str, Any]]) -> set[str]:
    return {entry["messageId"] for entry in timeline if entry["event"] == "Order Completed"}


def apart(world: World, day: Day) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lucie's profile and Nora's, once the mistyped order is Nora's: the background brings it over."""

    def found() -> tuple[dict[str, Any], dict[str, Any]] | None:
        lucie, nora = world.api.profile(f"user_id:{day.lucie}"), world.api.profile(f"loyalty_card:{day.card}")
        counts = [each["events"].get("Order Completed", {}).get("count") for each in (lucie, nora)]
        return (lucie, nora) if counts == [1, 2] else None

    return wait_for("one order of Lucie and two of Nora", found)


def test_the_explanation_names_the_receipt_that_made_them_one(day: Day) -> None:
    assert f"in message {day.orders['mistyped']}, that loyalty_card:{day.card} belongs with email:{day.email}" in day.explained
    assert "the trusted source stores said" in day.explained


def test_the_dry_run_says_who_would_be_taken_out_and_who_would_stay(day: Day) -> None:
    assert "nothing was done" in day.dry_run
    assert f"would be taken: loyalty_card:{day.card}, phone:{day.phone}" in day.dry_run
    left = next(line for line in day.dry_run.splitlines() if "would be left:" in line)
    assert f"user_id:{day.lucie}" in left
    assert "They would be 2 people:" in day.dry_run
    assert f"(message {day.orders['mistyped']}, from stores): of person 2" in day.dry_run
    assert "No running journey would end because of it." in day.dry_run


def test_both_have_their_own_identifiers_traits_and_counts_again(world: World, day: Day) -> None:
    lucie, nora = apart(world, day)

    assert lucie["id"] != nora["id"]
    assert {each["type"] for each in lucie["identifiers"]} == {"user_id", "email"}
    assert {each["type"] for each in nora["identifiers"]} == {"loyalty_card", "phone"}
    assert lucie["traits"]["first_name"] == "Lucie"
    assert nora["traits"]["first_name"] == "Nora"
    assert lucie["traits"].get("loyalty_card") is None


def test_both_timelines_are_right_and_show_everything_once(world: World, day: Day) -> None:
    apart(world, day)
    lucie, nora = world.api.timeline(f"user_id:{day.lucie}"), world.api.timeline(f"loyalty_card:{day.card}")

    assert ids_of(lucie) == {day.orders["lucies-own"]}
    assert ids_of(nora) == {day.orders["noras-first"], day.orders["mistyped"]}
    assert (repeated(lucie), repeated(nora)) == ({}, {})


def test_the_same_mistake_again_makes_them_one_no_more_and_says_why(world: World, day: Day, ariane: Ariane) -> None:
    again = fresh("again")
    world.send(purchase(again, {"loyalty_card": day.card, "email": day.email}), kind="store")
    world.timeline_with(f"loyalty_card:{day.card}", again)

    assert world.api.profile(f"user_id:{day.lucie}")["id"] != world.api.profile(f"loyalty_card:{day.card}")["id"]
    explained = ariane("profile", "explain", f"email:{day.email}")
    assert day.split["id"] in explained
    assert "(mistyped at the till)" in explained


def test_asked_again_it_is_the_same_split(day: Day, ariane: Ariane) -> None:
    order = (
        "profile",
        "unmerge",
        f"loyalty_card:{day.card}",
        f"phone:{day.phone}",
        "--events-to",
        "these",
        "--why",
        "mistyped at the till",
    )

    assert orjson.loads(ariane(*order, "--json"))["split"] == day.split


@pytest.mark.parametrize("kind", ["store", "app"])
def test_a_tablet_that_a_whole_store_uses_makes_nobody_one(world: World, kind: str) -> None:
    """The till's own device links nothing at all; one that accounts log in on links nothing from the second on."""
    tablet = {"device": {"id": fresh("tablet")}}
    customers = [fresh("customer") for _ in range(3)]
    for customer in customers:
        message = fresh("m")
        world.send({"type": "track", "event": "Fitting Booked", "userId": customer, "messageId": message, "context": tablet}, kind=kind)
        world.timeline_with(f"user_id:{customer}", message)
    profiles = [world.api.profile(f"user_id:{customer}") for customer in customers]

    assert len({profile["id"] for profile in profiles}) == 3
    users = [[each["value"] for each in profile["identifiers"] if each["type"] == "user_id"] for profile in profiles]
    assert users == [[customer] for customer in customers]
