"""Mappings: errors name line and field; cells are read as the mapping says."""

from decimal import Decimal
from typing import Any

import pytest

from ariane.definitions.problems import BrandInvalid
from ariane.errors import Rejected
from ariane.imports.cells import Cells, as_json
from ariane.imports.documents import document_of, mapping_of
from ariane.imports.mapping import FromColumn
from ariane.imports.mapping_file import read_mapping
from tests.builders.imports import ImportWorld

EVENT = "  - event: E\n    timestamp: at\n    identifiers: {user_id: u}\n"
UNSOUND = ("%d/%m", "%Y", "%Y-%m", "%H:%M", "%d/%m/%Y %H:%M %Z", "%Q", "%d/%m/%Y %", "%Y %U", "%d/%m/%Y %I:%M", "%d/%m/%Y %H:%M %p")


def at(told: str) -> str:
    return f"timestamp: {{column: at, formats: ['{told}']}}"


def problems(text: str) -> list[str]:
    with pytest.raises(BrandInvalid) as caught:
        read_mapping("till.yaml", text)
    return [f"{problem.line}: {problem.field}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("source: till\nrules:\n  - event: E\n    identifiers: {user_id: u}\n", "3: rules[0]"),
        ("source: till\nrules:\n  - event: E\n    timestamp: at\n", "3: rules[0]"),
        ("source: till\nrules:\n  - timestamp: at\n", "3: rules[0]"),
        (f"source: till\nencoding: utf-99\nrules:\n{EVENT}", "2: encoding"),
        (f"source: till\nencoding: zlib\nrules:\n{EVENT}", "2: encoding"),
        (f"source: till\nencoding: rot13\nrules:\n{EVENT}", "2: encoding"),
        (f"source: till\nencoding: base64\nrules:\n{EVENT}", "2: encoding"),
        (f"source: till\nencoding: undefined\nrules:\n{EVENT}", "2: encoding"),
        (f"source: till\nencoding: idna\nrules:\n{EVENT}", "2: encoding"),
        (f"source: till\nencoding: unicode_escape\nrules:\n{EVENT}", "2: encoding"),
        (f"source: till\ndelimiter: ','\nquote: ','\nrules:\n{EVENT}", "3: quote"),
        (f"source: till\ndelimiter: '\"'\nquote: ''\nrules:\n{EVENT}", "2: delimiter"),
        (f'source: till\ndelimiter: "\\n"\nrules:\n{EVENT}', "2: delimiter"),
        (f'source: till\nquote: "\\r"\nrules:\n{EVENT}', "2: quote"),
        (f"source: till\nnumbers: {{grouping: indian}}\nrules:\n{EVENT}", "2: numbers.grouping"),
        *((f"source: till\nrules:\n{EVENT.replace('timestamp: at', at(told))}", "4: rules[0].timestamp.formats[0]") for told in UNSOUND),
        (f"source: till\ntime_zone: Mars/Olympus\nrules:\n{EVENT}", "2: time_zone"),
        (f"source: till\nnumbers: {{decimal: ',', thousands: ','}}\nrules:\n{EVENT}", "2: numbers.thousands"),
        (f"source: till\nrules:\n{EVENT}    properties: {{total: {{colum: x}}}}\n", "6: rules[0].properties.total"),
        (f"source: till\nrules:\n{EVENT}    item: {{a: b}}\n", "6: rules[0].item"),
        ("source: till\ngroup: {by: [o]}\nrules:\n  - object: stock\n    key: [o]\n", "4: rules[0]"),
        ("source: till\nrules:\n  - object: stock\n", "3: rules[0]"),
        (f"source: till\nrules:\n{EVENT}    traits: {{a: {{sum: [b]}}}}\n", "6: rules[0].traits.a"),
    ],
)
def test_an_error_names_its_line_and_field(text: str, found: str) -> None:
    assert any(each.startswith(found) for each in problems(text)), problems(text)


def test_a_mapping_goes_through_the_api_unchanged() -> None:
    read = read_mapping("m.yaml", f"source: till\nrules:\n{EVENT}    when: [{{property: kind, in: [a, b]}}]\n")
    assert mapping_of(document_of(read)) == read


