"""How the counter view says things: amounts and days in the brand's words, and no text that would tell who somebody is beyond the name."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency

from ariane.identity.epochs import plain
from ariane.identity.rules import Identifier
from ariane.instants import format_instant
from ariane.messaging.brand import Brand

LONGEST_TEXT = 200
_CURRENCY = re.compile(r"[A-Z]{3}")
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,255}")
_TELEPHONE = re.compile(r"\+?\d(?:[ ./()-]{0,2}\d){7,14}")
_HIDDEN = "•••"
_SHORTEST_IDENTIFIER = 4
"""A shorter one stands in words by chance."""
_MOST_MONEY = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Words:
    """Of one answer."""

    locale: Locale
    currency: str
    time_zone: ZoneInfo
    secrets: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, brand: Brand | None, identifiers: Iterable[str]) -> Self:
        """``identifiers`` as ``namespace:value``: none of their values is said again."""
        values = {plain(Identifier.parse(text)).value for text in identifiers}
        secrets = [re.compile(re.escape(value), re.IGNORECASE) for value in sorted(values) if len(value) >= _SHORTEST_IDENTIFIER]
        return cls(
            _locale(brand.default_locale if brand else "en"),
            brand.currency if brand else "EUR",
            ZoneInfo(brand.time_zone if brand else "UTC"),
            tuple(secrets),
        )

    def text(self, value: object) -> str | None:
        """Of a text or number without the person's own identifiers; None where there is none."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        said = " ".join(str(value).split())[:LONGEST_TEXT]
        for secret in self.secrets:
            said = secret.sub(_HIDDEN, said)
        return said or None

    def free_text(self, value: object) -> str | None:
        """Of what people write: without addresses and telephone numbers of anybody."""
        said = self.text(value)
        return _TELEPHONE.sub(_HIDDEN, _ADDRESS.sub(_HIDDEN, said)) if said else None

    def money(self, value: object, currency: object = None) -> dict[str, Any] | None:
        amount = decimal(value)
        if amount is None:
            return None
        code = currency if isinstance(currency, str) and _CURRENCY.fullmatch(currency) else self.currency
        return {"amount": float(amount), "currency": code, "text": format_currency(amount, code, locale=self.locale)}

    def day(self, moment: datetime) -> dict[str, str]:
        return {"at": format_instant(moment), "text": format_date(moment.astimezone(self.time_zone), format="medium", locale=self.locale)}


def decimal(value: object) -> Decimal | None:
    """Of a number, or the text of one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value).strip()[:40])
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < _MOST_MONEY else None


def masked_email(address: str) -> str:
    """``c•••@e•••.fr``."""
    local, _, domain = address.rpartition("@")
    host, dot, ending = domain.rpartition(".")
    return f"{local[:1]}{_HIDDEN}@{host[:1]}{_HIDDEN}{dot}{ending}"


def masked_phone(number: str) -> str:
    """Its last two digits."""
    return f"{_HIDDEN} {number[-2:]}"


def first_of(properties: Mapping[str, Any], *names: str) -> object:
    """The first that is there."""
    return next((properties[name] for name in names if properties.get(name) not in (None, "")), None)


def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
