"""The send and links functions as deployed: their own wiring and handlers over moto, fed with the gateway's and the queue's events."""

import gc
import zlib
from collections.abc import Iterator
from email import message_from_string
from types import SimpleNamespace
from typing import Any

import boto3
import orjson
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.ledger import DynamoLedger
from ariane.events.model import SourceKind
from ariane.instants import utc_now
from ariane.journeys.enrolment import Enrolment
from ariane.messaging.model import Channel, LedgerEntry, SendRequest, Status
from ariane.privacy.consents import Consent, decide
from handlers import links, send
from tests.builders.ledger import make_messages_table
from tests.builders.messaging import ADDRESS, BRAND, KEY, LINK_KEY, PUBLIC_URL, a_definition, a_template
from tests.builders.moto_endpoint import REGION, make_table, moto_endpoint
from tests.builders.profiles import NOON, Stack, identify, item, prs, track

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
"""A function never closes its connections: the process ends. Here it is the garbage collector that ends them."""

CONTEXT: Any = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="r", tenant_id=None)
TABLES = ("events", "identities", "profiles", "journeys", "messages", "privacy")


class Deployed:
    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.queue_url = self.sqs.create_queue(QueueName="journey")["QueueUrl"]
        self.consents = DynamoConsents(self.dynamodb, privacy_table="privacy", identities_table="identities", profiles_table="profiles")
        self.stack = Stack(
            identities=DynamoIdentities(self.dynamodb, table="identities"),
            fragments=DynamoFragments(self.dynamodb, table="profiles"),
            consents=self.consents,
        )

    def prepare(self) -> None:
        for name in TABLES:
            if name != "messages":
                make_table(name)
        make_messages_table(self.dynamodb)
        ssm = boto3.client("ssm", region_name=REGION)
        ssm.put_parameter(Name="/person", Value=KEY.decode(), Type="SecureString")
        ssm.put_parameter(Name="/link", Value=LINK_KEY.decode(), Type="SecureString")
        boto3.client("sesv2", region_name=REGION).create_email_identity(EmailIdentity="maison.example")
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="definitions", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        version = {"name": "cart", "version": "1", "definition": a_definition(), "templates": {"cart": a_template()}}
        s3.put_object(Bucket="definitions", Key="journeys/cart/1.json", Body=orjson.dumps(version))
        for name, document in (("messaging", BRAND), ("identity", {})):
            content = {"B": zlib.compress(orjson.dumps(document))}
            row: Any = {"pk": {"S": "DEFS"}, "sk": {"S": name}, "b": content, "v": {"S": "1"}, "rv": {"N": "1"}}
            self.dynamodb.put_item(TableName="journeys", Item=row)

    def customer(self) -> SendRequest:
        self.deliver(identify(message_id="i1", userId="u1", traits={"email": ADDRESS, "first_name": "Ana"}))
        granted = {"topic": "offers", "channel": "email", "email": ADDRESS}
        self.deliver(track("Consent Granted", message_id="c1", minute=1, userId="u1", properties=granted))
        run = Enrolment(
            profile=self.stack.profile("user_id:u1").id,
            journey="cart",
            version="1",
            key="c1",
            number=0,
            cause="web/m1",
            fact={"event": "Product Added", "timestamp": "2026-11-22T12:02:00.000Z", "properties": {"name": "Robe"}},
            entered_at=NOON,
            node="2",
            visit=2,
        )
        DynamoEnrolments(self.dynamodb, journeys_table="journeys").create(run)
        return SendRequest(
            profile=run.profile,
            enrolment=run.sort,
            journey="cart",
            version="1",
            key="c1",
            number=0,
            node="2",
            visit=2,
            channel=Channel.EMAIL,
            template="cart",
            topic="offers",
        )

    def deliver(self, message: Any) -> None:
        self.stack.deliver(item(message, source="backend", kind=SourceKind.SERVER))

    def send(self, request: SendRequest) -> Any:
        body = {name: getattr(request, name) for name in SendRequest.__dataclass_fields__}
        record = {"messageId": "1", "body": orjson.dumps(body).decode(), "eventSource": "aws:sqs", "receiptHandle": "r", "attributes": {}}
        return send.handler({"Records": [record]}, CONTEXT)

    def outcomes(self) -> list[str]:
        found = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages", [])
        return [orjson.loads(message["Body"])["status"] for message in found]

    def entries(self) -> list[LedgerEntry]:
        ledger = DynamoLedger(self.dynamodb, messages_table="messages", journeys_table="journeys", identities_table="identities")
        profile = self.stack.profile("user_id:u1")
        return list(ledger.entries_of(profile.member_ids))

    def mails(self) -> list[str]:
        return [message.raw_data for message in ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    with moto_endpoint() as endpoint:
        stack = Deployed()
        environment = {f"{name.upper()}_TABLE": name for name in TABLES} | {
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_SSM": endpoint.url,
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint.url,
            "DEFINITIONS_BUCKET": "definitions",
            "JOURNEY_QUEUE_URL": stack.queue_url,
            "CONFIGURATION_SET": "ariane-dev",
            "PERSON_KEY_PARAMETER": "/person",
            "LINK_KEY_PARAMETER": "/link",
            "PUBLIC_URL": PUBLIC_URL,
            "DEFINITIONS_TTL_SECONDS": "60",
            "RETENTION_DAYS": "760",
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        stack.prepare()
        for module in (send, links):
            module._service.cache_clear()
        yield stack
        for module in (send, links):
            module._service.cache_clear()
        gc.collect()


def test_a_message_of_the_queue_becomes_an_email_and_its_link_the_way_out(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    request = deployed.customer()

    assert deployed.send(request) == {"batchItemFailures": []}
    assert deployed.send(request) == {"batchItemFailures": []}

    (raw,) = deployed.mails()
    mail = message_from_string(raw)
    (entry,) = deployed.entries()
    assert (entry.id, entry.status) == (request.message_id, Status.SENT)
    assert deployed.outcomes() == ["sent", "sent"]

    url = mail["List-Unsubscribe"].strip("<>")
    posted = gateway_event("POST", url.removeprefix(PUBLIC_URL), body="List-Unsubscribe=One-Click")
    assert links.handler(gateway_event("GET", url.removeprefix(PUBLIC_URL)), CONTEXT)["statusCode"] == 200
    assert decide(deployed.consents.states([prs(f"email:{ADDRESS}")])) is Consent.GRANTED
    assert links.handler(posted, CONTEXT)["statusCode"] == 200
    assert decide(deployed.consents.states([prs(f"email:{ADDRESS}")])) is Consent.WITHDRAWN
    (logged,) = deployed.dynamodb.scan(TableName="events")["Items"]
    assert logged["pk"]["S"] == prs(f"email:{ADDRESS}")
    assert logged["x"]["N"] > str(int(utc_now().timestamp()))
    assert ADDRESS not in capsys.readouterr().out


def test_what_cannot_be_read_comes_back_to_the_queue(deployed: Deployed) -> None:
    good = deployed.customer()
    records = [
        {"messageId": "bad", "body": "{}", "eventSource": "aws:sqs", "receiptHandle": "r", "attributes": {}},
    ]

    assert send.handler({"Records": records}, CONTEXT) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert deployed.send(good) == {"batchItemFailures": []}


def gateway_event(method: str, path: str, *, body: str = "") -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {"accept-language": "fr"},
        "requestContext": {"http": {"method": method}},
        "body": body,
        "isBase64Encoded": False,
    }
