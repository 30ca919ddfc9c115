"""Names, postal codes and cells as the platforms, and spreadsheets, read them."""

import pytest

from ariane.segments import audience_google as google
from ariane.segments import audience_meta as meta
from ariane.segments.audience_csv import harmless


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Badr Eddine", "badr eddine"),
        ("Amr Hassan", "amr hassan"),
        ("Mme Claire", "claire"),
        ("Mrs. Ana", "ana"),
        ("Prof. Dr. Anne", "anne"),
        ("Dr.Anne", "anne"),
        ("Prof", "prof"),
        ("Dr. ", "dr."),
        ("Missy", "missy"),
    ],
)
def test_googles_first_name_loses_a_title_before_it_and_nothing_else(written: str, normal: str) -> None:
    assert google.first_name(written) == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("King III", "king"),
        ("King Jr.", "king"),
        ("King,Jr", "king"),
        ("Petrov Ivanov Jr.", "petrov ivanov"),
        ("Petrov Ivanov", "petrov ivanov"),
        ("Sri Sra", "sri sra"),
        ("Jr", "jr"),
    ],
)
def test_googles_last_name_loses_a_suffix_behind_it_and_nothing_else(written: str, normal: str) -> None:
    assert google.last_name(written) == normal


@pytest.mark.parametrize(
    ("written", "country", "normal"),
    [
        ("00-950", "PL", "00950"),
        ("1000-205", "PT", "1000205"),
        ("100-0001", "JP", "1000001"),
        ("100‑0001", "JP", "1000001"),
        ("01310-100", "BR", "01310100"),
        ("00901-1234", "PR", "00901"),
        ("94103-1234", "US", "94103"),
        ("1234 AB", "NL", "1234ab"),
        ("SW1A 1AA", "GB", "sw1a1aa"),
    ],
)
def test_metas_postal_codes_lose_their_dash_and_not_what_follows(written: str, country: str, normal: str) -> None:
    assert meta.postal_code(written, country) == normal


@pytest.mark.parametrize("before", ["", " ", "\xa0", "\u3000", "\u200b", "\ufeff", "\x0b", "\x0c", "\x00", "\x1b", " \u2009\t"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\ufe66", "\u2212"])
def test_nothing_invisible_hides_a_formula(before: str, sign: str) -> None:
    assert harmless(f"{before}{sign}1+1").startswith("'")


@pytest.mark.parametrize("text", ["", "Zoé", "a=1", " a", "\xa0a", "1-2", "(=1)"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert harmless(text) == text
