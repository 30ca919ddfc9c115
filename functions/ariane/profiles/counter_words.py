"""How the counter view says things: amounts and days in the brand's words, and no text that would tell who somebody is beyond the name."""

import re
from calendar import isleap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, format_decimal

from ariane.errors import Rejected
from ariane.identity.epochs import plain
from ariane.identity.rules import Identifier
from ariane.instants import format_instant
from ariane.messaging.brand import Brand
from ariane.profiles.hidden_words import HIDDEN, compatible, secret_of, without_addresses, without_secrets, without_telephones

LONGEST_TEXT = 200
_CURRENCY = re.compile(r"[A-Z]{3}")
_SHORTEST_IDENTIFIER = 4
"""A shorter one stands in words by chance."""
_MOST_MONEY = Decimal(10) ** 12
_LONGEST_NUMBER = 40
_MOST_PIECES = 1_000_000


@dataclass(frozen=True, slots=True)
class Words:
    """Of one answer."""

    locale: Locale
    currency: str
    time_zone: ZoneInfo
    secrets: tuple[re.Pattern[str], ...]
    word_secrets: tuple[re.Pattern[str], ...]
    """Those of them that are letters alone: an account may be called as its owner is."""

    @classmethod
    def of(cls, brand: Brand | None, identifiers: Iterable[str], locale: str | None = None) -> Self:
        """``identifiers`` as ``namespace:value``: none is said again. ``locale``: the brand's unless said. Raises Rejected."""
        values = {plain(Identifier.parse(text)).value for text in identifiers}
        told = sorted(value for value in values if sum(map(str.isalnum, value)) >= _SHORTEST_IDENTIFIER)
        return cls(
            _asked(locale) if locale else _locale(brand.default_locale if brand else "en"),
            brand.currency if brand else "EUR",
            ZoneInfo(brand.time_zone if brand else "UTC"),
            tuple(secret_of(value) for value in told if not value.isalpha()),
            tuple(_whole_word(secret_of(value)) for value in told if value.isalpha()),
        )

    @property
    def tag(self) -> str:
        """As HTML and BCP 47 have it."""
        return str(self.locale).replace("_", "-")

    def text(self, value: object) -> str | None:
        """Of a text or number without the person's own identifiers and anybody's e-mail address; None where there is none."""
        return self._said(value, self._without_words)

    def name(self, value: object) -> str | None:
        """Of what somebody is called by."""
        return self._said(value, without_telephones)

    def free_text(self, value: object) -> str | None:
        """Of what people write: without telephone numbers of anybody, too."""
        return self._said(value, self._without_words, without_telephones)

    def _without_words(self, text: str) -> str:
        return without_secrets(text, self.word_secrets)

    def _said(self, value: object, *hiding: Callable[[str], str]) -> str | None:
        """As it was written where nothing had to be hidden. What is cut off at the end is cut after that."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        looked_at = compatible(str(value))
        said = without_addresses(without_secrets(looked_at, self.secrets))
        for hide in hiding:
            said = hide(said)
        shown = " ".join(str(value).split()) if said == looked_at else said
        return shown[:LONGEST_TEXT] or None

    def money(self, value: object, currency: object = None) -> dict[str, Any] | None:
        amount = decimal(value)
        if amount is None:
            return None
        code = currency if isinstance(currency, str) and _CURRENCY.fullmatch(currency) else self.currency
        return {"amount": float(amount), "currency": code, "text": format_currency(amount, code, locale=self.locale)}

    def number(self, amount: Decimal) -> dict[str, Any]:
        return {"amount": float(amount) if amount % 1 else int(amount), "text": format_decimal(amount, locale=self.locale)}

    def birthday(self, value: object, now: datetime) -> dict[str, Any] | None:
        """The day without its year, and how far off the next one is. 29 February is the 28th in other years."""
        born = _date(value)
        if born is None:
            return None
        today = now.astimezone(self.time_zone).date()
        coming = min(day for year in (today.year, today.year + 1) if (day := _in_year(born, year)) >= today)
        return {"text": format_skeleton("MMMMd", born, locale=self.locale), "in_days": (coming - today).days}

    def quantity(self, value: object) -> int | float | None:
        """A number, and one that pieces are counted in."""
        count = decimal(value)
        if count is None or abs(count) >= _MOST_PIECES:
            return None
        return float(count) if count % 1 else int(count)

    def day(self, moment: datetime) -> dict[str, str]:
        return {"at": format_instant(moment), "text": format_date(moment.astimezone(self.time_zone), format="medium", locale=self.locale)}


def _whole_word(secret: re.Pattern[str]) -> re.Pattern[str]:
    """``rich`` is not in ostrich."""
    return re.compile(rf"(?<![^\W\d_])(?:{secret.pattern})(?![^\W\d_])", secret.flags)


def decimal(value: object) -> Decimal | None:
    """Of a number, or the text of one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = str(value).strip()
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < _MOST_MONEY else None


def masked_email(address: str) -> str:
    """``c•••@e•••.fr``."""
    local, _, domain = address.rpartition("@")
    host, dot, ending = domain.rpartition(".")
    return f"{local[:1]}{HIDDEN}@{host[:1]}{HIDDEN}{dot}{ending}"


def masked_phone(number: str) -> str:
    """Its last two digits."""
    return f"{HIDDEN} {number[-2:]}"


def first_of(properties: Mapping[str, Any], *names: str) -> object:
    """The first that is there."""
    return next((properties[name] for name in names if properties.get(name) not in (None, "")), None)


def _asked(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        raise Rejected("invalid_locale", f"locale: {name[:40]!r} is not one; such as fr or en-GB") from error


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _in_year(born: date, year: int) -> date:
    day = 28 if (born.month, born.day) == (2, 29) and not isleap(year) else born.day
    return date(year, born.month, day)


def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
