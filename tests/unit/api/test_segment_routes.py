"""Segments through the API's function."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from ariane.definitions.customer_view import CustomerView
from ariane.segments.counting import DayCount
from ariane.segments.desk import MANY
from ariane.segments.jobs import BackfillJob
from ariane.segments.rows import Membership
from tests.builders.profiles import NOON, Stack, identify, item, prs, track
from tests.unit.api.test_profile_api import LATER, Api

NOON_MILLIS = 1_795_348_800_000
VIEW: Mapping[str, Any] = {
    "version": "b1",
    "traits": {"precedence": {}, "computed": {"order_count": {"count": "Order Completed"}}},
    "segments": {
        "shoppers": {
            "label": "Shoppers",
            "persona": "Buys when it rains.",
            "condition": {"all": [{"performed": "Order Completed", "within": "30 days"}, {"trait": "address.country", "equals": "FR"}]},
            "version": "v1",
            "published_at": "2026-11-22T12:00:00.000Z",
        },
        "vip": {"condition": {"trait": "order_count", "gte": 3}, "version": "v2", "published_at": "2026-11-22T12:00:00.000Z"},
    },
    "observing": {},
}


@pytest.fixture
def api() -> Api:
    stack = Stack()
    for place, (user, email) in enumerate((("ada", "ada@b.fr"), ("bela", "bela@b.fr"), ("carl", "carl@b.fr"))):
        stack.deliver(item(identify(message_id=f"i{place}", userId=user, traits={"email": email, "firstName": f"={user}"})))
    stack.deliver(item(track("Order Completed", message_id="o1", minute=1, userId="ada", anonymousId=None)))
    grant = {"topic": "ads", "channel": "email", "email": "ada@b.fr"}
    stack.deliver(item(track("Consent Granted", message_id="c1", minute=1, userId="ada", anonymousId=None, properties=grant)))
    api = Api(stack=stack, view=CustomerView.from_document(VIEW))
    for number, user in enumerate(("ada", "bela", "carl")):
        api.member(prs(f"user_id:{user}"), shoppers=Membership("v1", NOON_MILLIS + number))
    return api


def test_segments_are_listed_with_their_members_counts_and_state(api: Api) -> None:
    api.counts.keep("shoppers", DayCount("2026-11-21", 2, NOON))
    listed = api.ok("/v1/segments")

    assert [(each["name"], each["label"], each["members"]) for each in listed["data"]] == [("shoppers", "Shoppers", 3), ("vip", "vip", 0)]
    assert listed["data"][0]["counts"] == [{"day": "2026-11-21", "count": 2, "at": "2026-11-22T12:00:00.000Z"}]
    assert listed["data"][0]["backfill"] == {"state": "missing", "ended_at": None}
    assert api.ok("/v1/segments", limit="1")["cursor"]["has_more"]


def test_a_list_shows_very_many_as_they_were_last_counted_and_says_when(api: Api) -> None:
    api.counts.keep("shoppers", DayCount("2026-11-22", MANY, NOON + timedelta(minutes=1)))
    api.counts.keep("vip", DayCount("2026-11-22", MANY, NOON - timedelta(minutes=1)))
    shoppers, vip = api.ok("/v1/segments")["data"]

    assert (shoppers["members"], shoppers["members_at"]) == (MANY, "2026-11-22T12:01:00.000Z")
    assert vip["members"] == 0, "that was of the version before"
    assert vip["members_at"] > shoppers["members_at"]
    assert api.ok("/v1/segments/shoppers")["members"] == 3, "who looks at one is told how many there are now"


def test_a_segment_is_told_in_words(api: Api) -> None:
    shown = api.ok("/v1/segments/shoppers")

    assert shown["words"] == ["all of:", "  - Order Completed: at least once, within the last 30 days", "  - address.country is FR"]
    assert shown["persona"] == "Buys when it rains."
    assert shown["condition"]["all"][1] == {"trait": "address.country", "equals": "FR"}


def test_members_are_paged_each_once_with_since_and_identifiers(api: Api) -> None:
    found, query = [], {"limit": "2"}
    while True:
        page = api.ok("/v1/segments/shoppers/members", **query)
        found += page["data"]
        if not page["cursor"]["has_more"]:
            break
        query["cursor"] = page["cursor"]["next"]

    assert sorted(each["since"] for each in found) == [f"2026-11-22T12:00:00.00{number}Z" for number in range(3)]
    ada = next(each for each in found if each["id"] == prs("user_id:ada"))
    assert {"type": "email", "value": "ada@b.fr"} in ada["identifiers"]
    brief = api.ok("/v1/segments/shoppers/members", identifiers="false", limit="1000")
    assert sorted(brief["data"][0]) == ["id", "since"]


def test_counts_are_of_the_days_asked_for(api: Api) -> None:
    for day in (20, 21, 22):
        api.counts.keep("shoppers", DayCount(f"2026-11-{day}", day, NOON))
    found = api.ok("/v1/segments/shoppers/counts", **{"from": "2026-11-20", "to": "2026-11-21"})

    assert [each["count"] for each in found["data"]] == [20, 21]
    assert found["now"] == 3


def test_a_backfill_is_started_and_told_of(api: Api) -> None:
    status, begun = api.ask("POST", "/v1/segments/shoppers/backfill", {"announce": True})

    assert (status, begun["state"], begun["announce"], begun["by"], begun["segments"]) == (202, "running", True, "t", ["shoppers"])
    assert len(api.evaluations.jobs) == begun["parts"]
    assert api.ok("/v1/segments/vip/backfill")["id"] == begun["id"]
    for part in api.backfills.parts(begun["id"]):
        done = replace(part, people=2, failed=1, named=(f"prs_x{part.number} broken",), ended_at=LATER + timedelta(minutes=1))
        api.backfills.save(done)
    shown = api.ok(f"/v1/backfills/{begun['id']}")
    assert (shown["state"], shown["people"], shown["failures"][0]) == ("done", 2 * begun["parts"], {"person": "prs_x0", "code": "broken"})
    assert api.ok("/v1/segments/shoppers")["backfill"]["state"] == "done"


def test_a_backfill_that_stands_still_is_gone_on_with_where_it_is(api: Api) -> None:
    _, begun = api.ask("POST", "/v1/segments/shoppers/backfill")
    for part in api.backfills.parts(begun["id"])[2:]:
        api.backfills.save(replace(part, people=5, ended_at=LATER))
    api.evaluations.messages.clear()
    status, resumed = api.ask("POST", f"/v1/backfills/{begun['id']}/resume")

    assert (status, resumed["id"], resumed["state"], resumed["parts_done"]) == (202, begun["id"], "running", begun["parts"] - 2)
    assert api.evaluations.jobs == [BackfillJob(backfill=begun["id"], part=number) for number in (0, 1)]
    assert [each["id"] for each in api.ok("/v1/backfills")["data"]] == [begun["id"]]


def test_a_backfill_that_is_done_is_not_begun_again_by_resuming_it(api: Api) -> None:
    _, begun = api.ask("POST", "/v1/segments/shoppers/backfill")
    for part in api.backfills.parts(begun["id"]):
        api.backfills.save(replace(part, ended_at=LATER))
    api.evaluations.messages.clear()

    assert api.ask("POST", f"/v1/backfills/{begun['id']}/resume")[1]["state"] == "done"
    assert api.evaluations.jobs == []


def test_all_segments_are_backfilled_at_once(api: Api) -> None:
    assert api.ask("POST", "/v1/backfills")[1]["segments"] == ["shoppers", "vip"]
    assert api.ask("POST", "/v1/backfills", {"segments": ["vip"]})[1]["segments"] == ["vip"]


def test_a_list_for_an_advertising_platform_holds_those_who_agreed(api: Api) -> None:
    page = api.ok("/v1/segments/shoppers/export", format="google-customer-match", consent="ads")

    (row,) = csv.DictReader(io.StringIO(page["header"] + "".join(page["data"])))
    assert row["Email"] == sha256(b"ada@b.fr").hexdigest()
    assert (page["people"], page["left_out"]) == (1, {"no_consent": 2})


def test_a_table_holds_everybody_with_harmless_cells(api: Api) -> None:
    found: list[str] = []
    query = {"format": "csv", "columns": "email,firstName,order_count", "limit": "2"}
    while True:
        page = api.ok("/v1/segments/shoppers/export", **query)
        found += page["data"]
        if not page["cursor"]["has_more"]:
            break
        query["cursor"] = page["cursor"]["next"]

    assert page["header"] == "email,firstName,order_count\r\n"
    assert sorted(found) == ["ada@b.fr,'=ada,1\r\n", "bela@b.fr,'=bela,0\r\n", "carl@b.fr,'=carl,0\r\n"]


@pytest.mark.parametrize(
    ("method", "path", "query", "code"),
    [
        ("GET", "/v1/segments/nobody", {}, "segment_unknown"),
        ("GET", "/v1/segments/nobody/members", {}, "segment_unknown"),
        ("POST", "/v1/segments/nobody/backfill", {}, "segment_unknown"),
        ("GET", "/v1/segments/vip/backfill", {}, "backfill_unknown"),
        ("GET", "/v1/backfills/bf_none", {}, "backfill_unknown"),
        ("POST", "/v1/backfills/bf_none/resume", {}, "backfill_unknown"),
        ("GET", "/v1/segments/vip/members", {"cursor": "!"}, "invalid_cursor"),
        ("GET", "/v1/segments/vip/members", {"limit": "101"}, "invalid_limit"),
        ("GET", "/v1/segments/vip/export", {"format": "meta-custom-audiences"}, "consent_missing"),
        ("GET", "/v1/segments/vip/export", {}, "unknown_format"),
        ("GET", "/v1/segments/vip/counts", {"from": "2026-11-22", "to": "2026-11-21"}, "invalid_day"),
        ("GET", "/v1/segments/vip/counts", {"from": "soon"}, "invalid_day"),
    ],
)
def test_what_cannot_be_answered_says_why(api: Api, method: str, path: str, query: dict[str, str], code: str) -> None:
    status, body = api.ask(method, path, **query)

    assert status in (400, 404)
    assert body["code"] == code


@pytest.mark.parametrize("body", [[], {"announce": "yes"}, {"more": 1}, {"segments": ["vip"]}])
def test_a_body_that_is_none_is_refused(api: Api, body: Any) -> None:
    assert api.ask("POST", "/v1/segments/vip/backfill", body)[0] == 400
    assert api.backfills.latest(10) == []


@pytest.mark.parametrize("path", ["members", "export"])
def test_who_is_in_a_segment_takes_the_scope_for_profiles_too(api: Api, path: str) -> None:
    api.scopes = "segments:read"
    assert api.get(f"/v1/segments/vip/{path}")[1]["code"] == "scope_missing"
    assert api.get("/v1/segments/vip")[0] == 200
