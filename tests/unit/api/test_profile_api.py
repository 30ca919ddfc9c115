"""The profile API through its function, over ports in memory."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from ariane.access import tokens
from ariane.adapters.memory.backfills import MemoryBackfills
from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.evaluate_queue import MemoryEvaluateQueue
from ariane.adapters.memory.segment_counts import MemorySegmentCounts
from ariane.adapters.memory.segment_rows import MemorySegmentRows
from ariane.adapters.memory.tokens import MemoryTokens
from ariane.conditions.computed import ORDER
from ariane.definitions.customer_view import CustomerView
from ariane.events.log import Reject
from ariane.events.model import SourceKind
from ariane.messaging.model import Channel, LedgerEntry, MessageClass, Status
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.asked_person import Asking
from ariane.profiles.computing import Computing
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.identity_desk import IdentityDesk
from ariane.profiles.openapi import ROUTES
from ariane.profiles.paging import encode
from ariane.profiles.reader import ProfileReader
from ariane.profiles.unmerge_preview import UnmergePreview
from ariane.profiles.views import Sources
from ariane.segments.backfilling import BackfillDesk
from ariane.segments.desk import SegmentDesk
from ariane.segments.rows import MemberChange, Membership, Row, RowChange
from handlers.api import build
from handlers.authorizer import authorize
from tests.builders.profiles import KEY, NOON, RULES, Stack, identify, item, prs, track

LATER = NOON + timedelta(days=1)
VIEW: Mapping[str, Any] = {
    "version": "b1",
    "traits": {"precedence": {}, "computed": {"order_count": {"count": ORDER}, "last_order_at": {"last": ORDER}}},
    "segments": {"shoppers": {"condition": {"performed": "Product *"}, "version": "v1", "published_at": "2026-11-22T12:00:00.000Z"}},
    "observing": {},
}


class Ledger:
    def __init__(self, *entries: LedgerEntry) -> None:
        self._entries = entries

    def entries_of(self, person_ids: Any) -> list[LedgerEntry]:
        return [entry for entry in self._entries if entry.profile in person_ids]


@dataclass
class Api:
    stack: Stack = field(default_factory=Stack)
    ledger: Ledger = field(default_factory=Ledger)
    enrolments: Any = field(default_factory=MemoryEnrolments)
    view: CustomerView = field(default_factory=CustomerView.built_in)
    rows: MemorySegmentRows = field(default_factory=MemorySegmentRows)
    counts: MemorySegmentCounts = field(default_factory=MemorySegmentCounts)
    backfills: MemoryBackfills = field(default_factory=MemoryBackfills)
    evaluations: MemoryEvaluateQueue = field(default_factory=MemoryEvaluateQueue)
    scopes: str = "*"

    def member(self, person: str, **memberships: Membership) -> None:
        changes = tuple(MemberChange(name, person, each) for name, each in memberships.items())
        self.rows.commit(RowChange(row=Row(person=person, memberships=memberships), members=changes))

    def segments(self, sources: Sources) -> SegmentDesk:
        backfills = BackfillDesk(self.backfills, self.evaluations, view=lambda: self.view, clock=lambda: LATER)
        return SegmentDesk(
            view=lambda: self.view,
            members=self.rows,
            counts=self.counts,
            backfills=lambda: backfills,
            directory=sources.directory,
            computing=sources.computing,
            consents=sources.consents,
            clock=lambda: LATER,
        )

    def app(self) -> APIGatewayHttpResolver:
        reader = ProfileReader(self.stack.identities, self.stack.fragments)
        directory = ProfileDirectory(reader, self.stack.identities, rules=lambda: RULES, key=lambda: KEY)
        aftermath = Aftermath(MemoryBackgroundQueue(), self.stack.announcer)
        known: Mapping[str, Any] = {"rules": lambda: RULES, "key": lambda: KEY}
        preview = UnmergePreview(self.stack.log, MemoryEnrolments(), **known)
        desk = IdentityDesk(self.stack.identities, directory, lambda: aftermath, preview=preview, **known, clock=lambda: NOON)
        sources = Sources(
            directory=directory,
            log=self.stack.log,
            homes=self.stack.homes,
            consents=self.stack.consents,
            enrolments=self.enrolments,
            ledger=self.ledger,
            rejects=self.stack.rejects,
            computing=Computing(
                asking=Asking(
                    view=lambda: self.view,
                    rules=lambda: RULES,
                    log=self.stack.log,
                    homes=self.stack.homes,
                    whole=directory.profile,
                    consents=self.stack.consents.states,
                ),
                clock=lambda: LATER,
            ),
            memberships=self.rows,
            clock=lambda: NOON,
        )
        return build(sources, desk=lambda: desk, segments=lambda: self.segments(sources))

    def get(self, path: str, **query: str) -> tuple[int, Any]:
        return self.ask("GET", path, **query)

    def ask(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": urlencode(query),
            "queryStringParameters": query,
            "headers": {},
            "body": None if body is None else orjson.dumps(body).decode(),
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "authorizer": {"lambda": {"token": "t", "scopes": self.scopes}},
            },
        }
        reply = self.app().resolve(event, SimpleNamespace())  # type: ignore[arg-type]
        return reply["statusCode"], orjson.loads(reply["body"])

    def ok(self, path: str, **query: str) -> Any:
        status, body = self.get(path, **query)
        assert status == 200, body
        return body


@pytest.fixture
def api() -> Api:
    api = Api()
    api.stack.deliver(
        item(track(message_id="m1"), track("Product Added", message_id="m2", minute=1)),
        item(identify(message_id="m3", minute=2, userId="u1", anonymousId="a1", traits={"email": "A@b.fr", "firstName": "Ada", "age": 36})),
        item(track("Order Completed", message_id="m4", minute=3, userId="u1"), source="till", kind=SourceKind.STORE),
    )
    return api


def test_a_profile_is_found_by_any_identifier_however_it_is_written(api: Api) -> None:
    expected = api.ok("/v1/profiles/user_id:u1")
    assert api.ok("/v1/profiles/email: A@B.fr") == expected
    assert api.ok("/v1/profiles/email:a@b.fr") == expected
    assert api.ok(f"/v1/profiles/{expected['id']}") == expected
    assert {"type": "email", "value": "a@b.fr"} in expected["identifiers"]
    assert expected["traits"]["firstName"] == "Ada"
    assert (expected["first_seen"], expected["last_seen"]) == ("2026-11-22T12:00:00.000Z", "2026-11-22T12:03:00.000Z")


AWKWARD = ("org/42", "a%41b", "50% off", "a//b", "x'y\"z`\\#&=?;+é€", "timeline", "prs_x/explain/more", "a:b@c", "a\u2028b", "..", "a b")
"""Values of a user id, as they stand in the path that the gateway hands over: decoded."""


@pytest.mark.parametrize("value", AWKWARD)
def test_an_identifier_in_a_path_may_hold_anything(api: Api, value: str) -> None:
    api.stack.deliver(item(identify(message_id="m9", minute=9, userId=value, traits={"size": 42})))
    expected = prs(f"user_id:{value}")
    segment = f"/v1/spaces/default/collections/users/profiles/user_id:{value}"
    assert api.ok(f"/v1/profiles/user_id:{value}")["id"] == expected
    assert [event["messageId"] for event in api.ok(f"/v1/profiles/user_id:{value}/timeline")["data"]] == ["m9"]
    assert api.ok(f"/v1/profiles/user_id:{value}/explain")["id"] == expected
    assert api.ok(f"{segment}/traits", include="size")["traits"] == {"size": 42}
    assert api.ok("/v1/profiles", identifier=f"user_id:{value}")["id"] == expected


def test_what_a_path_cannot_say_a_query_can(api: Api) -> None:
    api.stack.deliver(item(identify(message_id="m9", userId="u1/timeline", traits={"size": 42})))
    assert api.ok("/v1/profiles", identifier="user_id:u1/timeline")["traits"] == {"size": 42}
    assert "data" in api.ok("/v1/profiles/user_id:u1/timeline")


def test_a_path_is_decoded_once_and_not_by_us(api: Api) -> None:
    api.stack.deliver(item(identify(message_id="m9", userId="aA")))
    assert api.get("/v1/profiles/user_id:a%41")[0] == 404


def test_the_url_of_a_segment_list_can_be_called_as_it_stands(api: Api) -> None:
    api.stack.deliver(item(identify(message_id="m9", userId="org/4 2", traits={"size": 42})))
    url = api.ok("/v1/spaces/default/collections/users/profiles/user_id:org/4 2/traits")["cursor"]["url"]
    assert url == "/v1/spaces/default/collections/users/profiles/user_id:org%2F4%202/traits"


def test_the_timeline_pages_through_every_event_once_newest_first(api: Api) -> None:
    seen: list[str] = []
    query: dict[str, str] = {}
    while True:
        body = api.ok("/v1/profiles/email:a@b.fr/timeline", limit="1", **query)
        seen += [event["messageId"] for event in body["data"]]
        query = {"cursor": body["cursor"]["next"]}
        if not body["cursor"]["has_more"]:
            break
    assert seen == ["m4", "m3", "m2", "m1"]


@pytest.mark.parametrize("limit", ["2", "3", "100"])
def test_the_events_of_a_page_stand_in_the_order_of_the_times_that_they_show(api: Api, limit: str) -> None:
    """An item of the log lies at the earliest time of its events: what lies in it may have happened after the next item's."""
    wide = item(track("First", message_id="w1", minute=20, userId="u1"), track("Third", message_id="w2", minute=40, userId="u1"))
    api.stack.deliver(wide, item(track("Second", message_id="n1", minute=30, userId="u1")))
    seen: list[str] = []
    query: dict[str, str] = {}
    while True:
        body = api.ok("/v1/profiles/user_id:u1/timeline", limit=limit, **query)
        times = [event["timestamp"] for event in body["data"]]
        assert times == sorted(times, reverse=True)
        seen += [event["event"] for event in body["data"]]
        query = {"cursor": body["cursor"]["next"]}
        if not body["cursor"]["has_more"]:
            break
    everything = ["First", "Order Completed", "Product Added", "Product Viewed", "Second", "Third", "identify"]
    assert sorted(name or "identify" for name in seen) == everything


