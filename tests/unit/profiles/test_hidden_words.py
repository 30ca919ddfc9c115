"""What the counter view hides of what people wrote, and what it leaves."""

import time

import pytest

from ariane.profiles.counter_words import LONGEST_TEXT, Words, decimal

WORDS = Words.of(None, ["phone:+33612345678", "email:claire@example.fr", "loyalty_card:LC-77001"])


@pytest.mark.parametrize(
    "written",
    [
        "06 - 12 - 34 - 56 - 79",
        "06‑12‑34‑56‑79",
        "06·12·34·56·79",
        "06_12_34_56_79",
        "06,12,34,56,79",
        "06, 12, 34, 56, 79",
        "06/12/34/56/79",
        "06:12:34:56:79",
        "06 .. 12 .. 34 .. 56 .. 79",
        "0️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣9",
        "０６１２３４５６７９",
        "06\u200b12\u200b34\u200b56\u200b79",
        "٠٦١٢٣٤٥٦٧٩",
        "+1 (212) 555-0179",
        "0033 6 12 34 56 79",
        "+47 22 33 44 5",
        "22 33 44 57",
        "612 345 679",
        "061234567906123456790612345679",
        "06.12.1978 45 67 89",
        "2026-11-23 06 12 34 56 79",
    ],
)
def test_a_telephone_number_is_hidden_however_it_is_written(written: str) -> None:
    shown = WORDS.free_text(f"call {written}!")
    assert shown == "call •••!"


@pytest.mark.parametrize(
    "written",
    [
        "129,00 € instead of 1 234,56 €",
        "12,50 34,90 20,00",
        "1.234.567,89",
        "sizes 38, 40, 42, 44, 46",
        "36/37/38/39/40",
        "38½ 39½ 40½ 41½",
        "2026-11-23",
        "23/11/2026 14:30",
        "from 2026-11-23 - 2026-12-24",
        "23.11.2026, 24.12.2026",
        "order 12345678",
        "order 12345678, 2 pieces",
        "order 12345678 23/11/2026",
        "order 2026-1234",
        "A-2026-11",
        "120 m² at 9 pm",
        "2 dresses @ 12.50",
        "@maison_ondine",
        "Zoé™ — n° 5",
    ],
)
def test_what_is_no_telephone_number_is_shown_as_it_was_written(written: str) -> None:
    assert WORDS.free_text(written) == written


@pytest.mark.parametrize(
    "written",
    ["paul@example.fr", "paul＠example.fr", "paul﹫example.fr", "paul (@) example.fr", "paul [at] example.fr", "paul @ example.fr"],
)
def test_an_address_is_hidden_everywhere(written: str) -> None:
    assert WORDS.text(f"to {written}, please") in ("to •••, please", "to •••")
    assert "paul" not in (WORDS.free_text(written) or "")


@pytest.mark.parametrize("written", ["LC-77001", "lc 77001", "LC77001", "ＬＣ－77001", "+33 6 12 34 56 78", "33612345678"])
def test_the_persons_own_identifiers_are_hidden_in_other_spellings(written: str) -> None:
    assert not set("1234567") & set(WORDS.text(f"card {written}") or "")


def test_it_is_hidden_before_it_is_cut() -> None:
    for place in range(LONGEST_TEXT - 20, LONGEST_TEXT + 1):
        shown = WORDS.free_text("x" * place + " 06 12 34 56 79 or paul@example.fr") or ""
        assert len(shown) <= LONGEST_TEXT
        assert not any(each.isdigit() for each in shown)
        assert "paul" not in shown


@pytest.mark.parametrize(
    "unit", ["1", "1 ", "12,50 ", "1.", "a@", "@", "a ", "06 12 ", "123 ", "2026-11-23 ", "a.", "(at) a", "123,45 123 ", "%", "1:"]
)
def test_long_texts_take_time_by_their_length(unit: str) -> None:
    began = time.process_time()
    WORDS.free_text(unit * (60_000 // len(unit)))
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (2, 2),
        ("2", 2),
        ("2.0", 2),
        (1.5, 1.5),
        ("1" + " " * 45 + "claire@example.fr", None),
        ("33612345678", None),
        (True, None),
        ("two", None),
        ("1" * 41, None),
    ],
)
def test_a_quantity_is_a_number_or_nothing(value: object, told: float | None) -> None:
    assert WORDS.quantity(value) == told


def test_a_number_with_something_behind_it_is_none() -> None:
    assert decimal("1" + " " * 45 + "x") is None
