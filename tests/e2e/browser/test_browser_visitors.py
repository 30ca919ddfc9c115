"""What a page does without the SDK or before it: beacons, the pixel, links; and whose pages a source listens to."""

import zlib
from collections.abc import Callable, Iterator

import httpx
import orjson
import pytest

from ariane.access import write_keys
from ariane.instants import utc_now
from cli.access import new_secret, write_keys_of
from cli.links import signer
from cli.local import ports
from cli.waiting import wait_for
from tests.e2e.clients.access import SETTINGS, Tap
from tests.e2e.clients.browsing import Opens, Shop, Visit
from tests.e2e.clients.story import told
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("path", ["/v1/batch", "/beacon/v1/batch?writeKey={key}"])
@pytest.mark.parametrize("media", ["text/plain", "application/json"])
def test_a_beacon_of_a_page_that_is_left_arrives(world: World, visit: Visit, opens: Opens, tap: Tap, path: str, media: str) -> None:
    user, key = fresh("beacon"), world.stack.write_keys["browser"]
    event = {"type": "track", "event": "Left", "userId": user, "messageId": fresh("m")}
    document = {"batch": [event]} | ({} if "{key}" in path else {"writeKey": key})
    visit.open(opens().url)
    visit.page.evaluate(
        "([url, body, type]) => addEventListener('pagehide', () => navigator.sendBeacon(url, new Blob([body], { type })))",
        [world.stack.collect_url + path.format(key=key), orjson.dumps(document).decode(), media],
    )
    visit.page.goto("about:blank")

    told(world, f"user_id:{user}", ("track", "Left"))
    bare = path.partition("?")[0]
    preflight = {("OPTIONS", bare, 200): 1} if media == "application/json" else {}
    tap.await_requests({SETTINGS: 1, ("POST", bare, 200): 1, **preflight})


@pytest.fixture
def guarded(world: World) -> Iterator[Callable[[str], str]]:
    """Publishes a browser source that only this origin may use, and makes a key of it; takes it back afterwards."""
    table, where = world.deployment.output("AccessTable"), {"pk": {"S": "DEFS"}, "sk": {"S": "collect"}}
    before = world.deployment.dynamodb.get_item(TableName=table, Key=where)["Item"]

    def publish(origin: str) -> str:
        document = orjson.loads(zlib.decompress(before["b"]["B"]))
        document["sources"]["guarded"] = {"kind": "browser", "allowed_origins": [origin]}
        world.deployment.dynamodb.put_item(TableName=table, Item=before | {"b": {"B": zlib.compress(orjson.dumps(document))}})
        key = write_keys.create(write_keys_of(world.deployment), "guarded", clock=utc_now, new_secret=new_secret)
        url = f"{world.stack.collect_url}/v1/projects/{key}/settings"
        wait_for("the guarded source", lambda: httpx.get(url, timeout=30).status_code == 200 or None, patience=30)
        return key

    yield publish
    world.deployment.dynamodb.put_item(TableName=table, Item=before)


def test_only_pages_of_the_sources_own_origins_may_send(
    world: World, visit: Visit, opens: Opens, tap: Tap, guarded: Callable[[str], str]
) -> None:
    [port] = ports.pick([None])
    shop = opens(write_key=guarded(f"http://localhost:{port}"), port=port)
    stranger, visitor = fresh("visitor"), fresh("visitor")
    visit.open(f"{shop.own_site_url}/?ajs_aid={stranger}")
    visit.tell("track", "Product Viewed", {})
    refused = visit.failures()
    visit.open(f"{shop.url}/?ajs_aid={visitor}")
    visit.tell("track", "Product Viewed", {})

    told(world, f"anonymous_id:{visitor}", ("track", "Product Viewed"))
    assert world.api.find_profile(f"anonymous_id:{stranger}") is None
    assert len(refused) == 1
    assert (tap.requests()["POST", "/v1/t", 403], tap.requests()["POST", "/v1/t", 200]) == (1, 1)


@pytest.fixture
def pictured(world: World, opens: Opens) -> Shop:
    """A shop with Ariane's pixel on each of its pages."""
    return opens(image=f"{world.stack.collect_url}/p.gif?k={world.stack.write_keys['browser']}&e=Page%20Seen")


def see(visit: Visit, url: str) -> None:
    """Returns once the page's image is there."""
    visit.open(url)
    visit.page.wait_for_function("document.images[0]?.complete")
    assert visit.page.evaluate("document.images[0].naturalWidth") == 1


def visitor_of(world: World, visit: Visit) -> str | None:
    """The first-party cookie's, as the browser keeps it."""
    cookies = {cookie["name"]: cookie["value"] for cookie in visit.page.context.cookies(world.stack.collect_url)}
    return cookies.get("ariane_aid")


def test_the_pixel_knows_a_visitor_again_on_the_collectors_own_site(world: World, visit: Visit, pictured: Shop) -> None:
    see(visit, f"{pictured.own_site_url}/robes")
    first = visitor_of(world, visit)
    see(visit, f"{pictured.own_site_url}/panier")

    assert first is not None
    assert visitor_of(world, visit) == first
    told(world, f"anonymous_id:{first}", ("track", "Page Seen"), ("track", "Page Seen"))


def test_on_another_site_chromium_keeps_no_cookie_of_the_pixel(world: World, visit: Visit, pictured: Shop, tap: Tap) -> None:
    """Which is why collection belongs on the site's own domain."""
    see(visit, f"{pictured.url}/robes")
    see(visit, f"{pictured.url}/panier")

    assert visitor_of(world, visit) is None
    tap.await_requests({SETTINGS: 1, ("GET", "/p.gif", 200): 2})


def test_a_click_hands_the_visitor_to_the_shop_whose_sdk_goes_on_with_him(world: World, visit: Visit, opens: Opens) -> None:
    sign = signer(world.deployment, public_url=world.stack.collect_url)
    visit.open(sign(f"{opens().url}/robes?utm_source=instagram", {"spot": "story"}))
    visit.tell("track", "Product Viewed", {"sku": "S1"})

    visitor = visit.anonymous_id()
    assert visitor == visitor_of(world, visit)
    viewed, clicked = told(world, f"anonymous_id:{visitor}", ("track", "Link Clicked"), ("track", "Product Viewed"))
    assert (clicked["properties"]["spot"], clicked["context"]["campaign"]) == ("story", {"source": "instagram"})
    assert viewed["context"]["campaign"] == {"source": "instagram"}