def test_the_timeline_leaves_copies_out(api: Api) -> None:
    api.stack.deliver(item(track(message_id="m1"), salt="again"))
    assert [event["messageId"] for event in api.ok("/v1/profiles/user_id:u1/timeline")["data"]] == ["m4", "m3", "m2", "m1"]


def test_explain_lists_what_was_asserted_and_merged(api: Api) -> None:
    api.stack.deliver(item(track(message_id="m5", minute=4, userId="u1")))
    body = api.ok("/v1/profiles/anonymous_id:a1/explain")
    assert [assertion["messageId"] for assertion in body["assertions"]] == ["m3", "m5"]
    assert body["merges"][0]["into"] == "user_id:u1"
    assert set(body["merges"][0]["from"]) == {"email:a@b.fr", "anonymous_id:a1"}


def test_explain_says_of_a_logged_event_when_it_came_and_what_became_of_its_signature(api: Api) -> None:
    mark = {"signature": {"verified": False, "reason": "expired"}}
    api.stack.deliver(item(identify(message_id="m7", userId="u7", anonymousId="a7", context=mark), received_minute=90))
    (link,) = api.ok("/v1/profiles/user_id:u7/explain")["links"]
    assert link["message"] == (
        "On 2026-11-22 at 12:00 UTC the public source web said, in message m7, that anonymous_id:a7 belongs with user_id:u7 "
        "(it says it happened 1 h 30 min before it was received; it was received on 2026-11-22 at 13:30 UTC; signature refused: expired)"
    )
    assert (link["assertion"]["received_at"], link["assertion"]["clamped"]) == ("2026-11-22T13:30:00.000Z", False)


