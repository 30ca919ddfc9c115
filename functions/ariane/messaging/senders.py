"""The rim towards the providers: what is handed over, and what their answers mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ariane.errors import Retryable
from ariane.messaging.model import MessageClass


class OutcomeUnknown(Retryable):
    """The provider may or may not have taken the message. A plain Retryable says that it certainly has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    to: str
    sender: str
    sender_name: str
    reply_to: str | None
    subject: str
    html: str
    text: str
    unsubscribe_url: str | None
    """One-click address; None for messages that are not marketing."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """What the provider's events bring back: our message id among them. Letters, digits, ``_`` and ``-``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    to: str
    """E.164."""
    text: str
    sender_id: str | None
    message_class: MessageClass


class EmailSender(Protocol):
    def send(self, email: Email, content: bytes) -> str:
        """The provider's id. ``content`` is the e-mail as it leaves (``mime_of``). Hands over once, without retries of its own. Raises
        OutcomeUnknown (it may have left), Retryable (it has not: try again), Permanent (it never will; the code is the reason)."""
        ...


class SmsSender(Protocol):
    def send(self, sms: Sms) -> str:
        """As ``EmailSender.send``. Permanent with ``opted_out``: the person told the network to stop."""
        ...
