"""What the end-to-end tests ask of the deployed stack."""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import orjson

from cli import mailbox
from cli.deployment import find_local
from cli.local.home import Home, Stack
from cli.mailbox import Mail
from cli.profile_api import ProfileApi
from cli.waiting import wait_for

type Json = Mapping[str, Any]


class World:
    def __init__(self, home: Home, stack: Stack) -> None:
        self.home = home
        self.stack = stack
        self.deployment = find_local(home)
        self.api = ProfileApi(stack.api_url, stack.api_token)

    @property
    def gateway_url(self) -> str:
        """The collectors' HTTP API itself, past the front."""
        api = self.deployment.output("CollectApiUrl").removeprefix("https://").removeprefix("http://").partition(".")[0]
        return f"{self.deployment.endpoint}/_aws/execute-api/{api}/$default"

    def send(self, *messages: Json, kind: str = "server") -> None:
        """Accepted when this returns."""
        answer = httpx.post(
            f"{self.stack.collect_url}/v1/batch", json={"batch": messages}, auth=(self.stack.write_keys[kind], ""), timeout=30
        )
        assert (answer.status_code, answer.json()) == (200, {"success": True})

    def timeline_with(self, identifier: str, *message_ids: str) -> list[dict[str, Any]]:
        """The timeline, once it holds all of these messages."""
        return wait_for(f"{len(message_ids)} events in the timeline of {identifier}", lambda: self._timeline_with(identifier, message_ids))

    def profile_with(self, identifier: str, **traits: object) -> dict[str, Any]:
        return wait_for(f"the profile of {identifier} with {sorted(traits)}", lambda: self._profile_with(identifier, traits))

    def mail_to(self, address: str, *, count: int = 1) -> list[Mail]:
        """What the address has been sent, once there are ``count``."""
        return wait_for(f"{count} message(s) to an address", lambda: self._mail_to(address, count))

    def ledger_with(self, identifier: str, **wanted: object) -> dict[str, Any]:
        """The first ledger entry with these values, once there is one."""
        return wait_for(f"a message with {wanted}", lambda: self._entry_with(identifier, wanted))

    def run_of(self, identifier: str, **wanted: object) -> dict[str, Any]:
        """The first journey run with these values, once there is one."""
        return wait_for(f"a run with {wanted}", lambda: self._run_with(identifier, wanted))

    def mails(self) -> list[Mail]:
        return mailbox.read(self.home)

    def requests(self, path: str, *, api: str = "collect") -> list[dict[str, Any]]:
        """What the front passed on, the oldest first."""
        lines = self.home.log("access").read_bytes().splitlines()
        return [entry for entry in map(orjson.loads, lines) if (entry["api"], entry["path"]) == (api, path)]

    def close(self) -> None:
        self.api.close()

    def _timeline_with(self, identifier: str, message_ids: Sequence[str]) -> list[dict[str, Any]] | None:
        if self.api.find_profile(identifier) is None:
            return None
        entries = self.api.timeline(identifier)
        return entries if set(message_ids) <= {entry["messageId"] for entry in entries} else None

    def _profile_with(self, identifier: str, traits: Json) -> dict[str, Any] | None:
        profile = self.api.find_profile(identifier)
        is_there = profile is not None and all(profile["traits"].get(name) == value for name, value in traits.items())
        return profile if is_there else None

    def _mail_to(self, address: str, count: int) -> list[Mail] | None:
        found = mailbox.addressed_to(self.mails(), address)
        return found if len(found) >= count else None

    def _entry_with(self, identifier: str, wanted: Json) -> dict[str, Any] | None:
        entries = self.api.messages(identifier) if self.api.find_profile(identifier) else []
        return next((entry for entry in entries if wanted.items() <= entry.items()), None)

    def _run_with(self, identifier: str, wanted: Json) -> dict[str, Any] | None:
        profile = self.api.find_profile(identifier) or {"journeys": []}
        return next((run for run in profile["journeys"] if wanted.items() <= run.items()), None)


def fresh(prefix: str) -> str:
    """A value that no other test uses: all share one stack."""
    return f"{prefix}-{secrets.token_hex(5)}"


def fresh_phone() -> str:
    return f"+3361235{secrets.randbelow(10_000):04d}"


def repeated(timeline: Sequence[Json]) -> dict[str, int]:
    """Message ids that stand in a timeline more than once."""
    return {message: count for message, count in Counter(entry["messageId"] for entry in timeline).items() if count > 1}
