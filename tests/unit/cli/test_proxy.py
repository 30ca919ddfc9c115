"""The front passes on what it gets, as it is."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli.local import ports, proxy
from cli.local.front import Rewrite, fronted, passing


class Upstream(BaseHTTPRequestHandler):
    """Answers with what it got; remembers it."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.seen.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        status = 204 if self.path.endswith("/empty") else 200
        self.send_response_only(status)
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        if status == 200:
            self.send_header("Content-Length", str(len(body)))
        if self.path.endswith("/last"):
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_OPTIONS = do_HEAD = _answer  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        return


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Front:
    def __init__(self, port: int, seen: list[tuple[str, str, dict[str, str], bytes]], exchanges: list[proxy.Exchange]) -> None:
        self.port = port
        self.seen = seen
        self.exchanges = exchanges

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)


@contextmanager
def fronting(rewrite: Rewrite) -> Iterator[Front]:
    upstream_port, front_port = ports.pick((None, None))
    seen: list[tuple[str, str, dict[str, str], bytes]] = []
    exchanges: list[proxy.Exchange] = []
    handler = type("Handler", (Upstream,), {"seen": seen})
    route = proxy.Route(
        port=front_port, upstream_port=upstream_port, prefix="/_aws/api/x/$default", observe=exchanges.append, rewrite=rewrite
    )
    upstream = ThreadingHTTPServer(("127.0.0.1", upstream_port), handler)
    upstream.daemon_threads = True
    with serving(upstream), serving(proxy.listen(route)):
        yield Front(front_port, seen, exchanges)


@pytest.fixture
def front() -> Iterator[Front]:
    with fronting(passing) as front:
        yield front


def test_method_path_query_headers_and_bytes_arrive_untouched(front: Front) -> None:
    body = b"\x1f\x8b\x00\xff not text"
    with closing(front.connect()) as connection:
        connection.request("POST", "/v1/t?a=1&a=2&b=%2F+c", body=body, headers={"Content-Type": "text/plain", "X-Retry-Count": "1"})
        answer = connection.getresponse()
        content = answer.read()

    method, path, headers, got = front.seen[0]
    assert (method, path, got) == ("POST", "/_aws/api/x/$default/v1/t?a=1&a=2&b=%2F+c", body)
    assert (headers["content-type"], headers["x-retry-count"]) == ("text/plain", "1")
    assert "accept-encoding" in headers
    assert content == body
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_a_route_may_rewrite_headers_and_the_bytes_stay() -> None:
    body = b"\x1f\x8b\x00\xff not text"
    with fronting(fronted("proof")) as front, closing(front.connect()) as connection:
        connection.request("POST", "/v1/t", body=body, headers={"Content-Type": "text/plain", "X-Ariane-Viewer": "203.0.113.1"})
        connection.getresponse().read()

    _, _, headers, got = front.seen[0]
    assert got == body
    assert headers["content-type"] == "application/octet-stream"
    assert (headers["x-ariane-viewer"], headers["x-ariane-front"]) == ("127.0.0.1", "proof")


def test_a_body_in_chunks_arrives_whole(front: Front) -> None:
    with closing(front.connect()) as connection:
        connection.request("POST", "/v1/batch", body=iter([b"one", b"two"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        connection.getresponse().read()

    assert front.seen[0][3] == b"onetwo"


@pytest.mark.parametrize(("method", "path"), [("GET", "/empty"), ("HEAD", "/x"), ("OPTIONS", "/x")])
def test_answers_without_a_body_leave_the_connection_usable(front: Front, method: str, path: str) -> None:
    with closing(front.connect()) as connection:
        for _ in range(2):
            connection.request(method, path)
            assert connection.getresponse().read() == b""

    assert [seen[0] for seen in front.seen] == [method, method]


def test_a_connection_that_the_upstream_closed_is_made_anew(front: Front) -> None:
    with closing(front.connect()) as connection:
        for _ in range(3):
            connection.request("POST", "/last", body=b"x")
            assert connection.getresponse().read() == b"x"

    assert len(front.seen) == 3


def test_the_observer_sees_each_exchange_without_the_prefix(front: Front) -> None:
    with closing(front.connect()) as connection:
        connection.request("POST", "/v1/t?k=1", body=b"x")
        connection.getresponse().read()
        connection.request("GET", "/y")
        connection.getresponse().read()

    assert [(each.method, each.target, each.status) for each in front.exchanges[:1]] == [("POST", "/v1/t?k=1", 200)]


def test_an_upstream_that_is_gone_is_said_so() -> None:
    upstream_port, front_port = ports.pick((None, None))
    route = proxy.Route(port=front_port, upstream_port=upstream_port, prefix="", observe=lambda _: None)
    with serving(proxy.listen(route)), closing(http.client.HTTPConnection("127.0.0.1", front_port, timeout=5)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()

        assert answer.status == 502
        assert b"emulator_unreachable" in answer.read()
