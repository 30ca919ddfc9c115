"""The profile API, as a program outside reads it: its own shapes and Segment's."""

from base64 import b64encode
from collections.abc import Iterator

import httpx
import pytest

from ariane.access import tokens
from ariane.instants import utc_now
from cli.access import new_secret, tokens_of
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e


@pytest.fixture
def api(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.stack.api_url, headers={"authorization": f"Bearer {world.stack.api_token}"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def customer(world: World) -> str:
    """The user id of a profile with an address, a device and an event."""
    user = fresh("u")
    viewed = {"type": "track", "event": "Product Viewed", "userId": user, "anonymousId": fresh("a"), "messageId": fresh("m")}
    world.send({"type": "identify", "userId": user, "traits": {"email": f"{user}@example.com", "plan": "gold"}}, viewed)
    world.timeline_with(f"user_id:{user}", viewed["messageId"])
    world.profile_with(f"user_id:{user}", plan="gold")
    return user


def test_a_profile_is_found_by_any_of_its_identifiers(api: httpx.Client, customer: str) -> None:
    by_user = api.get(f"/v1/profiles/user_id:{customer}").json()
    by_email = api.get(f"/v1/profiles/email:{customer}@example.com").json()

    assert by_email == by_user
    assert {"id", "identifiers", "traits", "computed", "segments", "consents", "lifecycle", "journeys", "first_seen", "last_seen"} <= set(
        by_user
    )
    assert {"type": "email", "value": f"{customer}@example.com"} in by_user["identifiers"]


@pytest.mark.parametrize("part", ["traits", "external_ids", "events", "metadata", "links"])
def test_segments_own_shapes_are_answered(api: httpx.Client, customer: str, part: str) -> None:
    answer = api.get(f"/v1/spaces/default/collections/users/profiles/user_id:{customer}/{part}")

    assert answer.status_code == 200
    assert isinstance(answer.json(), dict)


def test_segments_traits_hold_the_trait(api: httpx.Client, customer: str) -> None:
    answer = api.get(f"/v1/spaces/default/collections/users/profiles/user_id:{customer}/traits")

    assert answer.json()["traits"]["plan"] == "gold"


def test_a_token_is_taken_as_bearer_and_as_basic_user_name(world: World, customer: str) -> None:
    basic = b64encode(f"{world.stack.api_token}:".encode()).decode()

    answer = httpx.get(f"{world.stack.api_url}/v1/profiles/user_id:{customer}", headers={"authorization": f"Basic {basic}"}, timeout=30)

    assert answer.status_code == 200


@pytest.mark.parametrize("authorization", ["Bearer tok_wrong", "Basic d3Jvbmc6", "nonsense"])
def test_a_wrong_token_is_refused(world: World, authorization: str) -> None:
    answer = httpx.get(f"{world.stack.api_url}/v1/profiles/user_id:u1", headers={"authorization": authorization}, timeout=30)

    assert answer.status_code in (401, 403)


def test_no_token_is_refused(world: World) -> None:
    assert httpx.get(f"{world.stack.api_url}/v1/profiles/user_id:u1", timeout=30).status_code == 401


def test_a_token_without_the_scope_is_refused_with_a_code(world: World, customer: str) -> None:
    token = tokens.create(tokens_of(world.deployment), fresh("t"), [tokens.REJECTS_READ], clock=utc_now, new_secret=new_secret)

    answer = httpx.get(f"{world.stack.api_url}/v1/profiles/user_id:{customer}", headers={"authorization": f"Bearer {token}"}, timeout=30)

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_nobody_is_answered_404_with_a_code(api: httpx.Client) -> None:
    answer = api.get(f"/v1/profiles/user_id:{fresh('nobody')}")

    assert (answer.status_code, set(answer.json())) == (404, {"code", "message"})


def test_the_timeline_is_paged_by_cursor(world: World, api: httpx.Client) -> None:
    user = fresh("u")
    sent = [{"type": "track", "event": f"E{number}", "userId": user, "messageId": fresh("m")} for number in range(5)]
    world.send(*sent)
    world.timeline_with(f"user_id:{user}", *(str(event["messageId"]) for event in sent))

    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = api.get(f"/v1/profiles/user_id:{user}/timeline", params={"limit": "2", **cursor}).json()
        seen += [entry["messageId"] for entry in page["data"]]
        cursor = {"cursor": page["cursor"]["next"]}

    assert sorted(seen) == sorted(str(event["messageId"]) for event in sent)
    assert page["cursor"]["has_more"] is False
