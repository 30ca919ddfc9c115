"""The one error tree. The question it answers is what the caller does next.

    ArianeError
    ├── Rejected    the input is wrong: say so with the code (HTTP 400), keep it, do not retry
    ├── NotFound    there is no such thing (HTTP 404)
    ├── Denied      the caller may not (HTTP 401 or 403)
    ├── Conflict    somebody else was faster: read again, decide again
    ├── Retryable   it may work later: raise it to the queue or answer 503 (throttles, time-outs)
    └── Permanent   it will never work: record the reason and go on

Adapters translate provider errors into these, by code, with ``raise … from error``.
"""


class ArianeError(Exception):
    """Any error of ours. ``code`` is stable and for programs; ``message`` is for people and holds no personal data."""

    status = 500

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Rejected(ArianeError):
    status = 400


class NotFound(ArianeError):
    status = 404


class Denied(ArianeError):
    status = 401


class Conflict(ArianeError):
    status = 409


class Retryable(ArianeError):
    status = 503


class Permanent(ArianeError):
    status = 422
