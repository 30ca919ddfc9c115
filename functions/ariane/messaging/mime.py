"""An e-mail as the bytes that leave (RFC 5322, 2045, 8058)."""

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from ariane.errors import Permanent
from ariane.messaging.rendering import one_line
from ariane.messaging.senders import Email


def mime_of(email: Email, *, message_id: str, now: datetime) -> bytes:
    """Text and HTML as alternatives, UTF-8. Marketing carries the one-click headers of RFC 8058: the DKIM signature has to cover both
    ``List-Unsubscribe`` and ``List-Unsubscribe-Post`` (SES's own does). Raises Permanent (``invalid_address``)."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = _address(email.sender, one_line(email.sender_name))
    message["To"] = _address(email.to, "")
    if email.reply_to:
        message["Reply-To"] = _address(email.reply_to, "")
    message["Subject"] = one_line(email.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}@{email.sender.rpartition('@')[2]}>"
    message.set_content(email.text, cte="quoted-printable")
    message.add_alternative(email.html, subtype="html", cte="quoted-printable")
    return _one_click(email.unsubscribe_url) + message.as_bytes()


def _one_click(url: str | None) -> bytes:
    """Written by hand: Python's folding makes encoded words of a long address, and no mailbox provider reads those."""
    if url is None:
        return b""
    return f"List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii")


def _address(address: str, name: str) -> Address:
    try:
        parsed = Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError, MessageError) as error:
        raise Permanent("invalid_address", "the address cannot stand in a header") from error
    if not (parsed.username and parsed.domain):
        raise Permanent("invalid_address", "the address lacks a part")
    return parsed
