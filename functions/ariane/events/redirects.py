"""Click links, ``/r?t=<token>``: count the click, hand the visitor's anonymous id to the site, go on.

The target is in the signature: whoever did not sign a link cannot send people anywhere through it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ariane.errors import Denied, Rejected
from ariane.events.pixels import Visitor, campaign_of
from ariane.events.wire import Request, Submission
from ariane.signing import sign, verify

LINK_CLICKED = "Link Clicked"
CLICK_PURPOSE = "click"
VISIT_PURPOSE = "visit"
_VISIT_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """What a click link carries."""

    url: str
    source: str
    properties: Mapping[str, Any]
    message_id: str | None
    """The message of ours that the link stands in; None for advertisements and other people's pages."""


def link_target(
    url: str,
    *,
    key: bytes,
    public_url: str,
    write_key_source: str,
    expires_at: datetime,
    properties: Mapping[str, Any] | None = None,
    message_id: str | None = None,
) -> str:
    """The address to put where ``url`` would stand. ``write_key_source`` names the source that the click is logged under.

    ``properties`` become the click event's; they can be read by whoever has the link. Raises Rejected unless ``url`` is http or https.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise Rejected("invalid_target", "a link's target begins with http:// or https://")
    payload: dict[str, Any] = {"u": url, "s": write_key_source}
    if properties:
        payload["p"] = dict(properties)
    if message_id:
        payload["m"] = message_id
    return f"{public_url.rstrip('/')}/r?t={sign(payload, key, purpose=CLICK_PURPOSE, expires_at=expires_at)}"


def read_click(request: Request, key: bytes) -> Click:
    """Raises Denied: ``link_forged`` (also for a link without a token) or ``link_expired``."""
    token = request.parameter("t")
    if not token:
        raise Denied("link_forged", "this link was not made here")
    payload = verify(token, key, request.received_at, purpose=CLICK_PURPOSE)
    return Click(url=payload["u"], source=payload["s"], properties=payload.get("p", {}), message_id=payload.get("m"))


def click_submission(click: Click, visitor: Visitor) -> Submission:
    """The ``Link Clicked`` event, with the campaign that the target's ``utm_*`` name."""
    properties = {**click.properties, "url": click.url}
    if click.message_id:
        properties["message_id"] = click.message_id
    item = {
        "type": "track",
        "event": LINK_CLICKED,
        "anonymousId": visitor.anonymous_id,
        "properties": properties,
        "context": {"campaign": campaign_of(parse_qsl(urlsplit(click.url).query)), "library": {"name": "ariane-link"}},
    }
    return Submission(write_key=None, items=[item])


def landing(click: Click, visitor: Visitor, *, key: bytes, now: datetime) -> str:
    """The target with ``ajs_aid``, which analytics.js takes as its anonymous id; from our own mails also ``ariane_token``, which says for
    ten minutes which message brought the visitor. Never a user id: addresses are shared."""
    handed = {"ajs_aid": visitor.anonymous_id}
    if click.message_id:
        payload = {"a": visitor.anonymous_id, "m": click.message_id}
        handed["ariane_token"] = sign(payload, key, purpose=VISIT_PURPOSE, expires_at=now + _VISIT_LIFETIME)
    target = urlsplit(click.url)
    kept = "&".join(part for part in target.query.split("&") if part and part.partition("=")[0] not in handed)
    return urlunsplit(target._replace(query="&".join(filter(None, (kept, urlencode(handed))))))
