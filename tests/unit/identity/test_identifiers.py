"""Which identifiers a message carries, and how they are written."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ariane.events.model import SourceKind
from ariane.identity.identifiers import MAX_IDENTIFIERS, effort_of, identifiers_of
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier, Rules

RULES = Rules.from_document({})


def found(message: dict[str, Any], rules: Rules = RULES, country: str | None = None, kind: SourceKind = SourceKind.BROWSER) -> list[str]:
    return [str(each) for each in identifiers_of(message, rules, kind=kind, default_country=country)]


def test_every_place_of_an_identifier_is_read_in_the_order_of_priorities() -> None:
    message = {
        "type": "identify",
        "userId": "u42",
        "anonymousId": "a1",
        "traits": {"email": "a@b.fr", "phone": "+33 6 12 34 56 78"},
        "context": {
            "device": {"id": "d1"},
            "traits": {"email": "c@d.fr"},
            "externalIds": [{"id": "L9", "type": "loyalty_card", "collection": "users", "encoding": "none"}, {"type": "x"}, "junk"],
        },
    }
    assert found(message) == [
        "user_id:u42",
        "email:a@b.fr",
        "email:c@d.fr",
        "phone:+33612345678",
        "loyalty_card:L9",
        "device_id:d1",
        "anonymous_id:a1",
    ]


def test_only_an_identifys_own_traits_and_the_contexts_are_read() -> None:
    assert found({"type": "group", "traits": {"email": "office@b.fr"}, "userId": "u1"}) == ["user_id:u1"]
    assert found({"type": "track", "properties": {"email": "friend@b.fr"}, "context": {"traits": {"email": "me@b.fr"}}}) == [
        "email:me@b.fr"
    ]


def test_a_rule_names_the_traits_that_identify() -> None:
    rules = Rules.from_document(
        {"namespaces": {"card": {"priority": 1, "traits": ["cardNumber", "card"]}, "email": {"priority": 2, "traits": []}}}
    )
    assert found({"type": "identify", "traits": {"cardNumber": 7, "email": "a@b.fr"}, "userId": "u"}, rules) == ["card:7"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"userId": "u1", "previousId": "old", "anonymousId": "a1"}, ["user_id:old", "user_id:u1", "anonymous_id:a1"]),
        ({"userId": "u1", "previousId": "a1", "anonymousId": "a1"}, ["user_id:u1", "anonymous_id:a1"]),
        (
            {"userId": "u1", "previousId": "0b84f9c0-1f3a-4a35-9a5e-3c1f4fca1f00"},
            ["user_id:u1", "anonymous_id:0b84f9c0-1f3a-4a35-9a5e-3c1f4fca1f00"],
        ),
        (
            {"userId": "1b84f9c0-1f3a-4a35-9a5e-3c1f4fca1f00", "previousId": "0b84f9c0-1f3a-4a35-9a5e-3c1f4fca1f00"},
            ["user_id:0b84f9c0-1f3a-4a35-9a5e-3c1f4fca1f00", "user_id:1b84f9c0-1f3a-4a35-9a5e-3c1f4fca1f00"],
        ),
    ],
)
def test_an_alias_brings_its_previous_id(message: dict[str, Any], expected: list[str]) -> None:
    assert found({"type": "alias", **message}) == expected
    assert "user_id:old" not in found({"type": "track", **message})


PLACEHOLDERS = ["", "  ", "null", "NULL", '"undefined"', "'NaN'", "none", "nil", "N/A", "anonymous", "Anon", "guest", "True", "false", "id"]
ZEROS = ["0", "-1", "00000000-0000-0000-0000-000000000000", "0000", "---", "[object Object]", "unknown"]


@pytest.mark.parametrize("value", [*PLACEHOLDERS, *ZEROS, None, True, 3.5, ["u1"], "a\x00b", "x" * 513])
def test_placeholders_and_junk_are_never_identifiers(value: object) -> None:
    rules = Rules.from_document({"placeholders": ["Unknown"]})
    assert found({"type": "track", "userId": value, "anonymousId": value}, rules) == []


@pytest.mark.parametrize("value", ["10", "-2", "nullify", "guest1", "1-0", "idea"])
def test_what_only_looks_like_a_placeholder_identifies(value: str) -> None:
    assert found({"type": "track", "userId": value}) == [f"user_id:{value}"]


def test_blocked_values_and_patterns_do_not_identify() -> None:
    rules = Rules.from_document({"blocked": {"values": ["demo@example.com"], "patterns": ["^test-"]}})
    message = {"type": "identify", "userId": "test-7", "anonymousId": "a-test-7", "traits": {"email": " Demo@Example.com"}}
    assert found(message, rules) == ["anonymous_id:a-test-7"]


def test_an_events_identifiers_are_bounded_and_the_anchor_stays() -> None:
    message = {"type": "track", "userId": "u", "context": {"externalIds": [{"type": "loyalty_card", "id": f"L{n}"} for n in range(200)]}}
    assert len(found(message)) == MAX_IDENTIFIERS
    assert found(message)[0] == "user_id:u"


def test_a_person_id_is_keyed_and_of_the_documented_form() -> None:
    identifier = Identifier("user_id", "u42")
    assert person_id(identifier, b"key") == "prs_" + person_id(identifier, b"key")[4:].lower()
    assert len(person_id(identifier, b"key")) == 30
    assert person_id(identifier, b"key") != person_id(identifier, b"other")
    assert person_id(identifier, b"key") != person_id(Identifier("email", "u42"), b"key")


def test_reading_identifiers_needs_no_heavy_import() -> None:
    functions = Path(__file__).parents[3] / "functions"
    heavy = "{'phonenumbers', 'idna', 'pydantic', 'boto3'}"
    code = f"import sys; import ariane.identity.identifiers, ariane.identity.ids; print(sorted({heavy} & set(sys.modules)))"
    seen = subprocess.run([sys.executable, "-c", code], cwd=functions, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


TILL = {"type": "track", "anonymousId": "till-1", "context": {"device": {"id": "terminal-7"}}}


def test_a_till_is_not_its_customer() -> None:
    sale = TILL | {"userId": "u1", "context": {**TILL["context"], "externalIds": [{"type": "loyalty_card", "id": "L9"}]}}  # type: ignore[dict-item]
    assert found(sale, kind=SourceKind.STORE) == ["user_id:u1", "loyalty_card:L9"]
    assert found(sale, kind=SourceKind.APP) == ["user_id:u1", "loyalty_card:L9", "device_id:terminal-7", "anonymous_id:till-1"]


def test_an_event_that_names_only_devices_of_a_store_is_the_first_ones_own() -> None:
    assert found(TILL, kind=SourceKind.STORE) == ["device_id:terminal-7"]


def test_a_till_is_left_out_whatever_the_priorities() -> None:
    rules = Rules.from_document({"namespaces": {"device_id": {"priority": 1, "device": True}, "user_id": {"priority": 2, "unique": True}}})
    assert found(TILL | {"userId": "u1"}, rules, kind=SourceKind.STORE) == ["user_id:u1"]


APP = {"type": "screen", "userId": "u1", "context": {"device": {"id": "d1", "advertisingId": "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB"}}}
ADVERTISING = "advertising_id:7a3cbea0-bdf5-11e4-8dfc-aa07a5b093db"


def with_device(**fields: Any) -> dict[str, Any]:
    context: dict[str, Any] = APP["context"]  # type: ignore[assignment]
    return {**APP, "context": {**context, "device": {**context["device"], **fields}}}


def test_an_advertising_id_is_a_device_whatever_its_letters() -> None:
    assert found(APP) == ["user_id:u1", "device_id:d1", ADVERTISING]
    assert found(with_device(adTrackingEnabled=True)) == ["user_id:u1", "device_id:d1", ADVERTISING]


@pytest.mark.parametrize("refusal", [False, "false"])
@pytest.mark.parametrize("kind", ["ios.idfa", "android.idfa", "advertising_id"])
def test_who_refuses_ad_tracking_is_not_known_by_the_advertising_id_however_it_comes(refusal: object, kind: str) -> None:
    message = with_device(adTrackingEnabled=refusal)
    message["context"]["externalIds"] = [{"id": "another-one", "type": kind, "collection": "users", "encoding": "none"}]
    assert found(message) == ["user_id:u1", "device_id:d1"]


def test_without_its_namespace_an_advertising_id_identifies_nobody() -> None:
    rules = Rules.from_document({"namespaces": {"user_id": {"priority": 1, "unique": True}}})
    assert found(APP, rules) == ["user_id:u1"]


@pytest.mark.parametrize(
    ("integrations", "expected"),
    [
        ({"Google Analytics": {"clientId": "1790000000.1690000000"}}, ["ga_client_id:1790000000.1690000000"]),
        ({"Google Analytics": {"clientId": "GA1.2.1790000000.1690000000"}}, ["ga_client_id:1790000000.1690000000"]),
        ({"Google Analytics 4": {"clientId": "17.16"}}, ["ga_client_id:17.16"]),
        ({"Google Analytics": True, "All": False}, []),
        ({"Google Analytics": {"clientId": None}}, []),
        ("junk", []),
    ],
)
@pytest.mark.parametrize("is_in_context", [False, True])
def test_the_client_id_of_google_analytics_is_a_device(integrations: object, expected: list[str], is_in_context: bool) -> None:
    where = {"context": {"integrations": integrations}} if is_in_context else {"integrations": integrations}
    assert found({"type": "page", "anonymousId": "a1", **where}) == ["anonymous_id:a1", *expected]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"id": "A@b.fr", "type": "email", "collection": "users", "encoding": "none"}, ["email:a@b.fr"]),
        ({"id": "d7", "type": "ios.id", "collection": "users", "encoding": "none"}, ["device_id:d7"]),
        ({"id": "d7", "type": "android.id"}, ["device_id:d7"]),
        ({"id": "AB-1", "type": "ios.idfa"}, ["advertising_id:ab-1"]),
        ({"id": "GA1.1.7.8", "type": "ga_client_id"}, ["ga_client_id:7.8"]),
        ({"id": 7, "type": "loyalty_card"}, ["loyalty_card:7"]),
        ({"id": "acme", "type": "user_id", "collection": "accounts"}, []),
        ({"id": "5e88", "type": "email", "encoding": "sha256"}, []),
        ({"id": "x", "type": "cross_domain_id"}, []),
        ({"id": "x", "type": None}, []),
        ({"id": {"a": 1}, "type": "user_id"}, []),
        ({"id": "x", "type": "user_id", "collection": ["users"]}, []),
    ],
)
def test_external_ids_are_read_by_their_type(entry: dict[str, Any], expected: list[str]) -> None:
    assert found({"type": "track", "context": {"externalIds": [entry]}}) == expected


def test_a_brands_own_namespace_goes_before_segments_name() -> None:
    rules = Rules.from_document({"namespaces": {"ios.id": {"priority": 1, "device": True}, "device_id": {"priority": 2, "device": True}}})
    assert found({"type": "track", "context": {"externalIds": [{"id": "d7", "type": "ios.id"}]}}, rules) == ["ios.id:d7"]


@pytest.mark.parametrize("context", ["junk", [], {"device": "x"}, {"device": {"id": []}}, {"externalIds": {"id": "u"}}, {"traits": 7}])
def test_a_context_of_any_shape_names_nobody_and_harms_nothing(context: object) -> None:
    assert found({"type": "track", "userId": "u1", "context": context}) == ["user_id:u1"]


def test_patterns_that_repeat_are_paid_for_by_the_length_of_what_they_run_over() -> None:
    rules = Rules.from_document({"blocked": {"patterns": ["@test[.][a-z]+$", "^.*[.]test[.].*$", "^x"]}})
    assert effort_of({"type": "track", "userId": "x" * 500}, RULES) == 0
    assert effort_of({"type": "track", "userId": "x" * 500}, rules) >= 500
    assert effort_of({"type": "track", "userId": "u42"}, rules) == 0
