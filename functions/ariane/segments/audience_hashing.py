"""What the normalisation rules of advertising platforms have in common."""

import hashlib
import re
import unicodedata
from datetime import date

import phonenumbers

_SPACES = re.compile(r"\s+")
_COUNTRY = re.compile(r"[A-Za-z]{2}")


def hashed(text: str | None) -> str:
    """SHA-256 of the UTF-8 bytes as small hexadecimal digits; of nothing, nothing."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def text_of(value: object) -> str:
    """What is no text or number is no value of a person's name or address."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", str(value))).strip()


def without_spaces(text: str) -> str:
    return _SPACES.sub("", text)


def country_code(value: object) -> str:
    """ISO 3166-1 alpha-2 in capitals; a country's name, or what is no country, is nothing."""
    text = text_of(value).upper()
    return text if _COUNTRY.fullmatch(text) and text in phonenumbers.SUPPORTED_REGIONS else ""


def letters(text: str) -> str:
    """In small letters, without punctuation and symbols."""
    return "".join(each for each in text.lower() if unicodedata.category(each)[0] not in "PSC").strip()


def day_of(value: object) -> date | None:
    """Of an ISO date or instant."""
    try:
        return date.fromisoformat(text_of(value)[:10])
    except ValueError:
        return None
