"""The programs that send the day's events: a browser over plain HTTP, the site on Segment's Node SDK, two services on its Python SDK."""

import html
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
from segment.analytics.client import Client

from cli.failures import CommandFailed
from cli.local.environment import bare
from cli.local.home import PROJECT
from cli.node import NODE

_LINK = re.compile(r'href="([^"]*/r\?t=[^"]+)"')


class Browser:
    """One device: its cookies, and what analytics.js would remember in it."""

    def __init__(self, collect_url: str, write_key: str) -> None:
        self._http = httpx.Client(base_url=collect_url, follow_redirects=False, timeout=30)
        self._write_key = write_key
        self.anonymous_id: str | None = None
        self.user_id: str | None = None

    def follow(self, link: str) -> str:
        """Clicks, takes over the anonymous id that the redirect hands to the site, and returns where it leads."""
        answer = self._http.get(link)
        if answer.status_code != 302:
            raise CommandFailed(f"the link answers {answer.status_code}, not a redirect: {answer.text[:200]}")
        target = answer.headers["location"]
        self.anonymous_id = parse_qs(urlsplit(target).query)["ajs_aid"][0]
        return str(target)

    def load_pixel(self, event: str, properties: Mapping[str, str]) -> None:
        answer = self._http.get("/p.gif", params={"k": self._write_key, "e": event, **properties})
        if answer.status_code != 200 or not answer.content.startswith(b"GIF89a"):
            raise CommandFailed(f"the pixel answers {answer.status_code} and no image")

    def ids(self) -> dict[str, str]:
        known = {"anonymousId": self.anonymous_id, "userId": self.user_id}
        return {name: value for name, value in known.items() if value}

    def close(self) -> None:
        self._http.close()


class Site:
    """``@segment/analytics-node`` in a Node process of its own."""

    def __init__(self, collect_url: str, write_key: str) -> None:
        command = [str(NODE), str(Path(__file__).with_name("site.mjs")), collect_url, write_key]
        self._process = subprocess.Popen(command, cwd=PROJECT, env=bare(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, method: str, message: Mapping[str, Any]) -> None:
        self._ask({"method": method, "message": message})

    def flush(self) -> None:
        """Returns once the SDK's queue is empty. Raises CommandFailed with what the SDK gave up on."""
        errors = self._ask({"method": "flush"})["errors"]
        if errors:
            raise CommandFailed(f"Segment's Node SDK could not deliver: {errors}")

    def close(self) -> None:
        commands, answers = self._pipes()
        with suppress(BrokenPipeError):  # Ctrl-C in a terminal has ended it already.
            commands.close()
        self._process.wait(timeout=30)
        answers.close()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process.stdin is None or self._process.stdout is None:
            raise CommandFailed("the site's Node process has no pipes")
        return self._process.stdin, self._process.stdout

    def _ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        commands, answers = self._pipes()
        commands.write(orjson.dumps(command) + b"\n")
        commands.flush()
        line = answers.readline()
        if not line:
            raise CommandFailed("the site's Node process ended")
        value: dict[str, Any] = orjson.loads(line)
        return value


class Service:
    """``segment-analytics-python``, as a back end or a till embeds it."""

    def __init__(self, collect_url: str, write_key: str, *, gzip: bool = False) -> None:
        self._failures: list[str] = []
        self._client = Client(write_key, host=collect_url, gzip=gzip, upload_interval=0.05, on_error=self._note)

    def tell(self, method: str, arguments: Mapping[str, Any]) -> None:
        getattr(self._client, method)(**arguments)

    def flush(self) -> None:
        self._client.flush()
        if self._failures:
            raise CommandFailed(f"Segment's Python SDK could not deliver: {self._failures}")

    def close(self) -> None:
        self._client.shutdown()

    def _note(self, error: object, _items: object) -> None:
        self._failures.append(str(error))


def link_in(content: str) -> str:
    """The first tracked link of an e-mail."""
    found = _LINK.search(content)
    if found is None:
        raise CommandFailed("the e-mail has no tracked link")
    return html.unescape(found[1])
