"""CSV (RFC 4180) that a spreadsheet opens as text.

A text that begins with ``= + - @`` or a control character would be a formula there, or become one, whatever blanks and invisible
characters stand before: it gets an apostrophe in front. Numbers and booleans are written as they are.
"""

import csv
import io
import unicodedata
from collections.abc import Sequence

import orjson

_SIGNS = frozenset("=+-@\u2212")
"""And what NFKC makes them of: full-width and small forms, which some spreadsheets read as the signs."""


def line(cells: Sequence[object]) -> str:
    """With its end, CR LF."""
    out = io.StringIO()
    csv.writer(out).writerow([cell(each) for each in cells])
    return out.getvalue()


def cell(value: object) -> str:
    """Lists and objects are JSON; nothing is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return harmless(value if isinstance(value, str) else orjson.dumps(value, default=str).decode())


def harmless(text: str) -> str:
    clean = text.replace("\0", "")
    return f"'{clean}" if _is_risky(clean) else clean


def _is_risky(text: str) -> bool:
    if unicodedata.category(text[:1] or "a") == "Cc":
        return True
    first = next((each for each in text if unicodedata.category(each)[0] not in "ZC"), "")
    return unicodedata.normalize("NFKC", first)[:1] in _SIGNS