SEGMENT = "/v1/spaces/default/collections/users/profiles/user_id:u1"


def test_segments_traits_are_paged_and_chosen(api: Api) -> None:
    first = api.ok(f"{SEGMENT}/traits", limit="2")
    assert first["traits"] == {"age": 36, "email": "A@b.fr"}
    assert first["cursor"] == {"url": f"{SEGMENT}/traits", "has_more": True, "next": first["cursor"]["next"], "limit": 2}
    second = api.ok(f"{SEGMENT}/traits", limit="2", next=first["cursor"]["next"])
    assert second["traits"] == {"firstName": "Ada", "first_order_at": "2026-11-22T12:03:00.000Z"}
    assert api.ok(f"{SEGMENT}/traits", include="age")["traits"] == {"age": 36}
    assert api.ok(f"{SEGMENT}/traits", include="age", verbose="true")["traits"] == {"age": {"value": 36}}


def test_computed_traits_segments_and_the_life_cycle_are_of_this_instant(api: Api) -> None:
    api.view = CustomerView.from_document(VIEW)
    own = prs("user_id:u1")
    api.member(own, shoppers=Membership("v1", 1_795_348_800_000), gone=Membership("v0", None))
    shown = api.ok("/v1/profiles/user_id:u1")

    assert shown["computed"]["order_count"] == 1
    assert shown["computed"]["last_order_at"] == "2026-11-22T12:03:00.000Z"
    assert "lifecycle" not in shown["computed"]
    assert shown["segments"] == [{"name": "shoppers", "since": "2026-11-22T12:00:00.000Z"}]
    assert (shown["lifecycle"], shown["lifecycle_since"]) == ("conversion", "2026-11-22T12:03:00.000Z")


