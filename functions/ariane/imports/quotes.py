"""Quoted cells of CSV: where they end, and what a row of them holds."""

import csv
from collections.abc import Sequence

from ariane.errors import Rejected


def is_open(text: str, delimiter: str, quote: str, *, within: bool = False) -> bool:
    """Whether a quoted cell begins in ``text`` and does not end there. ``within``: ``text`` begins in one."""
    place = _closing(text, 0, quote) if within else 0
    while place >= 0:
        if not within and text.startswith(quote, place):
            place = _closing(text, place + 1, quote)
            if place < 0:
                return True
        within = False
        place = text.find(delimiter, place)
        if place < 0:
            return False
        place += 1
    return True


def parsed(text: str, delimiter: str, quote: str) -> tuple[Sequence[str], Rejected | None]:
    """The cells of a row that is not open, of however many lines."""
    parts = [f"{part}\n" for part in text.split("\n")]
    try:
        return next(csv.reader(parts, delimiter=delimiter, quotechar=quote)), None
    except csv.Error:
        return (), Rejected("invalid_csv", "the line is not CSV: a cell of more than 131,072 characters, or a bare line end")


def _closing(text: str, place: int, quote: str) -> int:
    """Behind the closing quote; doubled ones are the cell's. Negative: there is none."""
    while (found := text.find(quote, place)) >= 0:
        if not text.startswith(quote, found + 1):
            return found + 1
        place = found + 2
    return -1
