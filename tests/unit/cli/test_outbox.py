"""What the local run notes of calls to SES and SNS."""

from base64 import b64encode
from email.message import EmailMessage
from urllib.parse import urlencode

import orjson

from cli.local.outbox import noted_message
from cli.local.proxy import Exchange

PUBLISHED = b"<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"


def exchange(*, target: str = "/", body: bytes = b"", answer: bytes = b"", status: int = 200) -> Exchange:
    return Exchange(
        method="POST",
        target=target,
        request_headers=[],
        request_body=body,
        status=status,
        answer_headers=[],
        answer_body=answer,
        seconds=0.01,
    )


def sms(**form: str) -> bytes:
    return urlencode({"Action": "Publish", "PhoneNumber": "+33612345678", "Message": "Commande confirmée, 129,00 €", **form}).encode()


def test_an_accepted_sms_is_noted_with_its_text_and_number() -> None:
    assert noted_message(exchange(body=sms(), answer=PUBLISHED)) == {
        "channel": "sms",
        "id": "m-1",
        "to": "+33612345678",
        "text": "Commande confirmée, 129,00 €",
    }


def test_a_refused_sms_is_not_noted() -> None:
    assert noted_message(exchange(body=sms(), answer=PUBLISHED, status=400)) is None


def test_a_call_that_sends_nothing_is_not_noted() -> None:
    assert noted_message(exchange(body=sms(Action="GetSMSAttributes"), answer=PUBLISHED)) is None


def test_an_accepted_email_is_noted_with_its_headers() -> None:
    message = EmailMessage()
    message["Subject"] = "Votre panier vous attend"
    message["List-Unsubscribe"] = "<https://x.example/u/abc>"
    request = {"Destination": {"ToAddresses": ["a@example.com"]}, "Content": {"Raw": {"Data": b64encode(message.as_bytes()).decode()}}}

    noted = noted_message(
        exchange(target="/v2/email/outbound-emails", body=orjson.dumps(request), answer=orjson.dumps({"MessageId": "m-2"}))
    )

    assert noted is not None
    assert (noted["id"], noted["to"]) == ("m-2", "a@example.com")
    assert noted["headers"]["List-Unsubscribe"] == "<https://x.example/u/abc>"