def test_segments_traits_are_computed_ones_and_audiences_too(api: Api) -> None:
    api.view = CustomerView.from_document(VIEW)
    own = prs("user_id:u1")
    api.member(own, shoppers=Membership("v1", None))

    assert api.ok(f"{SEGMENT}/traits", include="age,order_count")["traits"] == {"age": 36, "order_count": 1}
    assert api.ok(f"{SEGMENT}/traits", **{"class": "audience"})["traits"] == {"shoppers": True}
    assert "age" not in api.ok(f"{SEGMENT}/traits", **{"class": "computed_trait"}, limit="100")["traits"]
    assert api.ok(f"{SEGMENT}/traits", **{"class": "other"})["traits"] == {}


def test_segments_external_ids_events_metadata_and_links(api: Api) -> None:
    group = {"type": "group", "messageId": "m5", "timestamp": "2026-11-22T12:04:00.000Z", "userId": "u1", "groupId": "g1"}
    api.stack.deliver(item(group))
    ids = api.ok(f"{SEGMENT}/external_ids")["data"]
    assert ids[0] == {"collection": "users", "type": "user_id", "id": "u1", "encoding": "none"}
    assert len(api.ok(f"{SEGMENT}/external_ids", include="email,anonymous_id")["data"]) == 2
    events = api.ok(f"{SEGMENT}/events", include="Order Completed,Product Added", sort="asc")["data"]
    assert [(event["message_id"], event["event"], event["source_id"]) for event in events] == [
        ("m2", "Product Added", "web"),
        ("m4", "Order Completed", "till"),
    ]
    assert api.ok(f"{SEGMENT}/metadata")["metadata"]["created_at"] == "2026-11-22T12:00:00.000Z"
    assert api.ok(f"{SEGMENT}/links")["data"][0]["external_ids"][0]["id"] == "g1"


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_segments_events_are_bounded_and_paged_in_both_directions(api: Api, sort: str) -> None:
    query = {"start": "2026-11-22T12:01:00Z", "end": "2026-11-22T12:03:00Z", "sort": sort, "limit": "2"}
    first = api.ok(f"{SEGMENT}/events", **query)
    second = api.ok(f"{SEGMENT}/events", **query, next=first["cursor"]["next"])
    seen = [event["message_id"] for event in (*first["data"], *second["data"])]
    assert seen == (["m2", "m3", "m4"] if sort == "asc" else ["m4", "m3", "m2"])
    assert not second["cursor"]["has_more"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"start": "2027-01-01", "end": "2026-01-01"}, 0),
        ({"start": "0001-01-01", "end": "9999-12-31T23:59:59Z"}, 4),
        ({"start": "9999-12-31T23:59:59Z"}, 0),
        ({"end": "0001-01-01"}, 0),
    ],
)
def test_bounds_at_the_ends_of_the_calendar_or_in_the_wrong_order_are_answered(api: Api, query: dict[str, str], expected: int) -> None:
    for sort in ("asc", "desc"):
        assert len(api.ok(f"{SEGMENT}/events", sort=sort, **query)["data"]) == expected


