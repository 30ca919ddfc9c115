"""How a file is written: looked at once, whole, before anything of it is taken in. What is wrong with a file as a file shows here."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from itertools import chain
from typing import Any, Literal, Self

from ariane.errors import Rejected
from ariane.imports.mapping import REPORT_COLUMNS, MappingFile
from ariane.imports.streams import GZIP, LONGEST_LINE, as_utf8, inflated, lines

type Open = Callable[[], Iterable[bytes]]
"""The file from its beginning, in pieces, each time it is called."""

_BOMS: Mapping[bytes, str] = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_OTHERS: Mapping[bytes, str] = {
    b"PK\x03\x04": "a ZIP or Excel file; export it as CSV",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel file; export it as CSV",
    b"PAR1": "a Parquet file; write it as CSV or NDJSON",
    b"BZh": "compressed with bzip2; gzip is read",
    b"\xfd7zXZ": "compressed with xz; gzip is read",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; gzip is read",
}
_DELIMITERS = ",;\t|"
_ASCII = bytes(range(128))
_LOOKED_AT = 1_024
"""Bytes of its beginning that what a file is shows in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    is_gzip: bool
    encoding: str
    """Of the lines as ``lines_of`` gives them: what is wide has become UTF-8."""
    original_encoding: str
    is_mixed: bool
    """Some lines are UTF-8 and others are not."""
    line_end: Literal["\n", "\r"]
    format: Literal["csv", "ndjson"]
    delimiter: str
    size: int
    """Bytes, inflated."""
    is_report: bool = False
    """Of rejects, corrected and sent again."""

    @property
    def is_wide(self) -> bool:
        return is_wide(self.original_encoding)

    @property
    def can_be_entered(self) -> bool:
        """Whether a line can be read without those before it."""
        return not self.is_gzip and not self.is_wide

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(**document)

    def as_document(self) -> dict[str, Any]:
        return asdict(self)


def look_at(open_file: Open, mapping: MappingFile, *, sha256_hex: str | None = None) -> Layout:
    """Reads all of it once. Raises Rejected: the file cannot be imported, and why."""
    digest = sha256()
    head, pieces = _begun(_digested(open_file(), digest.update))
    is_gzip = head.startswith(GZIP)
    plain = inflated(pieces) if is_gzip else pieces
    top, plain = _begun(plain)
    _expect_text(top)
    if is_report := _is_report(top):
        mapping = as_reports_are(mapping)
    encoding = mapping.encoding or next((name for bom, name in _BOMS.items() if top.startswith(bom)), None)
    read = _Read()
    wide = encoding is not None and is_wide(encoding)
    counted = read.counted(plain)
    begun, text = _begun(as_utf8(counted, str(encoding)) if wide else counted)
    end = b"\n" if b"\n" in begun or b"\r" not in begun else b"\r"
    for _, line in lines(text, end=end):
        read.see(line)
    _check_digest(digest.hexdigest(), sha256_hex)
    if not read.first.strip():
        raise Rejected("empty_file", "the file holds no line")
    kept = "utf-8" if wide else encoding or read.encoding
    first = read.first.decode(kept, "replace").removeprefix("\ufeff")
    form = mapping.format or ("ndjson" if first.lstrip().startswith("{") else "csv")
    return Layout(
        is_gzip=is_gzip,
        encoding=kept,
        original_encoding=encoding or read.encoding,
        is_mixed=mapping.encoding is None and read.is_mixed and not wide,
        line_end="\r" if end == b"\r" else "\n",
        format=form,
        delimiter=mapping.delimiter or _delimiter_of(first, mapping.quote),
        size=read.size,
        is_report=is_report,
    )


@cache
def is_wide(encoding: str) -> bool:
    """Whether ASCII is not itself in it, so that line ends and quotes are no bytes of their own: UTF-16, EBCDIC, what shifts."""
    try:
        return _ASCII.decode(encoding) != _ASCII.decode("ascii")
    except UnicodeError:
        return True


def as_reports_are(mapping: MappingFile) -> MappingFile:
    """Written our way, whatever way the file was written whose lines they hold."""
    return mapping.model_copy(update={"encoding": None, "quote": '"', "header": None, "delimiter": None})


def _is_report(top: bytes) -> bool:
    """Whoever corrected it may have saved it in another encoding."""
    encoding = next((name for bom, name in _BOMS.items() if top.startswith(bom)), "latin-1")
    begins = top[:200].decode(encoding, "replace").removeprefix("\ufeff").replace('"', "")
    return begins.startswith(f"{{{REPORT_COLUMNS[0]}:") or any(begins.startswith(each.join(REPORT_COLUMNS)) for each in _DELIMITERS)


def lines_of(open_file: Open, layout: Layout, *, position: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each line, blank ones too, with the inflated bytes up to its end. ``position``: of the first line's beginning, where ``open_file``
    begins, too. Raises Rejected as ``look_at`` does."""
    pieces: Iterable[bytes] = open_file()
    if layout.is_gzip:
        pieces = inflated(pieces)
    if layout.is_wide:
        pieces = as_utf8(pieces, layout.original_encoding)
    is_first = not position
    for end, line in lines(pieces, end=layout.line_end.encode(), position=position):
        if is_first:
            line, is_first = line.removeprefix(b"\xef\xbb\xbf"), False
        yield end, line.removesuffix(b"\r")


class _Read:
    """What passes, measured."""

    def __init__(self) -> None:
        self.size = 0
        self.first = b""
        self._utf8 = 0
        self._others = 0

    def counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.size += len(piece)
            yield piece

    def see(self, line: bytes) -> None:
        if not self.first.strip():
            self.first = line
        if line.isascii() or len(line) > LONGEST_LINE:  # cut, be it within a character
            return
        try:
            line.decode("utf-8")
            self._utf8 += 1
        except UnicodeDecodeError:
            self._others += 1

    @property
    def encoding(self) -> str:
        return "utf-8" if self._others <= self._utf8 else "cp1252"

    @property
    def is_mixed(self) -> bool:
        return bool(self._utf8 and self._others)


def _digested(pieces: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for piece in pieces:
        update(piece)
        yield piece


def _begun(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    rest, head = iter(pieces), b""
    while len(head) < _LOOKED_AT and (piece := next(rest, None)) is not None:
        head += piece
    return head, chain([head], rest)


def _expect_text(head: bytes) -> None:
    if not head:
        raise Rejected("empty_file", "the file is empty")
    if head.startswith(GZIP):
        raise Rejected("not_text", "the file is compressed twice")
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise Rejected("not_text", f"the file is {what}")


def _check_digest(found: str, stated: str | None) -> None:
    if stated is not None and found != stated:
        raise Rejected("digest_mismatch", "the file that arrived is not the one that was announced: upload it again")


def _delimiter_of(first: str, quote: str) -> str:
    outside = "".join(first.split(quote)[::2]) if quote else first
    asked = _DELIMITERS.replace(quote, "") if quote else _DELIMITERS
    return max(asked, key=outside.count)
