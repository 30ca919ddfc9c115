"""One way of writing each identifier, and what is none. Imported by collect: the heavy parts are read when the first value needs them."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from ariane.identity.namespaces import Namespace, Normaliser
from ariane.identity.patterns import LONGEST_VALUE
from ariane.identity.rules import Identifier, Rules

_PLACEHOLDERS = frozenset(
    {"null", "undefined", "nan", "none", "nil", "n/a", "anonymous", "anon", "guest", "true", "false", "id", "0", "-1", "[object object]"}
)
_ZEROS_AND_DASHES = re.compile(r"[0\-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
"""What copying out of a page or a chat leaves in an address. Joiners are none of these: they are part of some domains."""
_QUOTED = re.compile(r'"([^"\\]+)"')
_LOCAL = re.compile(r'[^\s"(),:;<>@\[\]\\]+')
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
"""At least two labels. No domain of the highest level ends as an IPv4 address does."""


def normalise(namespace: str, value: object, rules: Rules, *, default_country: str | None = None) -> Identifier | None:
    """The identifier, or None where the value is none: unknown namespace, placeholder, blocked, malformed, over 512 characters."""
    rule = rules.namespaces.get(namespace)
    if rule is None or isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    if not text or len(text) > LONGEST_VALUE or _UNPRINTABLE.search(text) or _is_placeholder(text, rules):
        return None
    country = default_country or rules.default_country
    normal = _normal(rule.normaliser, text, country)
    if not normal or len(normal) > LONGEST_VALUE or _is_placeholder(normal, rules):
        return None
    return None if _is_blocked({text, normal}, rule, country, rules) else Identifier(namespace, normal)


def is_slow(rule: Namespace, value: str) -> bool:
    """Whether reading it takes some microseconds a character."""
    return rule.normaliser is Normaliser.PHONE or (rule.normaliser is Normaliser.EMAIL and not value.isascii())


def _is_placeholder(text: str, rules: Rules) -> bool:
    bare = text.strip("\"'`“”«» ").lower()
    return not bare or bare in _PLACEHOLDERS or bare in rules.placeholders or _ZEROS_AND_DASHES.fullmatch(bare) is not None


def _is_blocked(spellings: set[str], rule: Namespace, country: str | None, rules: Rules) -> bool:
    if rules.blocked_values and not spellings.isdisjoint(_blocked_values(rules.blocked_values, rule.normaliser, country)):
        return True
    return any(pattern.search(text) for pattern in rules.blocked_patterns for text in spellings)


@lru_cache(64)
def _blocked_values(values: frozenset[str], normaliser: Normaliser, country: str | None) -> frozenset[str]:
    """As they are written, and as an identifier of this kind would be: ``Demo@Example.com`` blocks ``demo@example.com``."""
    written = {value.strip() for value in values}
    return values | written | {normal for value in written if (normal := _normal(normaliser, value, country))}


def _normal(normaliser: Normaliser, text: str, country: str | None) -> str | None:
    match normaliser:
        case Normaliser.EMAIL:
            return _email(text)
        case Normaliser.PHONE:
            return phone_number(text, country)
        case Normaliser.LOWER:
            return _lower(unicodedata.normalize("NFC", text), "NFC")
        case _:
            return unicodedata.normalize("NFC", text).strip()


def _lower(text: str, form: Literal["NFC", "NFKC"]) -> str:
    """The small letters of composed characters may be decomposed ones."""
    return unicodedata.normalize(form, text.lower()).strip()


def _email(text: str) -> str | None:
    """Trimmed, NFKC, lower case, the domain in its ASCII form, quotes only where they are needed and then none of ours: such an address
    has no other spelling in use. Tags and dots stay: they are part of the address for all but some providers.

    Never resolved: whether it exists is the provider's to say.
    """
    local, at, domain = _lower(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)), "NFKC").rpartition("@")
    quoted = _QUOTED.fullmatch(local)
    local = quoted[1] if quoted else local
    if not at or not _LOCAL.fullmatch(local):
        return None
    ascii_domain = domain if domain.isascii() else _ascii_domain(domain)
    ascii_domain = (ascii_domain or "").removesuffix(".")
    return f"{local}@{ascii_domain}" if _DOMAIN.fullmatch(ascii_domain) else None


@lru_cache(1024)
def _ascii_domain(domain: str) -> str | None:
    import idna

    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:  # idna's own are of this kind
        return None


@lru_cache(1024)
def phone_number(text: str, country: str | None) -> str | None:
    """E.164. None without a country, without an area code where there are such, and of an extension: the number would be its office's.

    Remembered: the events of a request repeat the same few numbers, and reading one takes longer than all else about an event.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    is_whole = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not is_whole or number.extension:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
