"""What the brand's files say about messages: who writes (``brand/ariane.yaml``) and about what (``brand/topics.yaml``)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ariane.errors import Rejected
from ariane.messaging.model import Channel, MessageClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    name: str
    message_class: MessageClass
    channels: frozenset[Channel] = frozenset(Channel)
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, locale: str) -> str:
        return self.labels.get(locale) or self.labels.get(locale.partition("-")[0]) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    name: str
    site_url: str
    default_locale: str
    time_zone: str
    currency: str
    email_from: str
    email_from_name: str
    reply_to: str | None
    sms_sender_id: str | None
    stop_suffixes: Mapping[str, str]
    """Locale -> what a marketing SMS ends with."""
    click_source: str
    """The source that clicks in messages are logged under."""
    topics: Mapping[str, Topic]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads the document ``messaging``: the brand's file with ``topics`` beside its fields. Raises Rejected (``invalid_brand``)."""
        try:
            email, sms = document["email"], document.get("sms") or {}
            return cls(
                name=str(document["name"]),
                site_url=str(document.get("site_url", "")),
                default_locale=str(document["default_locale"]),
                time_zone=str(document.get("default_time_zone", "UTC")),
                currency=str(document.get("default_currency", "EUR")),
                email_from=str(email["from"]),
                email_from_name=str(email.get("from_name") or document["name"]),
                reply_to=email.get("reply_to"),
                sms_sender_id=sms.get("sender_id"),
                stop_suffixes=dict(sms.get("stop_suffix") or {}),
                click_source=str(document.get("click_source", "web")),
                topics={name: _topic(name, body) for name, body in (document.get("topics") or {}).items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Rejected("invalid_brand", f"the brand's settings of messages lack or garble {error}") from error

    def stop_suffix(self, locale: str) -> str | None:
        """The suffix in the message's language, else in the brand's."""
        for name in (*locales_for(locale), *locales_for(self.default_locale)):
            if suffix := self.stop_suffixes.get(name):
                return suffix
        return None


def _topic(name: str, body: Mapping[str, Any]) -> Topic:
    return Topic(
        name=name,
        message_class=MessageClass(body["class"]),
        channels=frozenset(Channel(channel) for channel in body.get("channels", tuple(Channel))),
        labels=dict(body.get("label") or {}),
    )


def locales_for(locale: str) -> tuple[str, ...]:
    """``fr-CA`` -> ``("fr-CA", "fr")``; underscores and case are forgiven."""
    language, _, region = locale.strip().replace("_", "-").partition("-")
    return (f"{language.lower()}-{region.upper()}", language.lower()) if region else (language.lower(),)
