"""The slim put into S3 against botocore's own signer, and against a service that answers badly."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from ariane.adapters.aws.signature import Credentials, Signer
from ariane.adapters.aws.signed_bucket import SignedBucket
from ariane.adapters.aws.signed_client import ServiceError
from ariane.errors import Retryable

NOW = datetime(2026, 11, 22, 5, 18, 51, tzinfo=UTC)


@given(
    body=st.binary(max_size=200),
    token=st.none() | st.text("abcdefXYZ/+=0123456789", min_size=1),
    path=st.sampled_from(["/bucket/key", "/bucket/rejects/2026-11-22/0123~_.-.gz"]),
)
def test_puts_are_signed_as_botocore_signs_them(body: bytes, token: str | None, path: str) -> None:
    host = "s3.eu-west-3.amazonaws.com"
    signer = Signer(Credentials(access_key="AKIDEXAMPLE", secret_key="secret", token=token), service="s3", region="eu-west-3")
    headers = signer.headers_of_put(body, host=host, path=path, content_type="application/gzip", now=NOW)

    request = AWSRequest("PUT", f"https://{host}{path}", data=body)
    request.headers["Content-Type"] = "application/gzip"
    request.context["payload_signing_enabled"] = True
    with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        S3SigV4Auth(BotocoreCredentials("AKIDEXAMPLE", "secret", token), "s3", "eu-west-3").add_auth(request)
    assert headers["authorization"] == request.headers["Authorization"]


@dataclass
class Service:
    """Answers one script entry a request: (status, body), or None to hang up without an answer."""

    script: list[tuple[int, str] | None]
    port: int = 0
    seen: list[tuple[str, bytes]] = field(default_factory=list)

    def bucket(self) -> SignedBucket:
        credentials = Credentials(access_key="a", secret_key="b")
        return SignedBucket("kept", endpoint=f"http://127.0.0.1:{self.port}", region="r", credentials=credentials, sleep=lambda _: None)


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(*script: tuple[int, str] | None) -> Service:
        service = Service(list(script))

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                service.seen.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
                answer = service.script.pop(0)
                if answer is not None:
                    self.send_response(answer[0])
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


SLOW = (503, "<Error><Code>SlowDown</Code></Error>")


def test_what_fails_in_passing_is_repeated(serve: Callable[..., Service]) -> None:
    service = serve(SLOW, None, (200, ""))
    service.bucket().put("rejects/a.gz", b"body", content_type="application/gzip")

    assert service.seen == [("/kept/rejects/a.gz", b"body")] * 3


def test_after_three_attempts_the_caller_is_told(serve: Callable[..., Service]) -> None:
    service = serve(SLOW, SLOW, SLOW)
    with pytest.raises(Retryable) as failure:
        service.bucket().put("a", b"", content_type="application/gzip")

    assert (failure.value.code, len(service.seen)) == ("service_busy", 3)


def test_a_refusal_is_told_by_its_code_and_not_repeated(serve: Callable[..., Service]) -> None:
    service = serve((403, "<Error><Code>AccessDenied</Code></Error>"))
    with pytest.raises(ServiceError) as refusal:
        service.bucket().put("a", b"", content_type="application/gzip")

    assert (refusal.value.code, len(service.seen)) == ("AccessDenied", 1)
