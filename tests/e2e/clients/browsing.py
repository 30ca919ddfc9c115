"""A shop on an origin of its own and a device that visits it: analytics-next as a site embeds it, and what Chromium makes of it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
from playwright.sync_api import Browser, Page, Request

from cli.local.home import PROJECT

BUNDLES = PROJECT / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd"
PAGE = Path(__file__).with_name("page.html")
BATCHING = {"integrations": {"Segment.io": {"deliveryStrategy": {"strategy": "batching", "config": {"size": 5, "timeout": 60_000}}}}}
KEEPALIVE = {"integrations": {"Segment.io": {"deliveryStrategy": {"config": {"keepalive": True}}}}}

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
"""Given to the browser as a whole: a context's own is not in what outlives its page, and the headless browser's is a bot's."""

type Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    port: int

    @property
    def url(self) -> str:
        """Another site than the collector's: to a browser ``localhost`` and ``127.0.0.1`` have nothing in common."""
        return f"http://localhost:{self.port}"

    @property
    def own_site_url(self) -> str:
        """Another origin on the collector's own site: ports make origins, not sites."""
        return f"http://127.0.0.1:{self.port}"


type Opens = Callable[..., Shop]
"""``serving`` for the length of a test, under the browser's write key unless another is given."""


@contextmanager
def serving(*, collector: str, write_key: str, options: Json | None = None, image: str | None = None, port: int = 0) -> Iterator[Shop]:
    """The same page under every path; ``options`` are those of ``AnalyticsBrowser.load``, ``image`` is shown on it."""
    setup = {"collector": collector, "writeKey": write_key, "options": options or {}, "image": image}

    class Handler(_Handler):
        page: ClassVar[bytes] = PAGE.read_bytes().replace(b"SHOP;", orjson.dumps(setup) + b";")

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Shop(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    page: ClassVar[bytes]

    def do_GET(self) -> None:
        folder, _, name = urlsplit(self.path).path.rpartition("/")
        is_script = folder == "/analytics-next/bundles"
        content = (BUNDLES / name).read_bytes() if is_script else self.page
        self.send_response(200)
        self.send_header("content-type", "text/javascript" if is_script else "text/html")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@dataclass(frozen=True, slots=True)
class Preflight:
    path: str
    asked: frozenset[str]
    """Headers, in lower case."""
    status: int
    allowed: frozenset[str]


@dataclass
class Visit:
    """One device with a tab open, and what it saw go wrong. Without slots: Playwright hangs its own attributes on who listens to it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """What the console said, errors of scripts among it."""
    hosts: set[str] = field(default_factory=set)
    _asked: dict[str, Json] = field(default_factory=dict)
    """Preflights, which Playwright itself does not show, by Chromium's number."""
    _answers: dict[str, Json] = field(default_factory=dict)

    def open(self, url: str) -> None:
        """Returns once the SDK is ready and has done what the address tells it to."""
        self.page.goto(url)
        self.page.evaluate("sdk.ready()")

    def tell(self, method: str, *arguments: object) -> None:
        """Returns once the SDK has handed the event over: to the network, or to its batch."""
        self.page.evaluate("([method, given]) => sdk[method](...given).then(() => null)", [method, arguments])

    def mention(self, method: str, *arguments: object) -> None:
        """Tells and goes on without looking back."""
        self.page.evaluate("([method, given]) => { sdk[method](...given) }", [method, arguments])

    def failures(self) -> list[str]:
        """What the SDK could not deliver."""
        found: list[str] = self.page.evaluate("failures")
        return found

    def anonymous_id(self) -> str:
        found: str = self.page.evaluate("sdk.user().then((user) => user.anonymousId())")
        return found

    def user_id(self) -> str | None:
        found: str | None = self.page.evaluate("sdk.user().then((user) => user.id())")
        return found

    def note_request(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)

    def note_asked(self, event: Json) -> None:
        if event["request"]["method"] == "OPTIONS":
            self._asked[event["requestId"]] = event["request"]

    def note_answer(self, event: Json) -> None:
        self._answers[event["requestId"]] = event["response"]

    def preflights(self) -> list[Preflight]:
        """Those that were answered, in the order in which they were asked."""
        self.page.evaluate("null")  # Playwright reads what the browser reported only while it is asked something
        answered = [(asked, self._answers[number]) for number, asked in self._asked.items() if number in self._answers]
        return [
            Preflight(
                path=urlsplit(asked["url"]).path,
                asked=_names(asked["headers"], "access-control-request-headers"),
                status=answer["status"],
                allowed=_names(answer["headers"], "access-control-allow-headers"),
            )
            for asked, answer in answered
        ]


@contextmanager
def visiting(browser: Browser) -> Iterator[Visit]:
    """A device without cookies."""
    context = browser.new_context(locale="fr-FR", timezone_id="Europe/Paris")
    visit = Visit(context.new_page())
    visit.page.on("console", lambda message: visit.complaints.append(message.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    context.on("request", visit.note_request)
    protocol = context.new_cdp_session(visit.page)
    protocol.on("Network.requestWillBeSent", visit.note_asked)
    protocol.on("Network.responseReceived", visit.note_answer)
    protocol.send("Network.enable")
    try:
        yield visit
    finally:
        context.close()


def _names(headers: Json, header: str) -> frozenset[str]:
    lowered = {name.lower(): value for name, value in headers.items()}
    return frozenset(name.strip().lower() for name in str(lowered.get(header, "")).split(",")) - {""}
