"""What left for e-mail and SMS providers. The emulator keeps no SMS and no header of an e-mail: these are noted here.

The senders' calls to SES and SNS go through a port of the local run, which passes them on and notes those that the emulator accepted.
"""

import email
import email.policy
import re
import threading
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson

from cli.local.proxy import Exchange

_MESSAGE_ID = re.compile(rb"<MessageId>([^<]+)</MessageId>")


class Outbox:
    """One JSON line a message, in the order in which the emulator accepted them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def note(self, exchange: Exchange) -> None:
        noted = noted_message(exchange)
        if noted is None:
            return
        line = orjson.dumps({**noted, "at": datetime.now(UTC)}, option=orjson.OPT_APPEND_NEWLINE)
        with self._lock, self._path.open("ab") as file:
            file.write(line)


def noted_message(exchange: Exchange) -> dict[str, Any] | None:
    """None for what sends nothing, or was refused."""
    if exchange.status != 200 or exchange.method != "POST":
        return None
    if exchange.target.startswith("/v2/email/outbound-emails"):
        return _email(orjson.loads(exchange.request_body), orjson.loads(exchange.answer_body))
    return _sms(exchange)


def _sms(exchange: Exchange) -> dict[str, Any] | None:
    form = {name: values[0] for name, values in parse_qs(exchange.request_body.decode()).items()}
    identified = _MESSAGE_ID.search(exchange.answer_body)
    if form.get("Action") != "Publish" or "PhoneNumber" not in form or identified is None:
        return None
    return {"channel": "sms", "id": identified[1].decode(), "to": form["PhoneNumber"], "text": form["Message"]}


def _email(request: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "channel": "email",
        "id": answer["MessageId"],
        "to": request.get("Destination", {}).get("ToAddresses", [""])[0],
        "headers": _headers(request["Content"]),
    }


def _headers(content: Mapping[str, Any]) -> dict[str, str]:
    if "Raw" in content:
        parsed = email.message_from_bytes(b64decode(content["Raw"]["Data"]), policy=email.policy.default)
        return {name: str(value) for name, value in parsed.items()}
    return {header["Name"]: header["Value"] for header in content.get("Simple", {}).get("Headers", [])}
