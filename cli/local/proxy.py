"""A small reverse proxy: it gives what hides behind a long path of the emulator a port of its own, and passes bytes on as they are.

Headers too, unless the route rewrites them.
"""

import http.client
import logging
import string
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import quote

from cli.local.front import Headers, Rewrite, passing

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"})
_NO_BODY = frozenset({204, 304})
_UPSTREAM_SECONDS = 60.0

type Observer = Callable[["Exchange"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, as the observer sees it once the answer is there."""

    method: str
    target: str
    """Path and query, without the upstream's prefix."""
    request_headers: Headers
    request_body: bytes
    status: int
    answer_headers: Headers
    answer_body: bytes
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    port: int
    upstream_port: int
    prefix: str
    """Put before the path of every request."""
    observe: Observer
    rewrite: Rewrite = passing


def listen(route: Route) -> ThreadingHTTPServer:
    """A server bound to loopback that answers once its ``serve_forever`` runs."""

    class Handler(_Handler):
        way: ClassVar[Route] = route

    server = ThreadingHTTPServer(("127.0.0.1", route.port), Handler)
    server.daemon_threads = True
    return server


def serve(servers: Iterable[ThreadingHTTPServer]) -> None:
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    way: ClassVar[Route]
    protocol_version = "HTTP/1.1"
    # Head and body leave in one segment: two small writes would wait for each other's acknowledgement, 40 ms a request.
    disable_nagle_algorithm = True
    wbufsize = 65536
    timeout = 120.0
    _upstream: http.client.HTTPConnection | None = None

    def _pass_on(self) -> None:
        body = self._body()
        began = time.monotonic()
        try:
            answer, content = self._ask(body)
        except OSError as error:
            logging.warning("the emulator does not answer: %s", error)
            self._answer(
                502,
                [("content-type", "application/json")],
                b'{"code":"emulator_unreachable","message":"the local emulator does not answer"}',
            )
            return
        headers = answer.getheaders()
        self._answer(answer.status, headers, content)
        self.way.observe(
            Exchange(
                method=self.command,
                target=self.path,
                request_headers=self.headers.items(),
                request_body=body,
                status=answer.status,
                answer_headers=headers,
                answer_body=content,
                seconds=time.monotonic() - began,
            )
        )

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _pass_on  # noqa: N815

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _chunks(self) -> Iterable[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """A connection that was kept may have been closed meanwhile: then, and only then, a second try on a fresh one."""
        if self._upstream is not None:
            try:
                return self._ask_once(self._upstream, body)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._upstream.close()
        self._upstream = http.client.HTTPConnection("127.0.0.1", self.way.upstream_port, timeout=_UPSTREAM_SECONDS)
        return self._ask_once(self._upstream, body)

    def _ask_once(self, upstream: http.client.HTTPConnection, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        target = self.way.prefix + quote(self.path, safe=string.printable, encoding="latin-1")
        upstream.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
        for name, value in self.way.rewrite(self.command, self.headers.items(), self.client_address[0]):
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                upstream.putheader(name, value)
        if body or self.command in ("POST", "PUT", "PATCH"):
            upstream.putheader("content-length", str(len(body)))
        upstream.endheaders(body or None)
        answer = upstream.getresponse()
        return answer, answer.read()

    def _answer(self, status: int, headers: Headers, content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        if status not in _NO_BODY:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        super().finish()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        logging.debug(format, *arguments)