@pytest.mark.parametrize(
    "told", ["%Y-%m-%d", "%d.%m.%y %I:%M %p", "%j/%Y", "%c", "%x", "%G-W%V-%u", "%Y %U %a", "%b %d %Y %H:%M:%S.%f %z", "100%% %Y%m%d"]
)
def test_formats_that_say_a_day_are_taken(told: str) -> None:
    read_mapping("m.yaml", f"source: till\nrules:\n{EVENT.replace('timestamp: at', at(told))}")


@pytest.mark.parametrize(("told", "name"), [("utf16", "utf-16"), ("UTF8", "utf-8"), ("Latin-1", "iso8859-1"), ("windows-1252", "cp1252")])
def test_encodings_have_one_name_each(told: str, name: str) -> None:
    assert read_mapping("m.yaml", f"source: till\nencoding: {told}\nrules: [{{skip: true}}]\n").encoding == name


@pytest.mark.parametrize("document", [None, [], {}, {"source": "till", "rules": []}, {"source": 1, "rules": [{"skip": True}]}])
def test_what_is_no_mapping_is_refused_with_its_field(document: object) -> None:
    with pytest.raises(Rejected, match="invalid_mapping"):
        mapping_of(document)


def cell(value: object, spec: dict[str, Any], extra: str = "") -> Any:
    read = read_mapping("m.yaml", f"source: till\n{extra}rules: [{{skip: true}}]\n")
    return Cells(read).reader(FromColumn(column="c", **spec))(value)


FRENCH = "numbers: {decimal: ',', thousands: ' '}\n"
GERMAN = "numbers: {decimal: ',', thousands: '.'}\n"
ENGLISH = "numbers: {thousands: ','}\n"
INDIAN = "numbers: {thousands: ',', grouping: indian}\n"


@pytest.mark.parametrize(
    ("value", "spec", "extra", "found"),
    [
        (" a ", {}, "", "a"),
        ("", {}, "", None),
        ("N/A", {}, "", None),
        ("", {"default": "x"}, "", "x"),
        ("17850.0", {"type": "integer"}, "", 17850),
        ("1 234,50", {"type": "number"}, FRENCH, 1234.5),
        ("1\u202f234,50", {"type": "number"}, FRENCH, 1234.5),
        ("1.234", {"type": "number"}, "numbers: {decimal: ',', thousands: '.'}\n", 1234),
        ("-0.10", {"type": "number"}, "", -0.1),
        ("1,234,567.50", {"type": "number"}, ENGLISH, 1234567.5),
        ("-1,234", {"type": "number"}, ENGLISH, -1234),
        ("- 1 234", {"type": "number"}, FRENCH, -1234),
        ("+999", {"type": "number"}, ENGLISH, 999),
        ("1234567.50", {"type": "number"}, ENGLISH, 1234567.5),
        ("12,34,567.5", {"type": "number"}, INDIAN, 1234567.5),
        ("1'234.50", {"type": "number"}, 'numbers: {thousands: "\'"}\n', 1234.5),
        (12.5, {"type": "number"}, "", 12.5),
        ("OUI", {"type": "boolean"}, "", True),
        ("0", {"type": "boolean"}, "", False),
        ("a; b;;c", {"type": "list", "separator": ";"}, "", ["a", "b", "c"]),
        ("7", {"prefix": "card-"}, "", "card-7"),
        ("24.12.2025", {"type": "instant", "formats": ("%d/%m/%Y", "%d.%m.%Y")}, "", "2025-12-24T00:00:00.000Z"),
        ("2025-07-01T10:00:00", {"type": "instant"}, "time_zone: Europe/Paris\n", "2025-07-01T08:00:00.000Z"),
        ("2025-07-01T10:00:00+01:00", {"type": "instant"}, "time_zone: Europe/Paris\n", "2025-07-01T09:00:00.000Z"),
    ],
)
def test_cells_are_read_as_the_mapping_says(value: object, spec: dict[str, Any], extra: str, found: object) -> None:
    assert cell(value, spec, extra) == found


