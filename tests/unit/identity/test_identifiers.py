"""Which identifiers a message carries, and how they are written."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.errors import Rejected
from ariane.events.model import SourceKind
from ariane.identity.identifiers import MAX_IDENTIFIERS, identifiers_of, normalise
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier, Limit, Rules

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


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada@bücher.fr", "ada@xn--bcher-kva.fr"),
        ("ＡＤＡ＠example.com", "ada@example.com"),
        ("ada+news@example.com.", "ada+news@example.com"),
        ("ada.example.com", None),
        ("@example.com", None),
        ("ada@", None),
        ("a b@example.com", None),
        ("a@b@c.fr", None),
    ],
)
def test_emails_are_written_one_way(written: str, expected: str | None) -> None:
    identifier = normalise("email", written, RULES)
    assert (identifier and identifier.value) == expected


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", None, "+33612345678"),
        ("0033612345678", "FR", "+33612345678"),
        ("06 12 34 56 78", None, None),
        ("call me", "FR", None),
        ("12", "FR", None),
    ],
)
def test_phone_numbers_are_written_as_e164(written: str, country: str | None, expected: str | None) -> None:
    identifier = normalise("phone", written, RULES, default_country=country)
    assert (identifier and identifier.value) == expected


def test_the_rules_country_stands_in_for_the_sources() -> None:
    assert found({"type": "identify", "traits": {"phone": "0612345678"}}, Rules.from_document({"default_country": "fr"})) == [
        "phone:+33612345678"
    ]


@given(st.sampled_from(["user_id", "email", "phone", "anonymous_id"]), st.text(max_size=40) | st.from_regex(r"[a-zA-Zé.]+@[a-zé]+\.fr"))
def test_normalising_is_idempotent(namespace: str, value: str) -> None:
    once = normalise(namespace, value, RULES, default_country="FR")
    if once is not None:
        assert normalise(namespace, once.value, RULES, default_country="FR") == once


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


def test_the_rules_have_the_documented_defaults() -> None:
    assert [name for name, each in RULES.namespaces.items() if each.is_unique] == ["user_id"]
    assert {name for name, each in RULES.namespaces.items() if each.is_device} == {"device_id", "anonymous_id"}
    assert (RULES.namespaces["email"].limit, RULES.namespaces["device_id"].limit) == (Limit(5), None)
    windowed = Rules.from_document({"namespaces": {"email": {"limit": {"count": 5, "within": "30 days"}}}})
    assert windowed.namespaces["email"].limit == Limit(5, 30 * 86_400)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"namespace": {}}, "namespace"),
        ({"namespaces": {"Email": {}}}, "namespaces.Email"),
        ({"namespaces": {"email": {"prio": 1}}}, "namespaces.email.prio"),
        ({"namespaces": {"email": {"limit": 0}}}, "namespaces.email.limit"),
        ({"namespaces": {"email": {"limit": {"count": 1, "within": "soon"}}}}, "namespaces.email.limit.within"),
        ({"namespaces": {"email": {"normalise": "upper"}}}, "namespaces.email.normalise"),
        ({"blocked": {"patterns": ["("]}}, "blocked.patterns"),
        ({"protect": "email"}, "protect"),
    ],
)
def test_wrong_rules_are_refused_with_the_field(document: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected, match=field):
        Rules.from_document(document)


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
