"""Ariane's own pixel, ``/p.gif``: an image that says who saw it, by a cookie of the site's own domain."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ariane.events.segment import nested
from ariane.events.wire import Request, Submission

COOKIE = "ariane_aid"
_THIRTEEN_MONTHS_SECONDS = 395 * 24 * 3600
_ID = re.compile(r"[A-Za-z0-9_\-]{8,64}")
_OWN_PARAMETERS = frozenset({"k", "e", "writeKey"})
_CAMPAIGN = {"utm_campaign": "name"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who holds the first-party cookie; a new id for whoever comes without a credible one."""

    anonymous_id: str

    @staticmethod
    def of(request: Request, new_id: Callable[[], str]) -> "Visitor":
        known = request.cookies.get(COOKIE, "")
        return Visitor(known if _ID.fullmatch(known) else new_id())

    def cookie(self, *, is_secure: bool, domain: str | None) -> str:
        """``Set-Cookie`` that sets or renews. 13 months: what the French authority allows an audience cookie to live."""
        parts = [f"{COOKIE}={self.anonymous_id}", f"Max-Age={_THIRTEEN_MONTHS_SECONDS}", "Path=/", "SameSite=Lax", "HttpOnly"]
        if domain:
            parts.append(f"Domain={domain}")
        if is_secure:
            parts.append("Secure")
        return "; ".join(parts)


def read_own_pixel(request: Request, visitor: Visitor) -> Submission:
    """``e`` names a track; without it the image is a page view. ``utm_*`` make the campaign, everything else properties (dots nest)."""
    own = [(name, value) for name, value in request.query if name not in _OWN_PARAMETERS and not name.startswith("utm_")]
    event = request.parameter("e")
    item: dict[str, Any] = {
        "type": "track" if event else "page",
        "event": event,
        "anonymousId": visitor.anonymous_id,
        "properties": nested(own),
        "context": {"campaign": campaign_of(request.query), "page": _page_of(request), "library": {"name": "ariane-pixel"}},
    }
    return Submission(
        write_key=request.parameter("k") or request.parameter("writeKey"), items=[item], body=urlencode(request.query).encode()
    )


def campaign_of(parameters: Sequence[tuple[str, str]]) -> dict[str, str] | None:
    """Segment's ``context.campaign`` from ``utm_*`` parameters (``utm_campaign`` is its ``name``); None without any."""
    campaign = {_CAMPAIGN.get(name, name.removeprefix("utm_")): value for name, value in parameters if name.startswith("utm_") and value}
    return campaign or None


def _page_of(request: Request) -> dict[str, str] | None:
    referer = request.headers.get("referer")
    return {"url": referer} if referer else None
