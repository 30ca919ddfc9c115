"""E-mail and SMS: memory, SES and SNS; and what the providers' answers mean."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

from ariane.adapters.aws import email_sender, sms_sender
from ariane.adapters.aws.email_sender import SesEmailSender
from ariane.adapters.aws.sms_sender import SnsSmsSender
from ariane.adapters.memory.email_sender import MemoryEmailSender
from ariane.adapters.memory.sms_sender import MemorySmsSender
from ariane.errors import ArianeError, Permanent, Retryable
from ariane.messaging.mime import mime_of
from ariane.messaging.model import MessageClass
from ariane.messaging.senders import Email, EmailSender, OutcomeUnknown, Sms, SmsSender
from tests.builders.moto_endpoint import REGION

EMAIL = Email(
    to="ana@shop.example",
    sender="bonjour@maison.example",
    sender_name="Maison",
    reply_to=None,
    subject="Été",
    html="<p>été</p>",
    text="été",
    unsubscribe_url="https://c.example/u/t",
    tags={"message": "msg_1", "node": "2-1"},
)
CONTENT = mime_of(EMAIL, message_id="msg_1", now=datetime(2026, 11, 22, tzinfo=UTC))
SMS = Sms(to="+33612345678", text="Été €", sender_id="ONDINE", message_class=MessageClass.TRANSACTIONAL)
CLOSED = (
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)


@pytest.fixture(params=["memory", "aws"])
def emails(request: pytest.FixtureRequest) -> Iterator[EmailSender]:
    if request.param == "memory":
        yield MemoryEmailSender()
        return
    with mock_aws():
        client = boto3.client("sesv2", region_name=REGION)
        client.create_email_identity(EmailIdentity="maison.example")
        yield SesEmailSender(client, configuration_set="ariane-dev")


@pytest.fixture(params=["memory", "aws"])
def texts(request: pytest.FixtureRequest) -> Iterator[SmsSender]:
    if request.param == "memory":
        yield MemorySmsSender()
        return
    with mock_aws():
        yield SnsSmsSender(boto3.client("sns", region_name=REGION))


def test_each_message_gets_an_id_of_the_provider(emails: EmailSender, texts: SmsSender) -> None:
    assert emails.send(EMAIL, CONTENT) != emails.send(EMAIL, CONTENT)
    assert texts.send(SMS) != texts.send(SMS)


def test_ses_gets_the_whole_mime_message() -> None:
    with mock_aws():
        client = boto3.client("sesv2", region_name=REGION)
        client.create_email_identity(EmailIdentity="maison.example")

        SesEmailSender(client, configuration_set="ariane-dev").send(EMAIL, CONTENT)

        (sent,) = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        assert (sent.source, set(sent.destinations)) == ("bonjour@maison.example", {"ana@shop.example"})
        assert "List-Unsubscribe: <https://c.example/u/t>" in sent.raw_data


def test_sns_gets_number_and_text() -> None:
    with mock_aws():
        SnsSmsSender(boto3.client("sns", region_name=REGION)).send(SMS)

        ((number, text, *_),) = sns_backends[DEFAULT_ACCOUNT_ID][REGION].sms_messages.values()
        assert (number, text) == ("+33612345678", "Été €")


class _Client:
    """Keeps what it was asked, answers as told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[dict[str, Any]] = []

    def send_email(self, **asked: Any) -> dict[str, str]:
        self.asked.append(asked)
        if self.error:
            raise self.error
        return {"MessageId": "p-1"}

    publish = send_email


def ses(client: Any) -> SesEmailSender:
    return SesEmailSender(client, configuration_set="ariane-dev")


def sns(client: Any) -> SnsSmsSender:
    return SnsSmsSender(client)


def refusal(code: str, status: int = 400, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Send")  # type: ignore[typeddict-item]


def test_our_message_id_goes_as_a_tag_under_the_configuration_set() -> None:
    client = _Client()
    ses(client).send(EMAIL, CONTENT)

    (asked,) = client.asked
    assert asked["ConfigurationSetName"] == "ariane-dev"
    assert {"Name": "message", "Value": "msg_1"} in asked["EmailTags"]


@pytest.mark.parametrize(("kind", "spoken"), [(MessageClass.MARKETING, "Promotional"), (MessageClass.TRANSACTIONAL, "Transactional")])
def test_an_sms_says_what_it_is_and_who_sends_it(kind: MessageClass, spoken: str) -> None:
    client = _Client()
    sns(client).send(Sms(to="+33612345678", text="x", sender_id="ONDINE", message_class=kind))
    sns(client).send(Sms(to="+33612345678", text="x", sender_id=None, message_class=kind))

    first, second = (asked["MessageAttributes"] for asked in client.asked)
    assert first["AWS.SNS.SMS.SMSType"]["StringValue"] == spoken
    assert first["AWS.SNS.SMS.SenderID"]["StringValue"] == "ONDINE"
    assert "AWS.SNS.SMS.SenderID" not in second


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        *((refusal(code, 429), Retryable, "provider_throttled") for code in email_sender.THROTTLED),
        *((refusal(code), Permanent, reason) for code, reason in email_sender.PERMANENT.items()),
        *((refusal(code, 403), Retryable, "provider_closed") for code in CLOSED),
        (refusal("SomethingNew"), Permanent, "provider_refused"),
        (refusal("InternalFailure", 500), OutcomeUnknown, "provider_failed"),
        (ReadTimeoutError(endpoint_url="x"), OutcomeUnknown, "provider_silent"),
        (ConnectTimeoutError(endpoint_url="x"), Retryable, "provider_unreachable"),
        (EndpointConnectionError(endpoint_url="x"), Retryable, "provider_unreachable"),
    ],
)
def test_what_ses_answers_is_told_apart(answer: Exception, kind: type[ArianeError], code: str) -> None:
    with pytest.raises(ArianeError) as caught:
        ses(_Client(answer)).send(EMAIL, CONTENT)

    assert (type(caught.value), caught.value.code) == (kind, code)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        *((refusal(code, 429), Retryable, "provider_throttled") for code in sms_sender.THROTTLED),
        *((refusal(code), Permanent, reason) for code, reason in sms_sender.PERMANENT.items()),
        *((refusal(code, 403), Retryable, "provider_closed") for code in (*CLOSED, "AuthorizationError", "AuthorizationErrorException")),
        (refusal("InvalidParameter", message="Invalid parameter: phone number is opted out"), Permanent, "opted_out"),
        (refusal("InternalError", 500), OutcomeUnknown, "provider_failed"),
        (ReadTimeoutError(endpoint_url="x"), OutcomeUnknown, "provider_silent"),
        (ConnectTimeoutError(endpoint_url="x"), Retryable, "provider_unreachable"),
    ],
)
def test_what_sns_answers_is_told_apart(answer: Exception, kind: type[ArianeError], code: str) -> None:
    with pytest.raises(ArianeError) as caught:
        sns(_Client(answer)).send(SMS)

    assert (type(caught.value), caught.value.code) == (kind, code)


def test_no_answer_of_a_provider_repeats_an_address() -> None:
    with pytest.raises(Permanent) as caught:
        sns(_Client(refusal("InvalidParameter", message="Invalid parameter: +33612345678"))).send(SMS)

    assert "612345678" not in str(caught.value)
