"""IP addresses are personal data: all but the network part goes, unless a source says otherwise."""

import socket

_MAPPED = bytes(10) + b"\xff\xff"


def truncated(address: str) -> str | None:
    """The /24 of an IPv4 or the /48 of an IPv6 address, as its first address; None for anything else."""
    try:
        if ":" not in address:
            return _network4(socket.inet_pton(socket.AF_INET, address))
        packed = socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return None
    return _network4(packed[12:]) if packed.startswith(_MAPPED) else socket.inet_ntop(socket.AF_INET6, packed[:6] + bytes(10))


def _network4(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET, packed[:3] + b"\0")
