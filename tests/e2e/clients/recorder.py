"""A door of its own to the collector for one client: what came through it and how it was answered is the client's doing alone."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from cli.local import ports, proxy


@dataclass(slots=True)
class Recorder:
    url: str
    exchanges: list[proxy.Exchange] = field(default_factory=list)

    def statuses(self) -> list[int]:
        return [exchange.status for exchange in self.exchanges]

    def bodies(self) -> list[dict[str, Any]]:
        """The JSON of each request, as the client wrote it."""
        return [orjson.loads(_inflated(exchange.request_body)) for exchange in self.exchanges]

    def compressed(self) -> int:
        """How many requests came compressed."""
        return sum(exchange.request_body.startswith(b"\x1f\x8b") for exchange in self.exchanges)


@contextmanager
def recording(collect_url: str) -> Iterator[Recorder]:
    """A front before the collector's. Complete once the block is left, if the client has ended by then."""
    [port] = ports.pick([None])
    recorder = Recorder(f"http://127.0.0.1:{port}")
    server = proxy.listen(
        proxy.Route(port=port, upstream_port=urlsplit(collect_url).port or 80, prefix="", observe=recorder.exchanges.append)
    )
    server.daemon_threads = False  # so that closing waits for the last answer to be noted
    proxy.serve([server])
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()


def _inflated(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
