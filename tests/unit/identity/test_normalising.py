"""How identifiers are written one way."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ariane.identity.identifiers import normalise
from ariane.identity.rules import Rules

RULES = Rules.from_document({})


def written(namespace: str, value: object, *, rules: Rules = RULES, country: str | None = None) -> str | None:
    identifier = normalise(namespace, value, rules, default_country=country)
    return identifier and identifier.value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada@bücher.fr", "ada@xn--bcher-kva.fr"),
        ("ada@XN--BCHER-KVA.fr", "ada@xn--bcher-kva.fr"),
        ("ada@BÜCHER.fr", "ada@xn--bcher-kva.fr"),
        ("ada@bu\u0308cher.fr", "ada@xn--bcher-kva.fr"),
        ("ada@straße.de", "ada@xn--strae-oqa.de"),
        ("ada@日本語。jp", "ada@xn--wgv71a119e.jp"),
        ("ada@日本語.jp。", "ada@xn--wgv71a119e.jp"),
        ("ＡＤＡ＠example.com", "ada@example.com"),
        ("ada﹫example．com", "ada@example.com"),
        ("ada\u200b@example.com\ufeff", "ada@example.com"),
        ("ada+news@example.com.", "ada+news@example.com"),
        ("a.d.a@gmail.com", "a.d.a@gmail.com"),
        ("ada.@docomo.ne.jp", "ada.@docomo.ne.jp"),
        ('"ada.lovelace"@example.com', "ada.lovelace@example.com"),
        ("o'neil@mail.example.co.uk", "o'neil@mail.example.co.uk"),
        ("jürgen@example.de", "jürgen@example.de"),
        ("ada@a_b.example.com", "ada@a_b.example.com"),
        ("ada.example.com", None),
        ("@example.com", None),
        ("ada@", None),
        ("ada@.com", None),
        ("ada@example..com", None),
        ("ada@example.com..", None),
        ("ada@localhost", None),
        ("ada@127.0.0.1", None),
        ("ada@[127.0.0.1]", None),
        ("ada@exam,ple.com", None),
        ("ada@-example.com", None),
        ("ada@" + "a" * 64 + ".com", None),
        ("ada@xn--a.com", "ada@xn--a.com"),
        ("a b@example.com", None),
        ("a@b@c.fr", None),
        ('"a@b"@c.fr', None),
        ('"a b"@c.fr', None),
        ("mailto:ada@example.com", None),
        ("Ada <ada@example.com>", None),
        ("ada@example.com, bob@example.com", None),
        ("ada@\u2060.com", None),
        ("ada@❤.ws", None),
    ],
)
def test_emails_are_written_one_way(value: str, expected: str | None) -> None:
    assert written("email", value) == expected


def test_letters_of_another_script_are_another_domain() -> None:
    latin, cyrillic = written("email", "ada@paypal.com"), written("email", "ada@p\u0430ypal.com")
    assert cyrillic is not None
    assert cyrillic.startswith("ada@xn--")
    assert cyrillic != latin


@pytest.mark.parametrize(
    ("value", "country", "expected"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", None, "+33612345678"),
        ("0033612345678", "FR", "+33612345678"),
        ("06.12.34.56.78", "FR", "+33612345678"),
        ("\u202a+33 6 12 34 56 78\u202c", None, "+33612345678"),
        ("０６１２３４５６７８", "FR", "+33612345678"),
        (612345678, "FR", "+33612345678"),
        ("tel:+33-6-12-34-56-78", None, "+33612345678"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("06 12 34 56 78", None, None),
        ("call me", "FR", None),
        ("12", "FR", None),
        ("555-2671", "US", None),
        ("+33 1 42 68 53 00 ext. 12", None, None),
        ("+999 12345678", None, None),
        ("0000000000", "FR", None),
    ],
)
def test_phone_numbers_are_written_as_e164(value: object, country: str | None, expected: str | None) -> None:
    assert written("phone", value, country=country) == expected


def test_the_rules_country_stands_in_for_the_sources() -> None:
    assert written("phone", "0612345678", rules=Rules.from_document({"default_country": "FR"})) == "+33612345678"
    assert written("phone", "0612345678", rules=Rules.from_document({"default_country": "FR"}), country="GB") == "+44612345678"


EMAILS = st.from_regex(r"[a-zA-ZéßİǆK.+]{1,12}@[a-zA-Zéßσς\u0430]{1,12}\.(fr|com|рф)", fullmatch=True)


@given(st.sampled_from(["user_id", "email", "phone", "anonymous_id", "advertising_id"]), st.text(max_size=40) | EMAILS)
@example("email", "İ@example.com")
@example("email", "ǆ\u0301@example.com")
@example("advertising_id", "İ\u0323")
def test_normalising_is_idempotent(namespace: str, value: str) -> None:
    once = normalise(namespace, value, RULES, default_country="FR")
    if once is not None:
        assert normalise(namespace, once.value, RULES, default_country="FR") == once


@given(EMAILS)
def test_neither_letters_nor_blanks_around_make_another_address(value: str) -> None:
    assert written("email", f" {value}\t".replace("\t", " ")) == written("email", value)
    assert written("email", value.replace("@", "＠")) == written("email", value)


@given(EMAILS)
def test_an_address_is_text_with_one_at_and_a_domain_in_ascii(value: str) -> None:
    normal = written("email", value)
    if normal is not None:
        local, _, domain = normal.partition("@")
        assert local
        assert domain.isascii()
        assert not any(character.isspace() or character == "@" for character in local + domain)


def blocking(*values: str) -> Rules:
    return Rules.from_document({"blocked": {"values": list(values)}, "default_country": "FR"})


@pytest.mark.parametrize(
    ("blocked", "namespace", "value"),
    [
        ("demo@example.com", "email", " Demo@Example.com"),
        ("Demo@Example.COM", "email", "demo@example.com"),
        ("06 00 00 00 01", "phone", "+33600000001"),
        ("+33600000001", "phone", "06 00 00 00 01"),
        ("ada@bücher.fr", "email", "ada@xn--bcher-kva.fr"),
        (" walk-in ", "user_id", "walk-in"),
        ("AAAA-1", "advertising_id", "aaaa-1"),
    ],
)
def test_a_blocked_value_is_blocked_in_every_spelling(blocked: str, namespace: str, value: str) -> None:
    assert written(namespace, value) is not None or namespace == "phone"
    assert written(namespace, value, rules=blocking(blocked)) is None
    assert written(namespace, value, rules=blocking("another")) is not None


def test_a_pattern_is_held_against_the_value_as_it_came_and_as_it_is_written() -> None:
    rules = Rules.from_document({"blocked": {"patterns": ["^TEST", "@example[.]com$"]}})
    assert written("email", "TEST@shop.fr", rules=rules) is None
    assert written("email", "ada@Example.COM", rules=rules) is None
    assert written("email", "ada@shop.fr", rules=rules) == "ada@shop.fr"
