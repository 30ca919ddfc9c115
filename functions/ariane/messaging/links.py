"""The links that a message carries: counted clicks and the way out. They hold ids, never an address."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from ariane.errors import Rejected
from ariane.events.redirects import link_target
from ariane.messaging.model import Channel
from ariane.signing import sign, verify

UNSUBSCRIBE_PURPOSE = "unsubscribe"
CLICK_LIFETIME = timedelta(days=180)
UNSUBSCRIBE_LIFETIME = timedelta(days=730)
"""People unsubscribe from old mail too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """What an unsubscribe link stands for: no more of one topic over one channel to one address."""

    address_id: str
    topic: str
    channel: Channel
    message_id: str
    locale: str
    label: str
    """The topic, as people call it."""

    def token(self, key: bytes, *, expires_at: datetime) -> str:
        payload = {"a": self.address_id, "t": self.topic, "c": self.channel, "m": self.message_id, "l": self.locale, "n": self.label}
        return sign(payload, key, purpose=UNSUBSCRIBE_PURPOSE, expires_at=expires_at)

    @classmethod
    def of_token(cls, token: str, key: bytes, now: datetime) -> Self:
        """Raises Denied (``link_forged``, ``link_expired``)."""
        payload: dict[str, Any] = verify(token, key, now, purpose=UNSUBSCRIBE_PURPOSE)
        return cls(
            address_id=payload["a"],
            topic=payload["t"],
            channel=Channel(payload["c"]),
            message_id=payload["m"],
            locale=payload["l"],
            label=payload["n"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLinks:
    key: bytes
    public_url: str
    """Of the collector, which answers ``/r`` and ``/u``."""

    def track(self, url: str, *, source: str, message_id: str, journey: str, now: datetime) -> str:
        """``source`` is the source that clicks are logged under. An address that cannot be followed is dropped."""
        try:
            return link_target(
                url,
                key=self.key,
                public_url=self.public_url,
                write_key_source=source,
                expires_at=now + CLICK_LIFETIME,
                properties={"journey": journey},
                message_id=message_id,
            )
        except Rejected:
            return ""

    def unsubscribe(self, way_out: WayOut, *, now: datetime) -> str:
        return f"{self.public_url.rstrip('/')}/u/{way_out.token(self.key, expires_at=now + UNSUBSCRIBE_LIFETIME)}"
