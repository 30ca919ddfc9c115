"""AWS Signature Version 4 for a POST with a JSON body to ``/``: the only request that our slim client makes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

_ALGORITHM = "AWS4-HMAC-SHA256"


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
        moment = now.strftime("%Y%m%dT%H%M%SZ")
        headers = {"content-type": content_type, "host": host, "x-amz-date": moment}
        if self._credentials.token:
            headers["x-amz-security-token"] = self._credentials.token
        headers["x-amz-target"] = target
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key(moment[:8]), text.encode(), "sha256").hex()
        credential = f"{self._credentials.access_key}/{scope}"
        headers["authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        return headers

    def _key(self, day: str) -> bytes:
        if self._day[0] != day:
            key = b"AWS4" + self._credentials.secret_key.encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day = (day, key)
        return self._day[1]
