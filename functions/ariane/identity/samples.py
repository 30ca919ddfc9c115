"""What identifiers look like, to see whether a pattern would leave any of a kind. Made up, and the same in every run.

Imported by collect: nothing heavy at the top.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from itertools import product
from typing import Any

from ariane.identity.namespaces import Normaliser

_PEOPLE = ("ada", "jean-marc.o'neil+news", "x7", "m_lopez", "info", "1984", "zoe.mueller")
_DOMAINS = ("example.com", "mail.example.fr", "xn--bcher-kva.de", "firma.co.uk", "a-b.io", "163.cn", "university.edu")
_DIALS = ("+33 6", "+49 151", "+44 7700", "+1 415", "+39 333", "+81 90", "+55 11", "+20 10")
_MANY = 12


def kind_emptied_by(pattern: re.Pattern[str], name: str, body: Mapping[str, Any]) -> str | None:
    """What the values of a namespace are called, if ``pattern`` is found in each one that could be; None: some are left, or anything may be
    a value of it."""
    normaliser = body.get("normalise")
    if normaliser == Normaliser.EMAIL:
        kind, values = "e-mail address", _emails()
    elif normaliser == Normaliser.PHONE:
        kind, values = "telephone number", _phones()
    elif name == "ga_client_id":
        kind, values = "id of Google Analytics", _client_ids()
    elif body.get("device") is True:
        kind, values = "UUID", _uuids()
    else:
        return None
    return kind if all(map(pattern.search, values)) else None


@cache
def _emails() -> Sequence[str]:
    return [f"{person}@{domain}" for person, domain in product(_PEOPLE, _DOMAINS)]


@cache
def _phones() -> Sequence[str]:
    return [dial.replace(" ", "") + f"{_number(place):08d}"[-8:] for place, dial in enumerate(_DIALS * 2)]


@cache
def _uuids() -> Sequence[str]:
    texts = (sha256(b"uuid%d" % place).hexdigest() for place in range(_MANY))
    return [f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[place % 4]}{text[17:20]}-{text[20:32]}" for place, text in enumerate(texts)]


@cache
def _client_ids() -> Sequence[str]:
    return [f"{_number(place)}.{1_600_000_000 + _number(place + 1) % 400_000_000}" for place in range(_MANY)]


def _number(place: int) -> int:
    return int(sha256(b"number%d" % place).hexdigest()[:7], 16) + 100_000_000
