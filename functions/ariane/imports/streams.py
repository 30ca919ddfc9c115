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
_MARKED = ("utf-16", "utf-32")
"""They ask for a mark of the order of their bytes at the beginning."""


def inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """gzip of any number of members. Raises Rejected: ``gzip_truncated``, ``gzip_broken``, ``gzip_bomb``."""
    inflater = zlib.decompressobj(_WINDOW)
    came = gave = 0
    for chunk in chunks:
        came += len(chunk)
        rest = chunk
        while rest:
            if inflater.eof:
                rest = rest.lstrip(b"\0")  # archivers pad with zeros
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
    """Of an encoding whose line ends are no bytes of their own (UTF-16): what cannot be read becomes U+FFFD. Raises Rejected
    ``wrong_encoding``."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield _decoded(decoder, chunk, encoding)
    yield _decoded(decoder, b"", encoding, is_last=True)


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, encoding: str, *, is_last: bool = False) -> bytes:
    try:
        return decoder.decode(chunk, is_last).encode("utf-8", "replace")
    except UnicodeError as error:
        needs = f"; without a byte order mark say {encoding}-le or {encoding}-be" if encoding in _MARKED else ""
        raise Rejected("wrong_encoding", f"the file cannot be read as {encoding}{needs}") from error


def lines(chunks: Iterable[bytes], *, end: bytes = b"\n", position: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each with the bytes up to its end, which is one of them: ``position`` and on. Of one above ``LONGEST_LINE`` its first
    ``LONGEST_LINE + 1`` bytes."""
    held, left_out = b"", 0
    for chunk in chunks:
        first, *others = chunk.split(end)
        room = LONGEST_LINE + 1 - len(held)
        held, left_out = held + first[:room], left_out + max(0, len(first) - room)
        for part in others:
            position += len(held) + left_out + 1
            yield position, held
            held, left_out = part, 0
            if len(part) > LONGEST_LINE:
                held, left_out = part[: LONGEST_LINE + 1], len(part) - LONGEST_LINE - 1
    if held:
        yield position + len(held) + left_out, held
