"""CSV (RFC 4180) that a spreadsheet opens as text.

A text that begins with ``= + - @``, a tab, a carriage return or a line feed would be a formula there, or become one: it gets an apostrophe
in front. Numbers and booleans are written as they are.
"""

import csv
import io
from collections.abc import Sequence

import orjson

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With the full-width forms of the signs, which some spreadsheets read as the signs."""


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
    return f"'{clean}" if clean.lstrip(" ").startswith(_RISKY) else clean
