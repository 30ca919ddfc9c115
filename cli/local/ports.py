"""Ports of the local run."""

import socket
from collections.abc import Sequence

PREFERRED = (4566, 8731, 8732, None)
"""Emulator, collector, profile API, outbox: so that what a page or a shell remembers still works after the next ``ariane up``."""


def pick(preferred: Sequence[int | None]) -> list[int]:
    """One free loopback port each: the preferred one where it is free. All are held until all are picked, so none comes twice."""
    held: list[socket.socket] = []
    try:
        return [_bind(held, port) for port in preferred]
    finally:
        for listener in held:
            listener.close()


def _bind(held: list[socket.socket], preferred: int | None) -> int:
    for port in (preferred or 0, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.append(listener)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            continue
        return int(listener.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
