"""Ariane's own Liquid filters: ``money``, ``date``, ``track_link``. What cannot be formatted renders as nothing, never as an error."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, get_currency_precision
from liquid import RenderContext
from liquid.filter import with_context

from ariane.instants import parse_instant

SCOPE = "ariane scope"
"""Name of the scope in a render's globals; no template can spell it as a variable."""

_CURRENCY = re.compile(r"[A-Z]{3}")
_NAMED = frozenset({"short", "medium", "long", "full"})
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&"))
_MAX_MONEY = Decimal(10) ** 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    locale: str
    currency: str
    time_zone: str
    track: Callable[[str], str]
    """A link's target -> the link that counts the click."""


@with_context
def money(value: object, currency: object = None, *, context: RenderContext, minor: object = False) -> str:
    """``{{ 49.9 | money: 'EUR' }}``; ``minor: true`` for cents. The currency is the brand's unless said."""
    scope = _scope(context)
    code = currency.strip().upper() if isinstance(currency, str) else ""
    code = code if _CURRENCY.fullmatch(code) else scope.currency
    amount = _decimal(value)
    if amount is None:
        return ""
    if minor is True:
        amount = amount.scaleb(-get_currency_precision(code))
    return str(format_currency(amount, code, locale=_locale(scope.locale)))


@with_context
def local_date(value: object, style: object = "medium", *, context: RenderContext) -> str:
    """``{{ event.timestamp | date: 'long' }}``: short, medium, long, full or a CLDR pattern; instants in the brand's time zone."""
    scope = _scope(context)
    moment = _moment(value, scope.time_zone)
    pattern = style if isinstance(style, str) and style else "medium"
    if moment is None:
        return ""
    locale = _locale(scope.locale)
    if pattern in _NAMED:
        return format_date(moment, format=pattern, locale=locale)
    try:
        return format_datetime(moment, format=pattern, locale=locale)
    except (KeyError, ValueError, AttributeError):
        return format_date(moment, format="medium", locale=locale)


@with_context
def track_link(value: object, *_: object, context: RenderContext) -> str:
    """The link as a click that is counted. Anything but an http(s) address renders as nothing."""
    target = _plain(value).strip()
    return _scope(context).track(target) if is_web_address(target) else ""


def is_web_address(text: str) -> bool:
    """An absolute http or https address without control characters, spaces or credentials."""
    if not text.isprintable() or any(character.isspace() for character in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def _plain(value: object) -> str:
    """The text behind what autoescaping may have escaped by now: ``{{ base | append: path | track_link }}``."""
    text = str(value)
    if hasattr(value, "__html__"):
        for escaped, plain in _ESCAPES:
            text = text.replace(escaped, plain)
    return text


def _scope(context: RenderContext) -> Scope:
    scope: Any = context.globals[SCOPE]
    assert isinstance(scope, Scope)  # noqa: S101 - put there by render
    return scope


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < _MAX_MONEY else None


def _moment(value: object, time_zone: str) -> datetime | None:
    if not isinstance(value, str | datetime | date):
        return None
    text = value if isinstance(value, str) else value.isoformat()
    try:
        moment = parse_instant(text.strip())
        return moment if len(text.strip()) == len("2026-11-22") else moment.astimezone(ZoneInfo(time_zone))
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return None


def _locale(name: str) -> Locale:
    for candidate in (name.replace("-", "_"), name.partition("-")[0], "en"):
        try:
            return Locale.parse(candidate)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
