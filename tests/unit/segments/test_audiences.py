"""Audience files: the formats of two advertising platforms, spreadsheets that run nothing, and nobody who did not agree."""

import csv
import io
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.errors import Rejected
from ariane.privacy.consents import ConsentState
from ariane.segments import audience_google as google
from ariane.segments import audience_meta as meta
from ariane.segments.audience_csv import cell, line
from ariane.segments.audience_formats import Format, columns_of, format_of, sheet_of
from ariane.segments.audience_people import ConsentWanted, Named, Person

JEANNE = Person(
    id="prs_jeanne",
    since="2026-11-22T08:00:00.000Z",
    identifiers=(
        Named("user_id", "u1", "prs_jeanne"),
        Named("email", "jeanne.martin+sale@gmail.com", "prs_mail"),
        Named("phone", "+33612345678", "prs_phone"),
    ),
    traits={
        "firstName": "Mme Jeanne",
        "lastName": "O'Neill-Martin Jr.",
        "address": {"country": "fr", "postalCode": "75002", "city": "Saint-Denis 2", "state": "Île-de-France"},
        "birthday": "1990-03-07",
        "gender": "Female",
        "order_count": 3,
    },
    holder_ids=frozenset({"prs_jeanne", "prs_mail", "prs_phone"}),
)


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def rows(kind: Format, person: Person, *columns: str) -> list[dict[str, str]]:
    sheet = sheet_of(kind, columns)
    return list(csv.DictReader(io.StringIO(sheet.header + "".join(sheet.lines(person)))))


def state(person_id: str, *, granted: bool, channel: str = "email", topic: str = "ads", wide: bool = False, hour: int = 1) -> ConsentState:
    at = datetime(2026, 11, 22, hour, tzinfo=UTC)
    return ConsentState(
        person_id=person_id, topic=topic, channel=channel, granted=granted, at=at, source="s", message_id="m", is_person_wide=wide
    )


def test_google_gets_its_six_columns_with_country_and_postal_code_in_clear() -> None:
    assert rows(Format.GOOGLE, JEANNE) == [
        {
            "Email": sha("jeannemartin@gmail.com"),
            "Phone": sha("+33612345678"),
            "First Name": sha("jeanne"),
            "Last Name": sha("o'neill-martin"),
            "Country": "FR",
            "Zip": "75002",
        }
    ]


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        ("cloudy.sanfrancisco+shopping@gmail.com", "cloudysanfrancisco@gmail.com"),
        ("A.B@GoogleMail.com", "ab@googlemail.com"),
        ("user.name+NYC@Example.com", "user.name+nyc@example.com"),
        (" with space@example.com ", "withspace@example.com"),
    ],
)
def test_googles_own_examples_of_addresses(address: str, normal: str) -> None:
    assert google.email(address) == normal


@pytest.mark.parametrize(
    ("written", "country", "normal"),
    [
        ("94303-5300", "US", "94303-5300"),
        ("94303-5300", "DE", "94303"),
        ("WC2H 8LG", "GB", "WC2H 8LG"),
        ("=1+1", "FR", ""),
        (None, "FR", ""),
    ],
)
def test_a_postal_code_of_google_is_one_or_nothing(written: Any, country: str, normal: str) -> None:
    assert google.postal_code(written, country) == normal


def test_meta_gets_eleven_columns_all_hashed() -> None:
    assert rows(Format.META, JEANNE) == [
        {
            "email": sha("jeanne.martin+sale@gmail.com"),
            "phone": sha("33612345678"),
            "fn": sha("mme jeanne"),
            "ln": sha("oneillmartin jr"),
            "ct": sha("saintdenis"),
            "st": sha("îledefrance"),
            "zip": sha("75002"),
            "country": sha("fr"),
            "dob": sha("19900307"),
            "gen": sha("f"),
            "extern_id": sha("u1"),
        }
    ]


@pytest.mark.parametrize(
    ("written", "country", "normal"), [("94303-5300", "US", "94303"), ("M1 1AE", "GB", "m11ae"), ("943035300", "US", "94303")]
)
def test_metas_postal_codes(written: str, country: str, normal: str) -> None:
    assert meta.postal_code(written, country) == normal


def test_what_is_not_known_is_an_empty_cell_and_never_the_hash_of_nothing() -> None:
    bare = Person(
        id="prs_x", identifiers=(Named("email", "x@example.fr", "prs_x"),), traits={"firstName": " ", "gender": "?", "birthday": "soon"}
    )
    for kind in (Format.GOOGLE, Format.META):
        assert set(rows(kind, bare)[0].values()) == {"", sha("x@example.fr")}


