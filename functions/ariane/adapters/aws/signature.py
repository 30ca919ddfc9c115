"""AWS Signature Version 4 for the two requests that our slim clients make: a POST of JSON to ``/``, and a PUT of an object to S3.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

_ALGORITHM = "AWS4-HMAC-SHA256"
_MOMENT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Signer:
    """For one service in one region. Derives the day's key once."""

    def __init__(self, credentials: Credentials, *, service: str, region: str) -> None:
        self._credentials = credentials
        self._service = service
        self._region = region
        self._day: tuple[str, bytes] = ("", b"")

    def headers(self, body: bytes, *, host: str, target: str, content_type: str, now: datetime) -> dict[str, str]:
        """All headers of the request but Content-Length; ``host`` carries the port unless it is the scheme's own."""
        headers = {"content-type": content_type, "host": host, "x-amz-date": now.strftime(_MOMENT)}
        if self._credentials.token:
            headers["x-amz-security-token"] = self._credentials.token
        headers["x-amz-target"] = target
        return headers | {"authorization": self._authorization("POST", "/", headers, sha256(body).hexdigest())}

    def headers_of_put(self, body: bytes, *, host: str, path: str, content_type: str, now: datetime) -> dict[str, str]:
        """The same for an object of S3. ``path`` begins with a slash and needs no escape."""
        digest = sha256(body).hexdigest()
        headers = {"content-type": content_type, "host": host, "x-amz-content-sha256": digest, "x-amz-date": now.strftime(_MOMENT)}
        if self._credentials.token:
            headers["x-amz-security-token"] = self._credentials.token
        return headers | {"authorization": self._authorization("PUT", path, headers, digest)}

    def _authorization(self, method: str, path: str, headers: Mapping[str, str], digest: str) -> str:
        """``headers`` in the order of their names, all of them signed; ``digest`` of the body."""
        moment = headers["x-amz-date"]
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{digest}"
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key(moment[:8]), text.encode(), "sha256").hex()
        return f"{_ALGORITHM} Credential={self._credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"

    def _key(self, day: str) -> bytes:
        if self._day[0] != day:
            key = b"AWS4" + self._credentials.secret_key.encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day = (day, key)
        return self._day[1]
