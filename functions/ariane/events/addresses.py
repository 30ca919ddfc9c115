"""IP addresses are personal data: all but the network part goes, unless a source says otherwise."""

import socket

_MAPPED = bytes(10) + b"\xff\xff"
_6TO4 = b"\x20\x02"
_NETWORK_BYTES = 6
_6TO4_BYTES = 5


def truncated(address: str) -> str | None:
    """The /24 of an IPv4 or the /48 of an IPv6 address, as its first address; None for anything else.

    An IPv4 address inside an IPv6 one is truncated as such: mapped (RFC 4291) it comes out as IPv4, and a 6to4 one (RFC 3056), whose /48
    holds it whole, is cut to its /40. A zone (``%eth0``), a port and brackets belong to no address that a network knows.
    """
    try:
        if ":" not in address:
            return _network4(socket.inet_pton(socket.AF_INET, address))
        packed = socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return None
    return _network4(packed[12:]) if packed.startswith(_MAPPED) else _network6(packed)


def _network4(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET, packed[:3] + b"\0")


def _network6(packed: bytes) -> str:
    kept = packed[: _6TO4_BYTES if packed.startswith(_6TO4) else _NETWORK_BYTES]
    return socket.inet_ntop(socket.AF_INET6, kept.ljust(16, b"\0"))