def entry(number: int, **fields: Any) -> LedgerEntry:
    values: dict[str, Any] = {
        "profile": prs("anonymous_id:a1"),
        "id": f"msg_{number}",
        "channel": Channel.EMAIL,
        "template": "welcome",
        "journey": "j",
        "version": "v",
        "node": "0",
        "topic": "offers",
        "message_class": MessageClass.MARKETING,
        "status": Status.SENT,
        "at": NOON,
    }
    return LedgerEntry(**(values | fields))


def test_messages_of_every_identifier_are_listed_in_pages(api: Api) -> None:
    api.ledger = Ledger(*(entry(number) for number in range(3)), entry(9, profile=prs("user_id:other")))
    first = api.ok("/v1/messages", profile="email:a@b.fr", limit="2")
    assert first["data"][0] == {
        "id": "msg_0",
        "channel": "email",
        "address": None,
        "template": "welcome",
        "journey": "j",
        "node": "0",
        "status": "sent",
        "reason": None,
        "at": "2026-11-22T12:00:00.000Z",
    }
    rest = api.ok("/v1/messages", profile="email:a@b.fr", limit="2", cursor=first["cursor"]["next"])
    assert [each["id"] for each in rest["data"]] == ["msg_2"]


def test_a_message_names_the_address_it_went_to_also_where_that_is_another_persons_by_now(api: Api) -> None:
    api.stack.deliver(item(identify(message_id="m9", minute=9, userId="u9", traits={"email": "nora@b.fr"})))
    ids = [prs("email:a@b.fr"), prs("email:nora@b.fr"), prs("email:unheard@b.fr"), None]
    api.ledger = Ledger(*(entry(number, address_id=each) for number, each in enumerate(ids)))

    told = [each["address"] for each in api.ok("/v1/messages", profile="user_id:u1")["data"]]
    assert told == ["email:a@b.fr", "email:nora@b.fr", None, None]


def test_an_unescaped_plus_of_a_phone_number_in_a_query_is_understood(api: Api) -> None:
    api.stack.deliver(item(identify(message_id="m9", userId="u1", traits={"phone": "+33612345678"})))
    assert api.ok("/v1/messages", profile="phone: 33612345678")["data"] == []
    assert api.ok("/v1/profiles/phone:+33612345678")["id"] == prs("user_id:u1")


def test_a_placeholder_and_an_unknown_namespace_are_told_apart(api: Api) -> None:
    assert "there is no namespace shoe_size; known: " in api.get("/v1/profiles/shoe_size:42")[1]["message"]
    assert "placeholder" in api.get("/v1/profiles/user_id:guest")[1]["message"]


