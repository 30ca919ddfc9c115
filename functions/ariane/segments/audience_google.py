"""Google Ads Customer Match: a CSV of hashed data.

Columns and what is hashed: support.google.com/google-ads/answer/7659867 (formatting guidelines) and 7474263 (e-mail, telephone and names
are hashed, country and postal code are not). Normalisation: developers.google.com/data-manager/api/devguides/concepts/formatting.
"""

import re
from itertools import zip_longest

from ariane.profiles.reserved_traits import FIRST_NAME_TRAITS, LAST_NAME_TRAITS
from ariane.segments.audience_hashing import country_code, hashed, text_of, without_spaces
from ariane.segments.audience_people import Person

HEADER = ("Email", "Phone", "First Name", "Last Name", "Country", "Zip")
_GMAIL = ("gmail.com", "googlemail.com")
_PREFIXES = re.compile(r"(?:(?:mr|mrs|ms|miss|dr|prof|mme|mlle|herr|frau)(?:\. ?| ))+", re.IGNORECASE)
"""Where a name begins: ``Badr Eddine`` has none. As of ``text_of``, blanks are single."""
_SUFFIXES = re.compile(r"(?:(?:, ?| )(?:jr|sr|ii|iii|iv)\.?)+\Z", re.IGNORECASE)
"""Where a name ends: ``Petrov Ivanov`` has none."""
_ZIP = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,11}")
_PLUS_FOUR = re.compile(r"(\d{5})-?\d{4}")


def rows(person: Person) -> list[tuple[str, ...]]:
    """One for the person, and one more for each further e-mail address or telephone number. None: nothing to match by."""
    emails = [hashed(email(each)) for each in person.values("email")]
    phones = [hashed(each) for each in person.values("phone")]
    name = _name_and_place(person)
    pairs = list(zip_longest(emails, phones, fillvalue="")) or [("", "")]
    if not any(pairs[0]) and not all(name):
        return []
    return [(*pairs[0], *name), *((*pair, "", "", "", "") for pair in pairs[1:])]


def email(address: str) -> str:
    """Small letters, no spaces; Gmail takes no notice of dots and of what follows a plus, so they are left out there and nowhere else."""
    text = without_spaces(address).lower()
    local, at, domain = text.rpartition("@")
    if domain not in _GMAIL:
        return text
    return local.partition("+")[0].replace(".", "") + at + domain


def first_name(value: object) -> str:
    text = text_of(value)
    found = _PREFIXES.match(text)
    return (text[found.end() :] or text if found else text).lower()


def last_name(value: object) -> str:
    text = text_of(value)
    found = _SUFFIXES.search(text)
    return (text[: found.start()] or text if found else text).lower()


def postal_code(value: object, country: str) -> str:
    """An extension (of four digits) belongs to American codes alone."""
    text = text_of(value)
    if not _ZIP.fullmatch(text):
        return ""
    extended = _PLUS_FOUR.fullmatch(text)
    return extended[1] if extended and country != "US" and "-" in text else text


def _name_and_place(person: Person) -> tuple[str, str, str, str]:
    country = country_code(person.trait("address.country", "country"))
    zip_code = postal_code(person.trait(*ZIP_TRAITS), country)
    first = first_name(person.trait(*FIRST_NAME_TRAITS))
    last = last_name(person.trait(*LAST_NAME_TRAITS))
    return hashed(first), hashed(last), country, zip_code


ZIP_TRAITS = ("address.postal_code", "address.postalCode", "address.zip", "postal_code", "postalCode", "zip")
