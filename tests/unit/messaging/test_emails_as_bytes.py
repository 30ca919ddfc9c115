"""The MIME message that leaves."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.errors import Permanent
from ariane.messaging.mime import mime_of
from ariane.messaging.senders import Email

URL = "https://collect.shop.example/u/" + "eyJhIjoicHJzX2FhYWFhYWEifQ" * 12


def an_email(**fields: Any) -> Email:
    values: dict[str, Any] = {
        "to": "ana@shop.example",
        "sender": "bonjour@maison.example",
        "sender_name": "Maison Été, Paris",
        "reply_to": "service@maison.example",
        "subject": "Votre panier",
        "html": "<p>été</p>",
        "text": "été",
        "unsubscribe_url": URL,
    }
    return Email(**(values | fields))


def sent(email: Email) -> EmailMessage:
    content = mime_of(email, message_id="msg_1", now=datetime(2026, 11, 22, tzinfo=UTC))
    message = message_from_bytes(content, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def test_text_and_html_are_alternatives_in_this_order() -> None:
    message = sent(an_email())

    parts = [(part.get_content_type(), part.get_content().strip()) for part in message.iter_parts() if isinstance(part, EmailMessage)]
    assert message.get_content_type() == "multipart/alternative"
    assert parts == [("text/plain", "été"), ("text/html", "<p>été</p>")]


def test_the_sender_has_its_name_and_answers_go_to_the_service() -> None:
    message = sent(an_email())

    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Maison Été, Paris", "bonjour@maison.example")
    assert message["Reply-To"] == "service@maison.example"


def test_one_click_headers_stand_as_they_are_however_long_the_link() -> None:
    """RFC 8058: an encoded or folded address would be no address to a mailbox provider."""
    content = mime_of(an_email(), message_id="msg_1", now=datetime(2026, 11, 22, tzinfo=UTC))

    assert f"List-Unsubscribe: <{URL}>\r\n".encode() in content
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content


def test_a_transactional_email_has_no_way_out() -> None:
    message = sent(an_email(unsubscribe_url=None))

    assert message["List-Unsubscribe"] is None
    assert message["List-Unsubscribe-Post"] is None


@given(st.text(max_size=300))
def test_no_subject_brings_a_header(subject: str) -> None:
    wild = sent(an_email(subject="x" + subject.encode("utf-8", "replace").decode() + "\r\nBcc: all@shop.example"))

    assert wild.keys() == sent(an_email()).keys()
    assert wild["Bcc"] is None


@pytest.mark.parametrize("address", ["a@b.fr\r\nBcc: c@d.fr", "a b@c", "", "a@b, c@d"])
def test_what_is_no_address_never_stands_in_a_header(address: str) -> None:
    with pytest.raises(Permanent, match="invalid_address"):
        mime_of(an_email(to=address), message_id="msg_1", now=datetime(2026, 11, 22, tzinfo=UTC))
