"""Putting an object into S3 with the standard library: collect keeps a long refusal so, and has no boto3. See ``signed_client``."""

import random
import re
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from ariane.adapters.aws.signature import Credentials, Signer
from ariane.adapters.aws.signed_client import ServiceError
from ariane.errors import Retryable
from ariane.instants import Clock, utc_now

_SECONDS = 3.0
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.05
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_CODE = re.compile(rb"<Code>([A-Za-z]+)</Code>")


class SignedBucket:
    """One bucket, addressed by path. A connection for each object: this is for what is rare."""

    def __init__(
        self,
        name: str,
        *,
        endpoint: str,
        region: str,
        credentials: Credentials,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(endpoint)
        self._name = name
        self._host = parts.netloc
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._signer = Signer(credentials, service="s3", region=region)
        self._clock = clock
        self._sleep = sleep

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Replaces what is there. ``key`` holds only letters, digits and ``/-._~``. Raises ServiceError for a refusal that a repeat does
        not mend, Retryable after the last attempt."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._once(f"/{self._name}/{key}", body, content_type)
                return
            except ServiceError as error:
                if error.status not in _TRANSIENT:
                    raise
                failure = Retryable("service_busy", f"s3 asks for patience: {error.code}")
            except (OSError, HTTPException) as error:
                failure = Retryable("service_unreachable", f"s3 was not reached: {type(error).__name__}")
            if attempt < _ATTEMPTS:
                self._sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311 - jitter is no secret
        raise failure

    def _once(self, path: str, body: bytes, content_type: str) -> None:
        headers = self._signer.headers_of_put(body, host=self._host, path=path, content_type=content_type, now=self._clock())
        connection = self._connection(self._host, timeout=_SECONDS)
        try:
            connection.request("PUT", path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            found = _CODE.search(content)
            raise ServiceError(found[1].decode() if found else "Unknown", answer.status)
