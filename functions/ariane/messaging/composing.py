"""Putting one message together: the journey's pinned template, the person's language, the links, the STOP line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ariane.errors import Permanent
from ariane.messaging.addresses import ReachableAt
from ariane.messaging.brand import Brand, Topic
from ariane.messaging.links import MessageLinks, WayOut
from ariane.messaging.liquid_filters import Scope
from ariane.messaging.model import Channel, LedgerEntry, MessageClass
from ariane.messaging.rendering import locale_of, localised, render_email, render_sms
from ariane.messaging.segments import plain_typography, segments_of
from ariane.messaging.senders import Email, Sms

MOST_SEGMENTS = 8
"""More is a mistake of the template or of a trait, and paid for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a message is made of."""

    brand: Brand
    topic: Topic
    version: Mapping[str, Any]
    """The journey's version: ``{"definition", "templates"}``."""
    traits: Mapping[str, Any]
    fact: Mapping[str, Any]
    """The entry event, as the bus brought it."""
    address: ReachableAt
    links: MessageLinks
    now: datetime


def compose(entry: LedgerEntry, material: Material) -> Email | Sms:
    """Raises Permanent, whose code is the reason for the ledger."""
    compiled = material.version.get("templates", {}).get(entry.template)
    if compiled is None:
        raise Permanent("no_template", "the journey's version does not hold this template")
    wanted = locale_of(material.traits, otherwise=material.version.get("definition", {}).get("locale") or material.brand.default_locale)
    locale, part = localised(compiled, entry.channel, locale=wanted, brand=material.brand)
    return _sms(entry, material, locale, part) if entry.channel is Channel.SMS else _email(entry, material, locale, part)


def _email(entry: LedgerEntry, material: Material, locale: str, part: Mapping[str, Any]) -> Email:
    brand = material.brand
    way_out = _way_out(entry, material, locale)
    content = render_email(part, _variables(material, way_out), _scope(entry, material, locale))
    return Email(
        to=material.address.value,
        sender=brand.email_from,
        sender_name=brand.email_from_name,
        reply_to=brand.reply_to,
        subject=content.subject,
        html=content.html,
        text=content.text,
        unsubscribe_url=way_out,
        tags=_tags(entry),
    )


def _sms(entry: LedgerEntry, material: Material, locale: str, part: str) -> Sms:
    text = render_sms(part, _variables(material, None), _scope(entry, material, locale)).text
    if entry.message_class is MessageClass.MARKETING:
        text = f"{text}\n{_stop_suffix(material.brand, locale)}"
    text = plain_typography(text)
    if segments_of(text).count > MOST_SEGMENTS:
        raise Permanent("sms_too_long", f"the message takes more than {MOST_SEGMENTS} segments")
    return Sms(to=material.address.value, text=text, sender_id=material.brand.sms_sender_id, message_class=entry.message_class)


def _stop_suffix(brand: Brand, locale: str) -> str:
    suffix = brand.stop_suffix(locale)
    if suffix is None:
        raise Permanent("no_stop_suffix", "a marketing SMS has to say how to opt out")
    return suffix


def _way_out(entry: LedgerEntry, material: Material, locale: str) -> str | None:
    if entry.message_class is not MessageClass.MARKETING:
        return None
    way_out = WayOut(
        address_id=material.address.id,
        topic=entry.topic,
        channel=entry.channel,
        message_id=entry.id,
        locale=locale,
        label=material.topic.label(locale),
    )
    return material.links.unsubscribe(way_out, now=material.now)


def _variables(material: Material, unsubscribe_url: str | None) -> Mapping[str, Any]:
    fact, brand = material.fact, material.brand
    return {
        "profile": {"traits": material.traits},
        "event": {"name": fact.get("event"), "timestamp": fact.get("timestamp"), "properties": fact.get("properties") or {}},
        "brand": {"name": brand.name, "site_url": brand.site_url},
        "unsubscribe_url": unsubscribe_url or "",
    }


def _scope(entry: LedgerEntry, material: Material, locale: str) -> Scope:
    def track(url: str) -> str:
        source = material.brand.click_source
        return material.links.track(url, source=source, message_id=entry.id, journey=entry.journey, now=material.now)

    return Scope(locale=locale, currency=material.brand.currency, time_zone=material.brand.time_zone, track=track)


def _tags(entry: LedgerEntry) -> Mapping[str, str]:
    """SES allows letters, digits, ``_`` and ``-``: a node ``2.1.3`` becomes ``2-1-3``."""
    return {"message": entry.id, "profile": entry.profile, "journey": entry.journey, "node": entry.node.replace(".", "-")}
