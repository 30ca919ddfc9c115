"""A compiled template and what is known -> the words of one message. Nothing a trait holds becomes markup, a header or a script link."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from liquid.exceptions import LiquidError

from ariane.errors import Permanent
from ariane.messaging.brand import Brand, locales_for
from ariane.messaging.liquid_environments import parsed, problem_of
from ariane.messaging.liquid_filters import SCOPE, Scope
from ariane.messaging.model import Channel
from ariane.messaging.text_part import text_of

MAX_SUBJECT = 255

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_SAFE_SCHEMES = ("http:", "https:", "mailto:", "tel:", "sms:")
_LINKING = frozenset({"href", "src", "background", "action", "formaction", "srcset", "poster", "xlink:href"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContent:
    locale: str
    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsContent:
    locale: str
    text: str


def locale_of(traits: Mapping[str, Any], *, otherwise: str) -> str:
    """The person's language: the trait ``locale`` or ``language``, where it has the form of one."""
    for name in ("locale", "language"):
        value = traits.get(name)
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2})?", value.strip()):
            return locales_for(value)[0]
    return otherwise


def localised(compiled: Mapping[str, Any], channel: Channel, *, locale: str, brand: Brand) -> tuple[str, Any]:
    """The template's part for the channel in the nearest locale: the person's, its language, the brand's. Raises Permanent
    (``no_template``) where none has it."""
    locales: Mapping[str, Mapping[str, Any]] = compiled.get("locales", {})
    for name in (*locales_for(locale), *locales_for(brand.default_locale)):
        if part := locales.get(name, {}).get(channel):
            return name, part
    raise Permanent("no_template", "the template has nothing for this channel in any fitting locale")


def render_email(part: Mapping[str, Any], variables: Mapping[str, Any], scope: Scope) -> EmailContent:
    """Raises Permanent: ``render_error`` (a limit, a type), ``unsafe_link`` (a value became the scheme of a link)."""
    html = _render(part["html"], variables, scope, is_html=True)
    _LinkCheck().check(html)
    subject = one_line(_render(part["subject"], variables, scope, is_html=False))[:MAX_SUBJECT]
    text = _render(part["text"], variables, scope, is_html=False) if part.get("text") else text_of(html)
    return EmailContent(locale=scope.locale, subject=subject, html=html, text=text)


def render_sms(part: str, variables: Mapping[str, Any], scope: Scope) -> SmsContent:
    return SmsContent(locale=scope.locale, text=_render(part, variables, scope, is_html=False).strip())


def one_line(text: str) -> str:
    """Fit for a header: no line ends, no controls, no marks that turn the reading direction."""
    return re.sub(r"\s+", " ", _UNSEEN.sub(" ", text)).strip()


def _render(source: str, variables: Mapping[str, Any], scope: Scope, *, is_html: bool) -> str:
    try:
        return parsed(source, is_html=is_html).render({**variables, "locale": scope.locale, SCOPE: scope})
    except LiquidError as error:
        raise Permanent("render_error", problem_of(error)) from error
    except Exception as error:  # a filter met a value that it cannot take, and filters raise anything
        raise Permanent("render_error", type(error).__name__) from error


class _LinkCheck(HTMLParser):
    """The last look at what leaves: every link is of a kind that a mail program may open."""

    def check(self, html: str) -> None:
        self.feed(html)
        self.close()

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            text = "".join((value or "").split()).lower()
            if name in _LINKING and text and not text.startswith((*_SAFE_SCHEMES, "#")):
                raise Permanent("unsafe_link", "a link of the message is neither http(s) nor mailto, tel or sms")
