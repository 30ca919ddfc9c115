"""A client of AWS's JSON protocols (DynamoDB, SQS, SSM) in the standard library: what collect can afford at a cold start.

Why it exists beside boto3: docs/adr/0003-slim-client-for-collect.md. Requests are repeated, so every call must be safe to repeat: a put is
conditional (its repeat finds it done), a queue may hold a message twice, a read is a read.
"""

import random
import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import orjson

from ariane.adapters.aws.signature import Credentials, Signer
from ariane.errors import Retryable
from ariane.instants import Clock, utc_now

CONNECT_SECONDS = 1.0
READ_SECONDS = 1.5
_PAUSE_SECONDS = 0.05
_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottlingException",
        "TransactionConflictException",
        "KMSThrottlingException",
        "OverLimit",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How a service wants its JSON: the signing name, the prefix of X-Amz-Target and the minor version of the content type."""

    service: str
    target: str
    content_type: str


DYNAMODB = Protocol(service="dynamodb", target="DynamoDB_20120810", content_type="application/x-amz-json-1.0")
SQS = Protocol(service="sqs", target="AmazonSQS", content_type="application/x-amz-json-1.0")
SSM = Protocol(service="ssm", target="AmazonSSM", content_type="application/x-amz-json-1.1")


class ServiceError(Exception):
    """The service's refusal, by its code (``ConditionalCheckFailedException``)."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"{code} ({status})")
        self.code = code
        self.status = status

    @property
    def is_transient(self) -> bool:
        return self.status >= 500 or self.code in _THROTTLES


class SignedClient:
    """Keeps connections alive, may be used by several threads, and repeats what failed in passing, ``attempts`` times in all."""

    def __init__(
        self,
        protocol: Protocol,
        *,
        endpoint: str,
        region: str,
        credentials: Credentials,
        attempts: int = 3,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(endpoint)
        self._protocol = protocol
        self._host = parts.netloc
        self._is_tls = parts.scheme == "https"
        self._signer = Signer(credentials, service=protocol.service, region=region)
        self._attempts = attempts
        self._clock = clock
        self._sleep = sleep
        self._idle: list[HTTPConnection] = []

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The service's answer. Raises ServiceError for a refusal that a repeat does not mend, Retryable after the last attempt."""
        body = orjson.dumps(payload)
        for attempt in range(1, self._attempts + 1):
            try:
                return self._once(operation, body)
            except ServiceError as error:
                if not error.is_transient:
                    raise
                failure = Retryable("service_busy", f"{self._protocol.service} asks for patience: {error.code}")
            except (OSError, HTTPException) as error:
                failure = Retryable("service_unreachable", f"{self._protocol.service} was not reached: {type(error).__name__}")
            if attempt < self._attempts:
                self._sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311 - jitter is no secret
        raise failure

    def impatient(self) -> "SignedClient":
        """The same client, over the same connections, that tries once: for what may be left undone."""
        hurried = copy(self)
        hurried._attempts = 1
        return hurried

    def close(self) -> None:
        """Drops the idle connections; a later call opens new ones."""
        while self._idle:
            self._idle.pop().close()

    def _once(self, operation: str, body: bytes) -> dict[str, Any]:
        headers = self._signer.headers(
            body,
            host=self._host,
            target=f"{self._protocol.target}.{operation}",
            content_type=self._protocol.content_type,
            now=self._clock(),
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode("ascii") + body
        while True:
            connection, is_fresh = self._connection()
            try:
                return self._exchange(connection, request)
            except (ConnectionError, HTTPException):
                # Services close idle connections, and a frozen Lambda finds out late: that is no failed attempt.
                if is_fresh:
                    raise

    def _exchange(self, connection: HTTPConnection, request: bytes) -> dict[str, Any]:
        """One write and one read: http.client by itself would send the head and the body apart, at twice the cost."""
        try:
            connection.sock.sendall(request)
            response = HTTPResponse(connection.sock, method="POST")
            response.begin()
            content = response.read()
        except (OSError, HTTPException):
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return _answer(response.status, content, response.headers.get("x-amzn-errortype", ""))

    def _connection(self) -> tuple[HTTPConnection, bool]:
        """An idle connection, or a fresh one (then true). Threads share the idle ones: a list's pop is atomic."""
        try:
            return self._idle.pop(), False
        except IndexError:
            fresh = (HTTPSConnection if self._is_tls else HTTPConnection)(self._host, timeout=CONNECT_SECONDS)
        try:
            fresh.connect()
        except OSError:
            fresh.close()
            raise
        fresh.sock.settimeout(READ_SECONDS)
        return fresh, True


def _answer(status: int, content: bytes, error_type: str) -> dict[str, Any]:
    try:
        document = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError:  # a proxy's page, say
        document = {}
    if status == 200 and isinstance(document, dict):
        return document
    named = document.get("__type") if isinstance(document, dict) else None
    code = str(named or error_type.partition(":")[0] or "Unknown").rpartition("#")[2]
    raise ServiceError(code, 502 if status == 200 else status)
