"""A file of events, resolved: what a person at a keyboard gets from the reference."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from ariane.events.lines import line_of, read_line
from ariane.events.model import SourceKind
from ariane.identity.files import EventFile
from ariane.identity.ids import DRY_RUN_KEY, person_id
from ariane.identity.rules import Identifier, Rules
from tests.builders.identity_worlds import NOON

RULES = Rules.from_document({"default_country": "FR"})


def line(message_id: str | None = None, minute: int = 0, **fields: Any) -> bytes:
    """An event ``minute`` minutes after noon; a page view unless said."""
    given: dict[str, Any] = {"type": "page", "messageId": message_id, "timestamp": f"2026-11-22T12:{minute:02}:00Z"}
    return orjson.dumps({name: value for name, value in (given | fields).items() if value is not None})


def read(*lines: bytes, rules: Rules = RULES) -> EventFile:
    found = EventFile(rules)
    for each in lines:
        found.add(each)
    return found


def resolved(*lines: bytes, rules: Rules = RULES) -> Mapping[str, Any]:
    found = read(*lines, rules=rules)
    assert found.rejected == []
    return found.report()


def people(report: Mapping[str, Any]) -> dict[str, list[str]]:
    """Identifiers of each profile, as one text -> its events."""
    return {" ".join(each["identifiers"]): each["events"] for each in report["profiles"]}


def test_profiles_hold_plain_identifiers_by_priority_and_events_by_time() -> None:
    report = resolved(
        line("m2", 2, anonymousId="a1"),
        line("m1", 1, type="identify", anonymousId="a1", userId="u1", traits={"email": " Jeanne@Example.FR"}),
        line("m3", 0, anonymousId="a2", source="browser"),
    )

    assert report == {
        "profiles": [
            {"id": person_id(Identifier("anonymous_id", "a2"), DRY_RUN_KEY), "identifiers": ["anonymous_id:a2"], "events": ["m3"]},
            {
                "id": person_id(Identifier("user_id", "u1"), DRY_RUN_KEY),
                "identifiers": ["user_id:u1", "email:jeanne@example.fr", "anonymous_id:a1"],
                "events": ["m1", "m2"],
            },
        ],
        "demoted": [],
        "quarantined": [],
    }


def test_an_event_counts_once_at_its_earliest_and_its_copies_still_link() -> None:
    """The copies name another e-mail each: an SDK that repeats an event has added to it."""
    report = resolved(
        line("m1", 9, userId="u1", context={"traits": {"email": "late@example.fr"}}),
        line("m1", 3, userId="u1"),
        line("m1", 5, userId="u1", source="browser", context={"traits": {"email": "public@example.fr"}}),
    )

    assert people(report) == {"user_id:u1 email:late@example.fr email:public@example.fr": ["m1", "m1"]}


def test_a_refused_identifier_is_a_person_of_its_own_and_said_why() -> None:
    report = resolved(line("m1", 0, userId="u1", anonymousId="a1"), line("m2", 1, type="alias", userId="u2", previousId="u1"))

    assert people(report) == {"user_id:u1 anonymous_id:a1": ["m1", "m2"], "user_id:u2": []}
    assert report["demoted"] == [{"event": "m2", "identifier": "user_id:u2", "reason": "unique"}]


def test_a_shared_tablet_in_its_second_epoch_is_a_profile_of_its_own_under_the_same_name() -> None:
    report = resolved(
        line("m1", 0, userId="u1", anonymousId="t"), line("m2", 1, userId="u2", anonymousId="t"), line("m3", 2, anonymousId="t")
    )

    assert people(report) == {"user_id:u1 anonymous_id:t": ["m1"], "user_id:u2": ["m2"], "anonymous_id:t": ["m3"]}
    assert [each.get("epoch") for each in report["profiles"]] == [None, None, 1]


def test_a_device_that_was_shared_from_the_first_is_still_somebody() -> None:
    report = resolved(line("m1", 0, type="alias", userId="u1", previousId="u2", anonymousId="t"))

    assert {"identifiers": ["anonymous_id:t"], "events": [], "epoch": 1}.items() <= report["profiles"][-1].items()
    assert {each["identifier"]: each["reason"] for each in report["demoted"]} == {
        "anonymous_id:t": "shared_device",
        "user_id:u2": "unique",
    }


def test_a_repeat_of_an_early_event_belongs_to_whom_it_would_by_its_own_time() -> None:
    report = resolved(
        line("m0", 0, anonymousId="t"),
        line("m1", 1, userId="u1", anonymousId="t"),
        line("m2", 2, userId="u2", anonymousId="t"),
        line("m3", 3, anonymousId="t"),
    )

    assert people(report) == {"user_id:u1 anonymous_id:t": ["m0", "m1"], "user_id:u2": ["m2"], "anonymous_id:t": ["m3"]}


@pytest.mark.parametrize(("kind", "is_joined"), [("browser", False), ("app", False), ("server", True), ("import", True), (None, True)])
def test_the_kind_of_its_source_says_whether_a_line_is_trusted(kind: str | None, *, is_joined: bool) -> None:
    rules = Rules.from_document({"protect": ["email"]})
    report = resolved(
        line("m1", 0, userId="u1", source=kind, context={"traits": {"email": "a@example.fr"}}),
        line("m2", 1, source="store", context={"traits": {"email": "a@example.fr"}}),
        rules=rules,
    )

    assert (len(report["profiles"]) == 1) is is_joined


def test_devices_of_a_store_never_link_and_national_numbers_are_read_by_the_sources_country() -> None:
    rules = Rules.from_document({"countries": {"rome": "IT"}})
    till: dict[str, Any] = {
        "source": "store",
        "sourceName": "rome",
        "anonymousId": "till",
        "context": {"traits": {"phone": "06 1234 5678"}},
    }

    assert people(resolved(line("m1", **till), line("m2", source="store", anonymousId="till"), rules=rules)) == {
        "phone:+390612345678": ["m1"],
        "anonymous_id:till": ["m2"],
    }


def test_timestamp_decides_whatever_else_the_line_says_of_its_time() -> None:
    told = {"originalTimestamp": "2026-11-22T10:00:00Z", "sentAt": "2026-11-22T15:00:00Z", "receivedAt": "2026-11-22T16:00:00Z"}
    report = resolved(line("m1", 1, anonymousId="a", **told), line("m2", 0, anonymousId="a", source="browser"))

    assert people(report) == {"anonymous_id:a": ["m2", "m1"]}


def test_a_line_without_a_message_id_gets_its_content_for_one() -> None:
    report = resolved(*[line(None, 0, anonymousId="a")] * 2, line(None, 1, anonymousId="a"))

    (profile,) = report["profiles"]
    assert [each[:5] for each in profile["events"]] == ["hash-", "hash-"]
    assert len(set(profile["events"])) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"type": "track"', "invalid_json"),
        (b"[1]", "invalid_event"),
        (b'"text"', "invalid_event"),
        (line("m1", type="sale", userId="u1"), "unknown_type"),
        (line("m1", type="track", userId="u1"), "event_missing"),
        (line("m1", userId="guest"), "no_usable_identifier"),
        (line("m1", userId="u1", source="web"), "unknown_source_kind"),
        (line("m1", userId="u1", source=["browser"]), "unknown_source_kind"),
        (line("m1", userId="u1", timestamp="yesterday"), "invalid_timestamp"),
        (line("m1", userId="u1", timestamp=None), "timestamp_missing"),
        (line("m" * 100, userId="u1"), "message_id_too_long"),
        (line("m1", userId="u1", properties={"text": "x" * 40_000}), "event_too_large"),
        (line("m1", userId="u1", properties=[1]), "not_an_object"),
        (b'{"a": "' + b"x" * 1_000_000 + b'"}', "event_too_large"),
        (b"\xff\xfe", "invalid_json"),
        (line("m1", userId="u1", type="track", event="Consent Granted"), "invalid_consent"),
    ],
)
def test_a_line_that_collect_would_refuse_is_told_with_its_number_and_code(text: bytes, code: str) -> None:
    found = read(line("m0", userId="u0"), b"\n", text, line("m9", userId="u9"))

    assert [(each.line, each.code) for each in found.rejected] == [(3, code)]
    assert people(found.report()) == {"user_id:u0": ["m0"], "user_id:u9": ["m9"]}


def test_bots_and_aliases_of_an_id_to_itself_are_nobody() -> None:
    found = read(
        line("m1", userId="u1", source="browser", context={"userAgent": "Googlebot/2.1"}),
        line("m2", userId="u1", context={"bot": True}),
        line("m3", type="alias", userId="u1", previousId="u1"),
    )

    assert (found.left_out, found.rejected, found.report()["profiles"]) == (3, [], [])


def test_the_earliest_and_the_latest_instants_of_the_calendar_are_instants() -> None:
    report = resolved(
        line("m1", userId="u1", source="browser", timestamp="0001-01-01T00:00:00Z"),
        line("m2", userId="u1", timestamp="9999-12-31T23:59:59Z"),
    )

    assert people(report) == {"user_id:u1": ["m1", "m2"]}


def test_a_cluster_of_over_500_assertions_in_conflict_is_told_and_resolved_all_the_same() -> None:
    many = [line(f"m{number}", userId="u1", anonymousId=f"a{number}", type="track", event="E") for number in range(500)]
    second = line("x", 59, userId="u2", context={"traits": {"email": "a@example.fr"}})
    third = line("y", 58, userId="u1", context={"traits": {"email": "a@example.fr"}})

    assert resolved(*many, third)["quarantined"] == []
    assert resolved(*many[:400], third, second)["quarantined"] == []
    (found,) = resolved(*many, third, second)["quarantined"]
    assert found["reason"] == "over 500 assertions in conflict"
    assert len(found["identifiers"]) == 503
    assert found["identifiers"][:3] == ["user_id:u1", "user_id:u2", "email:a@example.fr"]


def test_the_order_of_the_lines_changes_nothing() -> None:
    lines = [
        line("m1", 1, userId="u1", anonymousId="t"),
        line("m2", 1, userId="u2", anonymousId="t", context={"traits": {"email": "a@example.fr"}}),
        line("m3", 1, userId="u1", context={"traits": {"email": "a@example.fr"}}),
        line("m4", 1, anonymousId="t"),
        line("m4", 0, anonymousId="t"),
    ]

    assert resolved(*lines) == resolved(*lines[::-1]) == resolved(*lines, *lines)


@pytest.mark.parametrize(
    "more",
    [
        {"originalTimestamp": "2026-11-21T23:59:00+01:00", "properties": {"sku": "S1"}},
        {"userId": "u1", "context": {"signature": {"verified": True}, "ip": "192.0.2.0"}},
        {"userId": "u1", "context": {"signature": {"verified": False, "reason": "expired"}}},
        {"type": "identify", "traits": {"email": "a@example.fr", "age": None}},
    ],
)
def test_an_exported_line_gives_its_very_event_back(more: dict[str, Any]) -> None:
    """As the log holds it: what decides between two copies (their bodies' digests) is the same in a file."""
    message = {"type": "page", "messageId": "m1", "timestamp": "2026-11-22T12:00:00.000Z", "anonymousId": "a1"} | more
    written = line_of(message, kind=SourceKind.APP, source="shop-app", received_at=NOON)
    found = read_line(written, RULES)

    assert written.endswith(b"\n")
    assert orjson.loads(written) == message | {"source": "app", "sourceName": "shop-app", "receivedAt": "2026-11-22T12:00:00.000Z"}
    assert found is not None
    assert (found.event.message, found.event.source, found.event.kind, found.event.received_at) == (
        message,
        "shop-app",
        SourceKind.APP,
        NOON,
    )
    assert found.event.is_trusted is (more.get("context", {}).get("signature") == {"verified": True})


def test_what_claims_to_be_signed_is_believed_from_an_export_alone() -> None:
    found = read_line(line("m1", userId="u1", source="app", context={"signature": "v1.9999999999." + "0" * 64}), RULES)

    assert found is not None
    assert found.event.message["context"]["signature"] == {"verified": False, "reason": "forged"}