@pytest.mark.parametrize(
    ("value", "spec", "extra", "code"),
    [
        ("1.5", {"type": "integer"}, "", "not_an_integer"),
        ("1.234,5", {"type": "number"}, FRENCH, "not_a_number"),
        ("1_000", {"type": "number"}, "", "not_a_number"),
        ("12,50", {"type": "number"}, ENGLISH, "not_a_number"),
        ("1,2,3", {"type": "number"}, ENGLISH, "not_a_number"),
        ("1,234.567,8", {"type": "number"}, ENGLISH, "not_a_number"),
        (",234", {"type": "number"}, ENGLISH, "not_a_number"),
        ("1234,567", {"type": "number"}, ENGLISH, "not_a_number"),
        ("12,34,567", {"type": "number"}, ENGLISH, "not_a_number"),
        ("123,456", {"type": "number"}, INDIAN, "not_a_number"),
        ("12.50", {"type": "number"}, GERMAN, "not_a_number"),
        ("1 2 3", {"type": "number"}, FRENCH, "not_a_number"),
        ("1 234,5 6", {"type": "number"}, FRENCH, "not_a_number"),
        ("Infinity", {"type": "number"}, "", "not_a_number"),
        ("1e999", {"type": "number"}, "", "not_a_number"),
        ("9" * 5_000, {"type": "number"}, "", "not_a_number"),
        ("maybe", {"type": "boolean"}, "", "not_a_boolean"),
        ("2025-02-29", {"type": "instant"}, "", "not_a_time"),
        ("", {"required": True}, "", "cell_missing"),
    ],
)
def test_a_cell_that_is_something_else_is_refused_without_its_content(value: str, spec: dict[str, Any], extra: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        cell(value, spec, extra)
    assert caught.value.code == code
    assert not value or value not in caught.value.message


def test_amounts_have_the_double_next_to_them() -> None:
    assert as_json(Decimal("0.1") + Decimal("0.2")) == 0.3
    assert as_json(Decimal("12.00")) == 12


def test_contacts_become_traits_and_an_empty_cell_removes_where_it_is_said() -> None:
    contacts = """\
source: till
rules:
  - identify: true
    identifiers: {email: mail, phone: tel, loyalty_card: card}
    traits: {first_name: first, address.city: city, nick: {column: nick, removes: true}, vip: {column: vip, type: boolean}}
"""
    world = ImportWorld()
    world.imported(contacts, b"mail,tel,card,first,city,nick,vip\nA@B.fr,06 12 34 56 78,77,Ana,Lyon,,oui\n", as_of="2026-01-01T00:00:00Z")

    (message,) = world.messages()
    assert message["traits"] == {
        "email": "A@B.fr",
        "phone": "06 12 34 56 78",
        "first_name": "Ana",
        "address": {"city": "Lyon"},
        "nick": None,
        "vip": True,
    }
    assert message["context"]["externalIds"] == [{"type": "loyalty_card", "id": "77"}]
    assert message["timestamp"] == "2026-01-01T00:00:00.000Z"


def test_consents_are_the_events_that_the_platform_knows_and_a_grant_of_nothing_is_refused() -> None:
    consents = """\
source: till
rules:
  - when: [{property: ok, equals: 'yes'}]
    event: Consent Granted
    timestamp: at
    identifiers: {email: mail}
    properties: {topic: topic, channel: {value: email}, email: mail}
  - event: Consent Withdrawn
    timestamp: at
    identifiers: {email: mail}
    properties: {topic: topic, channel: {value: email}, email: mail}
"""
    world = ImportWorld()
    done = world.imported(
        consents, b"mail,topic,ok,at\na@b.fr,offers,yes,2025-01-01\na@b.fr,,yes,2025-01-01\na@b.fr,offers,no,2025-02-01\n"
    )

    assert world.refused(done.id) == [(3, "invalid_consent")]
    assert sorted(message["event"] for message in world.messages()) == ["Consent Granted", "Consent Withdrawn"]
