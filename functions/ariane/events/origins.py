"""Which pages may send under a browser's key: origins as browsers write them, with ``https://*.shop.example`` for all subdomains.

A list keeps other sites' pages away, by what browsers say and scripts cannot change; a program can write any header. What is no browser's
request (no ``Origin`` where browsers always send one) is none of the listed pages either.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from ariane.errors import Rejected

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_ORIGIN = (
    rf"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<any>\*\.)?(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?"
)
"""Compiled when the first source lists origins."""
_IS_NONE = "is not an origin: a scheme and a host, perhaps a port, and nothing after them, such as https://shop.example"
_IS_EVERYBODY = "stands for every site under a top-level domain"
_LONGEST = 300
_OWN_PORTS = {"http": "80", "https": "443"}


class Origins(NamedTuple):
    exact: frozenset[str]
    suffixes: frozenset[tuple[str, str, str]]
    """(scheme, what the host ends in, port): ``("https", ".shop.example", "")``."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Raises Rejected (``invalid_origin``)."""
        normal = [origin_of(text) for text in texts]
        wild = [text.partition("://*") for text in normal if "://*" in text]
        return cls(frozenset(text for text in normal if "://*" not in text), frozenset((s, *_host_and_port(rest)) for s, _, rest in wild))

    def admit(self, headers: Mapping[str, str], *, method: str) -> bool:
        """By ``Origin``; of images and links (GET), which come without one, by the origin of ``Referer``. With neither it is no listed
        page: a pixel that stands in mails, or on pages that send no referrer, needs a source without a list."""
        origin = headers.get("origin")
        if origin is None and method in ("GET", "HEAD"):
            referer = headers.get("referer", "")
            origin = "/".join(referer.split("/")[:3])
        return origin is not None and self._hold(origin)

    def _hold(self, origin: str) -> bool:
        try:
            normal = origin_of(origin[:_LONGEST])
        except Rejected:
            return False
        scheme, _, rest = normal.partition("://")
        host, port = _host_and_port(rest)
        labels = host.split(".")
        ends = ("." + ".".join(labels[start:]) for start in range(1, len(labels)))
        return "*" not in normal and (normal in self.exact or any((scheme, end, port) in self.suffixes for end in ends))


def origin_of(text: str) -> str:
    """In lower case, without the scheme's own port. Raises Rejected, saying what an origin is, for anything else."""
    found = re.fullmatch(_ORIGIN, text.lower())
    if found is None:
        raise Rejected("invalid_origin", _IS_NONE)
    port = found["port"]
    if found["any"] and ("." not in found["host"] or found["host"].startswith("[")):
        raise Rejected("invalid_origin", _IS_EVERYBODY)
    is_own = port is None or port == _OWN_PORTS.get(found["scheme"])
    return f"{found['scheme']}://{found['any'] or ''}{found['host']}" + ("" if is_own else f":{port}")


def _host_and_port(rest: str) -> tuple[str, str]:
    host, colon, port = rest.rpartition(":")
    return (host, port) if colon and port.isdigit() else (rest, "")
