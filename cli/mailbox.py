"""The emulator's mailboxes: what would have reached people's inboxes and telephones."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
import orjson

from cli.failures import CommandFailed
from cli.local.home import ACCOUNT, Home


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    channel: str
    id: str
    to: str
    at: str
    text: str
    subject: str = ""
    html: str = ""
    sender: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read(home: Home) -> list[Mail]:
    """In the order in which the emulator accepted them. E-mail as the emulator keeps it; headers and SMS from the local run's outbox."""
    run = home.run()
    if run is None:
        raise CommandFailed("no local run is up: start one with `ariane up`")
    kept = _kept_by_emulator(run.endpoint)
    return [_sms(each) if each["channel"] == "sms" else _email(each, kept[each["id"]]) for each in noted(home) if _is_there(each, kept)]


def addressed_to(mails: Iterable[Mail], *addresses: str) -> list[Mail]:
    wanted = {address.lower() for address in addresses}
    return [mail for mail in mails if mail.to.lower() in wanted]


def _is_there(noted: dict[str, Any], kept: dict[str, dict[str, Any]]) -> bool:
    return noted["channel"] == "sms" or noted["id"] in kept


def _kept_by_emulator(endpoint: str) -> dict[str, dict[str, Any]]:
    answer = httpx.get(f"{endpoint}/_ministack/ses/messages", timeout=10).raise_for_status()
    return {entry["MessageId"]: entry for entry in answer.json()["messages"].get(ACCOUNT, [])}


def noted(home: Home) -> list[dict[str, Any]]:
    try:
        content = home.outbox.read_bytes()
    except FileNotFoundError:
        return []
    # A line that is being written has no end yet.
    return [orjson.loads(line) for line in content.splitlines(keepends=True) if line.endswith(b"\n")]


def _sms(noted: dict[str, Any]) -> Mail:
    return Mail(channel="sms", id=noted["id"], to=noted["to"], at=noted["at"], text=noted["text"])


def _email(noted: dict[str, Any], kept: dict[str, Any]) -> Mail:
    return Mail(
        channel="email",
        id=noted["id"],
        to=kept["To"][0],
        at=noted["at"],
        subject=kept["Subject"],
        text=kept["BodyText"] or "",
        html=kept["BodyHtml"] or "",
        sender=kept["Source"],
        headers=noted["headers"],
    )
