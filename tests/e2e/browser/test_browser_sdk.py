"""analytics-next on a page of another site than the collector's: preflights, both ways of delivering, pages that are left."""

from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page

from cli.waiting import wait_for
from tests.e2e.clients.access import SETTINGS, Tap
from tests.e2e.clients.browsing import BATCHING, KEEPALIVE, Json, Opens, Visit
from tests.e2e.clients.story import told
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e


def test_every_call_is_one_request_after_one_preflight_of_its_path(world: World, visit: Visit, opens: Opens, tap: Tap) -> None:
    visitor, user = fresh("visitor"), fresh("browser")
    visit.open(f"{opens().url}/?ajs_aid={visitor}&ajs_uid={user}&ajs_trait_plan=gold")
    visit.tell("page", "Robes")
    visit.tell("track", "Product Viewed", {"sku": "S1"})
    visit.tell("track", "Product Added", {"sku": "S1", "quantity": 2})
    visit.tell("screen", "Panier")
    visit.tell("group", "maison", {"name": "Maison Ondine"})
    visit.tell("alias", user, visitor)

    paths = {"/v1/i": 1, "/v1/p": 1, "/v1/t": 2, "/v1/s": 1, "/v1/g": 1, "/v1/a": 1}
    expected = {SETTINGS: 1} | {("OPTIONS", path, 200): 1 for path in paths} | {("POST", path, 200): paths[path] for path in paths}
    tap.await_requests(expected)
    tracked = [("track", "Product Viewed"), ("track", "Product Added")]
    told(world, f"user_id:{user}", ("identify", None), ("page", "Robes"), *tracked, ("screen", "Panier"), ("group", None), ("alias", None))
    assert world.profile_with(f"anonymous_id:{visitor}", plan="gold")["traits"] == {"plan": "gold"}
    assert (visit.failures(), visit.complaints) == ([], [])
    assert tap.requests() == Counter(expected)


def test_a_preflight_allows_by_name_what_the_sdk_sends(visit: Visit, opens: Opens) -> None:
    visit.open(opens().url)
    visit.tell("track", "Product Viewed", {})

    (preflight,) = visit.preflights()
    assert (preflight.path, preflight.status, "authorization" in preflight.asked) == ("/v1/t", 200, True)
    assert preflight.allowed >= {"authorization", "content-type", "x-retry-count"} | preflight.asked


def test_a_visitor_is_taken_over_from_the_address_and_the_campaign_with_him(world: World, visit: Visit, opens: Opens) -> None:
    visitor, user, shop = fresh("visitor"), fresh("browser"), opens()
    visit.open(f"{shop.url}/robes?utm_source=tv&utm_campaign=spring&ajs_aid={visitor}&ajs_uid={user}")
    visit.tell("track", "Product Viewed", {"sku": "S1"})

    assert (visit.anonymous_id(), visit.user_id()) == (visitor, user)
    for entry in told(world, f"anonymous_id:{visitor}", ("identify", None), ("track", "Product Viewed")):
        context = entry["context"]
        assert (context["campaign"], context["page"]["path"]) == ({"source": "tv", "name": "spring"}, "/robes")
        assert (context["locale"], context["timezone"], context["library"]["name"]) == ("fr-FR", "Europe/Paris", "analytics.js")


def test_nobody_but_the_shop_and_the_collector_is_asked_for_anything(world: World, visit: Visit, opens: Opens) -> None:
    shop = opens()
    visit.open(f"{shop.url}/?ajs_aid={fresh('visitor')}")
    visit.tell("page", "Robes")

    assert visit.hosts == {httpx.URL(shop.url).netloc.decode(), httpx.URL(world.stack.collect_url).netloc.decode()}


def test_what_is_done_without_a_network_is_sent_once_there_is_one_past_a_preflight_of_its_own(
    world: World, visit: Visit, opens: Opens, tap: Tap
) -> None:
    visitor = fresh("visitor")
    visit.open(f"{opens().url}/?ajs_aid={visitor}")
    visit.page.context.set_offline(True)
    visit.tell("track", "Product Viewed", {})
    visit.page.context.set_offline(False)

    told(world, f"anonymous_id:{visitor}", ("track", "Product Viewed"))
    (preflight,) = visit.preflights()
    assert "x-retry-count" in preflight.asked
    tap.await_requests({SETTINGS: 1, ("OPTIONS", "/v1/t", 200): 1, ("POST", "/v1/t", 200): 1})


def test_a_full_batch_is_one_request(world: World, visit: Visit, opens: Opens, tap: Tap) -> None:
    visitor = fresh("visitor")
    visit.open(f"{opens(options=BATCHING).url}/?ajs_aid={visitor}")
    for number in range(10):
        visit.tell("track", f"Seen {number}", {"number": number})

    expected = {SETTINGS: 1, ("OPTIONS", "/v1/b", 200): 1, ("POST", "/v1/b", 200): 2}
    tap.await_requests(expected)
    told(world, f"anonymous_id:{visitor}", *(("track", f"Seen {number}") for number in range(10)))
    assert (visit.complaints, tap.requests()) == ([], Counter(expected))


@pytest.mark.parametrize("leave", [lambda page: page.goto("about:blank"), lambda page: page.close()], ids=["going on", "closing the tab"])
def test_a_batch_that_waits_when_the_page_is_left_is_delivered(
    world: World, visit: Visit, opens: Opens, tap: Tap, leave: Callable[[Page], object]
) -> None:
    visitor = fresh("visitor")
    visit.open(f"{opens(options=BATCHING).url}/?ajs_aid={visitor}")
    for name in ("Product Viewed", "Product Added", "Leaving"):
        visit.tell("track", name, {})
    leave(visit.page)

    told(world, f"anonymous_id:{visitor}", ("track", "Product Viewed"), ("track", "Product Added"), ("track", "Leaving"))
    tap.await_requests({SETTINGS: 1, ("OPTIONS", "/v1/b", 200): 1, ("POST", "/v1/b", 200): 1})


def test_an_event_under_way_when_the_page_is_left_outlives_it_where_the_sdk_keeps_it_alive(
    world: World, visit: Visit, opens: Opens
) -> None:
    visitor = fresh("visitor")
    visit.open(f"{opens(options=KEEPALIVE).url}/?ajs_aid={visitor}")
    visit.mention("track", "Leaving", {})
    visit.page.goto("about:blank")

    told(world, f"anonymous_id:{visitor}", ("track", "Leaving"))


@pytest.mark.parametrize(("options", "copies"), [({}, 1), (KEEPALIVE, 2)], ids=["dropped by the browser", "kept alive"])
def test_what_the_next_page_sends_again_counts_once(world: World, visit: Visit, opens: Opens, tap: Tap, options: Json, copies: int) -> None:
    """The SDK remembers what it has no answer to and sends it from the next page, whether or not it had arrived: ``copies`` at least."""
    visitor, shop = fresh("visitor"), opens(options=options)
    visit.open(f"{shop.url}/?ajs_aid={visitor}")
    visit.mention("track", "Leaving", {})
    with visit.page.expect_response(f"{world.stack.collect_url}/v1/t"):
        visit.open(f"{shop.url}/next")
    wait_for("all copies at the collector", lambda: tap.requests()["POST", "/v1/t", 200] >= copies or None)
    visit.tell("track", "Arrived", {})

    told(world, f"anonymous_id:{visitor}", ("track", "Leaving"), ("track", "Arrived"))
