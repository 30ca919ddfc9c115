"""SMS as the networks count it (3GPP TS 23.038): GSM 7-bit where every character fits, else UCS-2."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""An escape before them: two septets, never parted."""

_PLAIN = str.maketrans({
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2026": "...",
})  # fmt: skip
"""Typography that would make every character of a message cost double."""


class Encoding(StrEnum):
    GSM7 = "gsm-7"
    UCS2 = "ucs-2"


@dataclass(frozen=True, slots=True)
class Segments:
    encoding: Encoding
    parts: tuple[str, ...]
    """What each segment shows; together the text."""

    @property
    def count(self) -> int:
        return len(self.parts)


def plain_typography(text: str) -> str:
    """The text with typographic spaces, quotes and dashes in their plain form."""
    return text.translate(_PLAIN)


def segments_of(text: str) -> Segments:
    """160 septets or 70 UTF-16 units fit one segment; of several, each holds 153 or 67. An empty text is one segment."""
    if all(character in _BASIC or character in _EXTENDED for character in text):
        return Segments(Encoding.GSM7, _split(text, _septets, single=160, several=153))
    return Segments(Encoding.UCS2, _split(text, _units, single=70, several=67))


def _septets(character: str) -> int:
    return 2 if character in _EXTENDED else 1


def _units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1


def _split(text: str, size_of: Callable[[str], int], *, single: int, several: int) -> tuple[str, ...]:
    if sum(map(size_of, text)) <= single:
        return (text,)
    parts: list[str] = []
    current, used = [""], 0
    for character in text:
        if used + size_of(character) > several:
            parts.append("".join(current))
            current, used = [], 0
        current.append(character)
        used += size_of(character)
    return (*parts, "".join(current))
