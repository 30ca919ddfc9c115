"""SMS segments, counted as the networks count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.messaging.segments import Encoding, plain_typography, segments_of

GSM = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !#%&'()*+,-./0123456789:;<=>?ABCXYZÄÖÑÜ§¿abcxyzäöñüà\n\r"
EXTENDED = "^{}\\[~]|€"


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("", Encoding.GSM7, 1),
        ("a" * 160, Encoding.GSM7, 1),
        ("a" * 161, Encoding.GSM7, 2),
        ("a" * 306, Encoding.GSM7, 2),
        ("a" * 307, Encoding.GSM7, 3),
        ("€" * 80, Encoding.GSM7, 1),
        ("€" * 81, Encoding.GSM7, 2),
        ("€" * 152, Encoding.GSM7, 2),
        ("€" * 153, Encoding.GSM7, 3),
        ("ê" + "a" * 69, Encoding.UCS2, 1),
        ("ê" + "a" * 70, Encoding.UCS2, 2),
        ("ê" * 134, Encoding.UCS2, 2),
        ("ê" * 135, Encoding.UCS2, 3),
        ("😀" * 35, Encoding.UCS2, 1),
        ("😀" * 36, Encoding.UCS2, 2),
        ("😀" * 66, Encoding.UCS2, 2),
        ("😀" * 67, Encoding.UCS2, 3),
    ],
)
def test_the_count_at_every_limit(text: str, encoding: Encoding, count: int) -> None:
    segments = segments_of(text)

    assert (segments.encoding, segments.count) == (encoding, count)


@given(st.text(alphabet=GSM + EXTENDED, max_size=700))
def test_seven_bit_segments_hold_153_septets_and_never_part_an_escape(text: str) -> None:
    segments = segments_of(text)
    sizes = [sum(2 if character in EXTENDED else 1 for character in part) for part in segments.parts]

    assert segments.encoding is Encoding.GSM7
    assert "".join(segments.parts) == text
    assert (sizes[0] <= 160) if len(sizes) == 1 else all(size <= 153 for size in sizes)
    assert len(sizes) == 1 or sum(sizes) > 160
    assert all(size >= 152 for size in sizes[:-1])


@given(st.text(max_size=400))
def test_sixteen_bit_segments_hold_67_units_and_never_part_a_surrogate_pair(text: str) -> None:
    segments = segments_of("中" + text)
    sizes = [len(part.encode("utf-16-le", "surrogatepass")) // 2 for part in segments.parts]

    assert segments.encoding is Encoding.UCS2
    assert "".join(segments.parts) == "中" + text
    assert (sizes[0] <= 70) if len(sizes) == 1 else all(size <= 67 for size in sizes)
    assert all(size >= 66 for size in sizes[:-1])


def test_the_basic_alphabet_is_complete() -> None:
    """128 places of the default alphabet, less the escape."""
    latin = {chr(code) for code in range(0x250)} | {chr(code) for code in range(0x370, 0x400)}

    assert sum(segments_of(character).encoding is Encoding.GSM7 for character in latin) == 127 + len("\f^{}\\[~]|")
    assert segments_of("€").encoding is Encoding.GSM7


def test_typography_does_not_double_the_price() -> None:
    text = plain_typography("L’article à 49,90\u00a0€ – « vite »…")

    assert text == "L'article à 49,90 € - « vite »..."
    assert segments_of(plain_typography("49,90\u202f€ l’un")).encoding is Encoding.GSM7
