"""The pages behind the unsubscribe link: plain HTML, no script, readable by a screen reader, in the message's or the visitor's language."""

from dataclasses import dataclass
from html import escape

from ariane.messaging.brand import locales_for
from ariane.messaging.links import WayOut

LANGUAGES = ("en", "fr")

_WORDS = {
    "en": {
        "ask_title": "Unsubscribe",
        "ask": "Do you want to stop receiving “{label}” by {channel}?",
        "button": "Yes, unsubscribe me",
        "done_title": "You are unsubscribed",
        "done": "You will receive no more “{label}” by {channel}.",
        "link_forged_title": "This link is not valid",
        "link_forged": "It may have been cut off. Open the link in the message again, or copy all of it.",
        "link_expired_title": "This link has expired",
        "link_expired": "Use the link in a more recent message.",
        "later_title": "That did not work just now",
        "later": "You are not unsubscribed yet. Please try again in a minute.",
        "failed_title": "That did not work",
        "failed": "You are not unsubscribed yet. We have been told; you can also answer the message and ask to be unsubscribed.",
        "email": "e-mail",
        "sms": "SMS",
        "push": "notification",
    },
    "fr": {
        "ask_title": "Se désabonner",
        "ask": "Souhaitez-vous ne plus recevoir « {label} » par {channel} ?",
        "button": "Oui, me désabonner",
        "done_title": "Vous êtes désabonné",
        "done": "Vous ne recevrez plus « {label} » par {channel}.",
        "link_forged_title": "Ce lien n’est pas valable",
        "link_forged": "Il a peut-être été coupé. Ouvrez de nouveau le lien du message, ou copiez-le en entier.",
        "link_expired_title": "Ce lien a expiré",
        "link_expired": "Utilisez le lien d’un message plus récent.",
        "later_title": "Cela n’a pas fonctionné",
        "later": "Vous n’êtes pas encore désabonné. Réessayez dans une minute.",
        "failed_title": "Cela n’a pas fonctionné",
        "failed": "Vous n’êtes pas encore désabonné. Nous en sommes avertis ; vous pouvez aussi répondre au message pour le demander.",
        "email": "e-mail",
        "sms": "SMS",
        "push": "notification",
    },
}
_STYLE = (
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}"
    "button{font:inherit;padding:.75rem 1.5rem;border:0;border-radius:.25rem;background:#1a1a1a;color:#fff;cursor:pointer}"
    "button:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}"
)
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    html: str
    problem: str | None = None
    """Code of the error behind it, for the log."""


def language_of(accepted: str | None, *, otherwise: str) -> str:
    """The best language of an Accept-Language header that the pages speak; else that of ``otherwise``, a locale; else English."""
    for name in (*_preferences(accepted or ""), *locales_for(otherwise)):
        if name in LANGUAGES:
            return name
    return "en"


def _preferences(header: str) -> list[str]:
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        name, _, parameters = part.partition(";")
        ranked.append((-_quality(parameters), place, locales_for(name)[-1]))
    return [name for quality, _, name in sorted(ranked) if name and quality < 0]


def _quality(parameters: str) -> float:
    text = parameters.strip().removeprefix("q=")
    try:
        return min(1.0, max(0.0, float(text))) if text else 1.0
    except ValueError:
        return 0.0


def ask_page(way_out: WayOut, language: str) -> Page:
    """Its form posts to the address it stands at: opening the link alone changes nothing."""
    button = f'<form method="post"><button type="submit" name="confirm" value="yes">{_WORDS[language]["button"]}</button></form>'
    return Page(200, _html(language, "ask", way_out, button))


def done_page(way_out: WayOut, language: str) -> Page:
    return Page(200, _html(language, "done", way_out))


def refused_page(code: str, language: str) -> Page:
    """410 for an expired link, 404 for one that was never ours."""
    return Page(410 if code == "link_expired" else 404, _html(language, code if code == "link_expired" else "link_forged", None), code)


def later_page(code: str, language: str) -> Page:
    return Page(503, _html(language, "later", None), code)


def failed_page(code: str, language: str) -> Page:
    """Trying again does not help."""
    return Page(500, _html(language, "failed", None), code)


def _html(language: str, kind: str, way_out: WayOut | None, form: str = "") -> str:
    words = _WORDS[language]
    label, channel = (way_out.label, words[str(way_out.channel)]) if way_out else ("", "")
    title, text = words[f"{kind}_title"], words[kind].format(label=label, channel=channel)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</main></body></html>"
    )
