"""Meta Custom Audiences: a customer list in CSV, hashed.

Columns: Meta Business Help Centre, "How to format a customer list when creating a custom audience". Normalisation:
developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences (hashing and normalising) and
developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters, which agree.
"""

import re
from itertools import zip_longest

from ariane.profiles.reserved_traits import FIRST_NAME_TRAITS, LAST_NAME_TRAITS
from ariane.segments.audience_google import ZIP_TRAITS
from ariane.segments.audience_hashing import country_code, day_of, hashed, letters, text_of
from ariane.segments.audience_people import Person

HEADER = ("email", "phone", "fn", "ln", "ct", "st", "zip", "country", "dob", "gen", "extern_id")
_DIGITS = re.compile(r"\D")
_NO_LETTERS = re.compile(r"[\d\s]")
_GENDERS = {"m": "m", "male": "m", "man": "m", "homme": "m", "f": "f", "female": "f", "woman": "f", "femme": "f"}
_SPACES_AND_DASHES = re.compile(r"[\s\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_AMERICAN = frozenset({"US", "PR", "GU", "VI", "AS", "MP"})
"""The United States, and the territories that its ZIP codes are used in."""
_AMERICAN_ZIP = 5


def rows(person: Person) -> list[tuple[str, ...]]:
    """One for the person, and one more for each further e-mail address or telephone number. None: nothing to match by."""
    emails = [hashed(email(each)) for each in person.values("email")]
    phones = [hashed(phone(each)) for each in person.values("phone")]
    extern = hashed(next(iter(person.values("user_id")), None))
    about = _about(person)
    pairs = list(zip_longest(emails, phones, fillvalue="")) or [("", "")]
    if not any(pairs[0]) and not extern and not all(about[:2]):
        return []
    blank = ("",) * len(about)
    return [(*pairs[0], *about, extern), *((*pair, *blank, extern) for pair in pairs[1:])]


def email(address: str) -> str:
    return address.strip().lower()


def phone(number: str) -> str:
    """Of E.164: digits alone, the country's code first, no zeros before it."""
    return _DIGITS.sub("", number).lstrip("0")


def name(value: object) -> str:
    return letters(text_of(value))


def place(value: object) -> str:
    """A city or a state: letters alone."""
    return _NO_LETTERS.sub("", letters(text_of(value)))


def postal_code(value: object, country: str) -> str:
    """In small letters without spaces and dashes; of an American code the first five digits. A British one is written whole: Meta asks for
    "area, district, and sector" and gives ``m11ae`` as its example (customer-information-parameters, ``zp``)."""
    text = _SPACES_AND_DASHES.sub("", text_of(value)).lower()
    return text[:_AMERICAN_ZIP] if country in _AMERICAN else text


def birth_date(value: object) -> str:
    day = day_of(value)
    return day.strftime("%Y%m%d") if day else ""


def gender(value: object) -> str:
    return _GENDERS.get(text_of(value).lower(), "")


def _about(person: Person) -> tuple[str, ...]:
    country = country_code(person.trait("address.country", "country"))
    plain = (
        name(person.trait(*FIRST_NAME_TRAITS)),
        name(person.trait(*LAST_NAME_TRAITS)),
        place(person.trait("address.city", "city")),
        place(person.trait("address.state", "state")),
        postal_code(person.trait(*ZIP_TRAITS), country),
        country.lower(),
        birth_date(person.trait("birthday", "date_of_birth", "birth_date")),
        gender(person.trait("gender")),
    )
    return tuple(hashed(each) for each in plain)
