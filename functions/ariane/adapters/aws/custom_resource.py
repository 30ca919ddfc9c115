"""CloudFormation's custom resources: it calls the function, and waits until the answer lies at the address that it gave."""

import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError

import orjson

from ariane.errors import ArianeError

type Report = Callable[[Exception], None]

_LONGEST_REASON = 1_000
_TIMEOUT_SECONDS = 10
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomResource:
    """``resource_id`` never changes, so an update never turns into a replacement with a Delete at its end."""

    resource_id: str
    put: Callable[[Mapping[str, Any]], Mapping[str, str] | None]
    """Create and Update, given the ResourceProperties. What it answers are the resource's attributes, masked wherever CloudFormation shows
    them."""
    delete: Callable[[], None]

    def answer(self, event: Mapping[str, Any], *, report: Report) -> None:
        """Answers success, or FAILED with the reason; an unanswered request would keep the stack waiting for an hour."""
        reason, attributes = self._fulfil(event, report)
        body = {
            "Status": "FAILED" if reason else "SUCCESS",
            "Reason": (reason or "")[:_LONGEST_REASON],
            "PhysicalResourceId": self.resource_id,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            **({"Data": attributes, "NoEcho": True} if attributes else {}),
        }
        _put(event["ResponseURL"], orjson.dumps(body), report)

    def _fulfil(self, event: Mapping[str, Any], report: Report) -> tuple[str | None, Mapping[str, str]]:
        """Why it failed, if it did, and the attributes."""
        try:
            if event["RequestType"] != "Delete":
                return None, self.put(event["ResourceProperties"]) or {}
            self.delete()
        except ArianeError as error:
            report(error)
            return str(error), {}
        except Exception as error:  # noqa: BLE001 - the one edge: whatever it is, the stack must hear of it
            report(error)
            return f"{type(error).__name__}: see the function's log", {}
        return None, {}


def _put(url: str, body: bytes, report: Report) -> None:
    if not url.startswith(("https://", "http://")):
        raise ValueError("the address for the answer is not HTTP")
    for attempt in range(1, _TRIES + 1):
        # The signed address allows no content type, and urllib would add one of its own.
        request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310
                return
        except OSError as error:
            report(error)
            if isinstance(error, HTTPError):
                error.close()
            if attempt == _TRIES:
                raise