def test_each_further_address_is_a_row_of_its_own() -> None:
    two = Person(
        id="prs_x", identifiers=(Named("email", "a@b.fr", "1"), Named("email", "c@d.fr", "2"), Named("phone", "+33612345678", "3"))
    )
    for kind, name in ((Format.GOOGLE, "Email"), (Format.META, "email")):
        assert [row[name] for row in rows(kind, two)] == [sha("a@b.fr"), sha("c@d.fr")]


def test_whom_nothing_matches_is_left_out() -> None:
    device = Person(id="prs_x", identifiers=(Named("anonymous_id", "a1", "prs_x"),), traits={"firstName": "Ada"})
    assert rows(Format.GOOGLE, device) == rows(Format.META, device) == []


@pytest.mark.parametrize("text", ["=1+1", "+33612345678", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1+1", "＝1", "=cmd|' /C calc'!A0"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_numbers_and_harmless_texts_stay_as_they_are() -> None:
    assert [cell(each) for each in (-1.5, 3, True, None, "Ada", "a=b", ["x"], {"a": 1})] == [
        "-1.5",
        "3",
        "true",
        "",
        "Ada",
        "a=b",
        '["x"]',
        '{"a":1}',
    ]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_any_text_comes_back_from_a_csv_and_none_is_a_formula(texts: list[str]) -> None:
    (read,) = list(csv.reader(io.StringIO(line(["first", *texts]), newline="")))
    assert all(not each.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for each in read)
    assert [each.removeprefix("'") for each in read[1:]] == [each.replace("\0", "").removeprefix("'") for each in texts]


def test_columns_are_identifiers_traits_and_computed_traits() -> None:
    (row,) = rows(Format.CSV, JEANNE, "id", "email", "address.city", "order_count", "traits.gender", "nothing")
    assert row == {
        "id": "prs_jeanne",
        "email": "jeanne.martin+sale@gmail.com",
        "address.city": "Saint-Denis 2",
        "order_count": "3",
        "traits.gender": "Female",
        "nothing": "",
    }


def test_ndjson_holds_everything_or_the_columns_asked_for() -> None:
    (text,) = sheet_of(Format.NDJSON).lines(JEANNE)
    assert orjson.loads(text)["identifiers"][1] == {"type": "email", "value": "jeanne.martin+sale@gmail.com"}
    (text,) = sheet_of(Format.NDJSON, ("id", "phone")).lines(JEANNE)
    assert orjson.loads(text) == {"id": "prs_jeanne", "phone": ["+33612345678"]}


def test_faults_are_named() -> None:
    with pytest.raises(Rejected, match="format is one of csv"):
        format_of("xls")
    with pytest.raises(Rejected, match="leave columns out"):
        sheet_of(Format.GOOGLE, ("email",))
    with pytest.raises(Rejected, match="twice"):
        sheet_of(Format.CSV, ("email", "email"))
    for bad in ("", "ads/", "/email", "a#b", "*"):
        with pytest.raises(Rejected, match="TOPIC"):
            ConsentWanted.parse(bad)
    assert columns_of(" a, b,,") == ("a", "b")


def test_a_grant_lets_its_own_address_in_and_no_other() -> None:
    narrowed = ConsentWanted("ads").narrowed(JEANNE, [state("prs_mail", granted=True)])
    assert narrowed is not None
    assert narrowed.values("email")
    assert not narrowed.values("phone")


def test_a_grant_for_the_whole_person_lets_each_address_of_its_channel_in() -> None:
    narrowed = ConsentWanted("ads").narrowed(JEANNE, [state("prs_jeanne", granted=True, wide=True, channel="sms")])
    assert narrowed is not None
    assert narrowed.values("phone")
    assert not narrowed.values("email")
    over_one = ConsentWanted.parse("ads/display").narrowed(JEANNE, [state("prs_jeanne", granted=True, wide=True, channel="display")])
    assert over_one == JEANNE


@pytest.mark.parametrize(
    "states",
    [
        [],
        [state("prs_mail", granted=True, topic="offers")],
        [state("prs_mail", granted=True), state("prs_mail", granted=False, hour=2)],
        [state("prs_mail", granted=True), state("prs_phone", granted=False, topic="*", channel="*", wide=True, hour=2)],
        [state("prs_elsewhere", granted=True, wide=True)],
    ],
)
def test_without_a_grant_that_stands_nobody_is_in(states: list[ConsentState]) -> None:
    assert ConsentWanted("ads").narrowed(JEANNE, states) is None
