"""The slim client against botocore's own signer, and against a service that answers badly."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from ariane.adapters.aws.signature import Credentials, Signer
from ariane.adapters.aws.signed_client import DYNAMODB, SSM, ServiceError, SignedClient
from ariane.errors import Retryable

NOW = datetime(2026, 11, 22, 5, 18, 51, tzinfo=UTC)


def by_botocore(body: bytes, credentials: Credentials, *, host: str, service: str, region: str, target: str) -> str:
    request = AWSRequest("POST", f"https://{host}/", data=body)
    request.headers["Content-Type"] = "application/x-amz-json-1.0"
    request.headers["X-Amz-Target"] = target
    signer = SigV4Auth(BotocoreCredentials(credentials.access_key, credentials.secret_key, credentials.token), service, region)
    with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        signer.add_auth(request)
    return str(request.headers["Authorization"])


@given(
    body=st.binary(max_size=200),
    token=st.none() | st.text("abcdefXYZ/+=0123456789", min_size=1),
    secret=st.text(min_size=1, max_size=40),
    host=st.sampled_from(["dynamodb.eu-west-3.amazonaws.com", "127.0.0.1:4566"]),
    service=st.sampled_from(["dynamodb", "sqs", "ssm"]),
)
def test_requests_are_signed_as_botocore_signs_them(body: bytes, token: str | None, secret: str, host: str, service: str) -> None:
    credentials = Credentials(access_key="AKIDEXAMPLE", secret_key=secret, token=token)
    signer = Signer(credentials, service=service, region="eu-west-3")

    headers = signer.headers(body, host=host, target="DynamoDB_20120810.PutItem", content_type="application/x-amz-json-1.0", now=NOW)

    expected = by_botocore(body, credentials, host=host, service=service, region="eu-west-3", target="DynamoDB_20120810.PutItem")
    assert headers["authorization"] == expected


def test_a_new_day_has_a_new_key() -> None:
    signer = Signer(Credentials(access_key="a", secret_key="b"), service="ssm", region="r")

    def sign(now: datetime) -> str:
        return signer.headers(b"", host="h", target="t", content_type="c", now=now)["authorization"]

    first, second, again = sign(NOW), sign(NOW.replace(day=23)), sign(NOW)
    assert first == again
    assert first != second


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(Credentials(access_key="a", secret_key="hush", token="hush"))


@dataclass
class Service:
    """Answers one script entry a request: (status, body), or None to hang up without an answer."""

    script: list[tuple[int, str] | None]
    port: int = 0
    seen: list[str] = field(default_factory=list)
    connections: int = 0
    pauses: list[float] = field(default_factory=list)
    is_closing: bool = False

    def client(self) -> SignedClient:
        return SignedClient(
            DYNAMODB,
            endpoint=f"http://127.0.0.1:{self.port}",
            region="eu-west-3",
            credentials=Credentials(access_key="a", secret_key="b"),
            sleep=self.pauses.append,
        )


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(*script: tuple[int, str] | None) -> Service:
        service = Service(list(script))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                service.connections += 1

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                service.seen.append(self.headers["x-amz-target"])
                answer = service.script.pop(0)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(answer[0])
                self.send_header("content-length", str(len(answer[1])))
                if service.is_closing:
                    self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(answer[1].encode())

            def log_message(self, *_: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        service.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return service

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


THROTTLED = (400, '{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow"}')
CONDITION = (400, '{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}')


def test_calls_share_a_connection(serve: Callable[..., Service]) -> None:
    service = serve((200, '{"a": 1}'), (200, ""))
    with closing(service.client()) as client:
        assert client.call("GetItem", {}) == {"a": 1}
        assert client.call("PutItem", {}) == {}

    assert service.connections == 1
    assert service.seen == ["DynamoDB_20120810.GetItem", "DynamoDB_20120810.PutItem"]


def test_what_fails_in_passing_is_repeated(serve: Callable[..., Service]) -> None:
    service = serve(THROTTLED, (500, "oops"), (200, "{}"))
    with closing(service.client()) as client:
        assert client.call("PutItem", {}) == {}

    assert len(service.pauses) == 2


def test_after_three_attempts_the_caller_is_told(serve: Callable[..., Service]) -> None:
    service = serve(THROTTLED, THROTTLED, THROTTLED, (200, "{}"))
    with closing(service.client()) as client, pytest.raises(Retryable) as failure:
        client.call("PutItem", {})

    assert failure.value.code == "service_busy"
    assert len(service.seen) == 3


def test_a_refusal_is_not_repeated(serve: Callable[..., Service]) -> None:
    service = serve(CONDITION)
    with closing(service.client()) as client, pytest.raises(ServiceError) as refusal:
        client.call("PutItem", {})

    assert refusal.value.code == "ConditionalCheckFailedException"
    assert len(service.seen) == 1


def test_a_connection_that_was_closed_while_idle_is_opened_again_without_a_pause(serve: Callable[..., Service]) -> None:
    service = serve((200, "{}"), None, (200, '{"a": 1}'))
    with closing(service.client()) as client:
        client.call("PutItem", {})
        assert client.call("PutItem", {}) == {"a": 1}

    assert service.connections == 2
    assert service.pauses == []


def test_a_service_that_hangs_up_every_time_is_unreachable(serve: Callable[..., Service]) -> None:
    service = serve(None, None, None)
    with closing(service.client()) as client, pytest.raises(Retryable) as failure:
        client.call("PutItem", {})

    assert failure.value.code == "service_unreachable"
    assert len(service.seen) == 3


def test_a_page_that_is_no_answer_is_a_passing_failure(serve: Callable[..., Service]) -> None:
    service = serve((200, "<html>"), (200, "{}"))
    with closing(service.client()) as client:
        assert client.call("PutItem", {}) == {}


def test_nobody_there_is_unreachable() -> None:
    client = SignedClient(
        SSM, endpoint="http://127.0.0.1:9", region="r", credentials=Credentials(access_key="a", secret_key="b"), sleep=lambda _: None
    )
    with pytest.raises(Retryable):
        client.call("GetParameters", {})


def test_a_connection_that_the_service_announces_to_close_is_not_used_again(serve: Callable[..., Service]) -> None:
    service = serve((200, "{}"), (200, "{}"))
    service.is_closing = True
    with closing(service.client()) as client:
        client.call("PutItem", {})
        client.call("PutItem", {})

    assert service.connections == 2
    assert len(service.seen) == 2


def test_an_impatient_client_tries_once_over_the_same_connections(serve: Callable[..., Service]) -> None:
    service = serve((200, "{}"), (500, ""), (200, "{}"))
    client = service.client()
    client.call("GetItem", {})
    with pytest.raises(Retryable):
        client.impatient().call("UpdateItem", {})

    assert client.call("GetItem", {}) == {}
    assert (service.connections, service.pauses) == (1, [])
    client.close()
