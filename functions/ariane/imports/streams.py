"""Bytes of a file as lines, with bounded memory: inflated, of whatever encoding, cut at line ends."""

import codecs
import zlib
from collections.abc import Iterable, Iterator

from ariane.errors import Rejected

LONGEST_LINE = 1_000_000
"""Bytes of a line. Of a longer one the beginning is read, and the line refused."""
GZIP = b"\x1f\x8b"
_STEP = 256 * 1024
_WINDOW = 31
_BOMB_FACTOR = 200
_BOMB_FREE = 100_000_000


def inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """gzip of any number of members. Raises Rejected: ``gzip_truncated``, ``gzip_broken``, ``gzip_bomb``."""
    inflater = zlib.decompressobj(_WINDOW)
    came = gave = 0
    for chunk in chunks:
        came += len(chunk)
        rest = chunk
        while rest:
            if inflater.eof:
                rest = rest.lstrip(b"\0") if inflater.eof else rest  # archivers pad with zeros
                if not rest:
                    break
                inflater = zlib.decompressobj(_WINDOW)
            plain = _step(inflater, rest)
            rest = inflater.unconsumed_tail or inflater.unused_data
            gave += len(plain)
            if gave > _BOMB_FREE + came * _BOMB_FACTOR:
                raise Rejected("gzip_bomb", f"the file inflates to more than {_BOMB_FACTOR} times its size")
            if plain:
                yield plain
    if not inflater.eof:
        raise Rejected("gzip_truncated", "the gzip file ends in the middle: it was not copied whole")


def _step(inflater: "zlib._Decompress", data: bytes) -> bytes:
    try:
        return inflater.decompress(data, _STEP)
    except zlib.error as error:
        raise Rejected("gzip_broken", "the gzip file is damaged") from error


def as_utf8(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Of an encoding whose line ends are no bytes of their own (UTF-16): what cannot be read becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


def lines(chunks: Iterable[bytes], *, end: bytes = b"\n") -> Iterator[bytes]:
    """Without their ends. Of one above ``LONGEST_LINE`` its first ``LONGEST_LINE + 1`` bytes."""
    held = b""
    is_cut = False
    for chunk in chunks:
        parts = chunk.split(end)
        parts[0] = held + parts[0] if not is_cut else held
        is_cut = is_cut and len(parts) == 1
        for part in parts[:-1]:
            yield part[: LONGEST_LINE + 1]
        held = parts[-1]
        if len(held) > LONGEST_LINE:
            held, is_cut = held[: LONGEST_LINE + 1], True
    if held:
        yield held