def test_rejects_of_a_day_are_listed_in_pages(api: Api) -> None:
    rejects = [Reject(source="web", at=NOON, code="no_usable_identifier", message="m", index=n, body=b"%d" % n) for n in range(3)]
    api.stack.rejects.put(rejects)
    first = api.ok("/v1/rejects", limit="2")
    rest = api.ok("/v1/rejects", limit="2", day="2026-11-22", cursor=first["cursor"]["next"])
    assert sorted(each["index"] for each in (*first["data"], *rest["data"])) == [0, 1, 2]
    assert api.ok("/v1/rejects", day="2026-11-21")["data"] == []


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/v1/profiles/user_id:nobody", {}, 404, "profile_not_found"),
        ("/v1/profiles/shoe_size:42", {}, 404, "profile_not_found"),
        ("/v1/profiles/user_id:guest", {}, 404, "profile_not_found"),
        ("/v1/profiles/nobody", {}, 400, "invalid_identifier"),
        ("/v1/profiles/user_id:u1/timeline", {"cursor": "!!"}, 400, "invalid_cursor"),
        ("/v1/profiles/user_id:u1/timeline", {"cursor": "WyJ4Il0"}, 400, "invalid_cursor"),
        ("/v1/profiles/user_id:u1/timeline", {"cursor": encode("0001-01-01T00:00:00+23:59#a", "prs_a", 0)}, 400, "invalid_cursor"),
        ("/v1/profiles/user_id:u1/timeline", {"cursor": encode("9999-12-31T23:59:59-23:59#a", "prs_a", 0)}, 400, "invalid_cursor"),
        ("/v1/profiles/user_id:u1/timeline", {"limit": "0"}, 400, "invalid_limit"),
        ("/v1/profiles", {}, 400, "identifier_missing"),
        ("/v1/profiles/", {}, 404, "route_not_found"),
        (f"{SEGMENT}/traits", {"next": "é"}, 400, "invalid_cursor"),
        (f"{SEGMENT}/shoes", {}, 404, "route_not_found"),
        (f"{SEGMENT}/events", {"start": "soon"}, 400, "invalid_instant"),
        ("/v1/messages", {}, 400, "profile_missing"),
        ("/v1/rejects", {"day": "yesterday"}, 400, "invalid_day"),
        ("/v1/rejects", {"cursor": "WyIyMDI2LTAxLTAxL2EiXQ"}, 400, "invalid_cursor"),
        ("/v2/anything", {}, 404, "route_not_found"),
    ],
)
def test_what_is_wrong_is_said_with_a_code_and_the_right_status(api: Api, path: str, query: dict[str, str], status: int, code: str) -> None:
    answered, body = api.get(path, **query)
    assert (answered, body["code"]) == (status, code)
    assert set(body) == {"code", "message"}


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (route.path.replace("{identifier}", "user_id:u1").replace("{space}", "default"), route.scope)
        for route in ROUTES
        if route.scope and route.method == "get" and not {"{digest}", "{split_id}"} & {*route.path.split("/")}
    ],
)
def test_every_route_asks_for_its_scope(api: Api, path: str, scope: str) -> None:
    api.scopes = " ".join({"profiles:read", "messages:read", "rejects:read", "rejects:retry"} - {scope})
    query = {"profile": "user_id:u1", "identifier": "user_id:u1"}
    status, body = api.get(path, **query)
    assert (status, body["code"]) == (403, "scope_missing")
    api.scopes = f"{scope} profiles:read"
    assert api.get(path, **query)[0] != 403


def test_the_openapi_document_and_health_are_public(api: Api) -> None:
    api.scopes = ""
    assert set(api.ok("/openapi.json")["paths"]) == {route.path for route in ROUTES}
    assert api.ok("/health") == {"status": "ok"}


def test_a_fault_of_ours_answers_500_and_leaks_nothing(api: Api) -> None:
    api.stack.consents.states = None
    assert api.get("/v1/profiles/user_id:u1") == (500, {"code": "internal", "message": "something broke here"})


def _basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


def test_the_authorizer_takes_bearer_and_basic_and_passes_name_and_scopes_on() -> None:
    store = MemoryTokens()
    token = tokens.create(store, "support", ["profiles:read", "messages:read"], clock=lambda: NOON, new_secret=lambda: "secret")
    allowed = {"isAuthorized": True, "context": {"token": "support", "scopes": "profiles:read messages:read"}}
    assert token == "tok_secret"
    for header in (f"Bearer {token}", f"bearer {token}", _basic(f"{token}:"), _basic(token)):
        assert authorize({"headers": {"Authorization": header}}, store) == allowed


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer tok_other", "Basic !!", _basic("tok_other:"), "tok_secret", "Digest tok_secret"])
def test_the_authorizer_refuses_what_it_does_not_know(header: str) -> None:
    store = MemoryTokens()
    tokens.create(store, "support", ["*"], clock=lambda: NOON, new_secret=lambda: "secret")
    assert authorize({"headers": {"authorization": header}}, store) == {"isAuthorized": False}
    assert authorize({}, store) == {"isAuthorized": False}


def test_a_revoked_token_is_refused_and_stays_in_the_list() -> None:
    store = MemoryTokens()
    token = tokens.create(store, "support", ["*"], clock=lambda: NOON, new_secret=lambda: "secret")
    tokens.revoke(store, token)
    assert authorize({"headers": {"authorization": f"Bearer {token}"}}, store) == {"isAuthorized": False}
    assert [each.is_revoked for each in tokens.list_tokens(store)] == [True]
