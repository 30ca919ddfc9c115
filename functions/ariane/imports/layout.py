"""How a file is written: looked at once, whole, before anything of it is taken in. What is wrong with a file as a file shows here."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import chain
from typing import Any, Literal, Self

from ariane.errors import Rejected
from ariane.imports.mapping import REPORT_COLUMNS, MappingFile
from ariane.imports.streams import GZIP, as_utf8, inflated, lines

type Open = Callable[[], Iterable[bytes]]
"""The file from its beginning, in pieces, each time it is called."""

_BOMS: Mapping[bytes, str] = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_OTHERS: Mapping[bytes, str] = {
    b"PK": "a ZIP or Excel file; export it as CSV",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel file; export it as CSV",
    b"PAR1": "a Parquet file; write it as CSV or NDJSON",
    b"BZh": "compressed with bzip2; gzip is read",
    b"\xfd7zXZ": "compressed with xz; gzip is read",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; gzip is read",
}
_DELIMITERS = ",;\t|"
_NOT_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    is_gzip: bool
    encoding: str
    """Of the lines as ``lines_of`` gives them: UTF-16 has become UTF-8."""
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
    is_wide = encoding is not None and encoding.lower().replace("_", "-").startswith("utf-16")
    counted = read.counted(plain)
    end = b"\n" if b"\n" in top or b"\r" not in top else b"\r"
    for line in lines(as_utf8(counted, str(encoding)) if is_wide else counted, end=end):
        read.see(line)
    _check_digest(digest.hexdigest(), sha256_hex)
    if not read.first.strip():
        raise Rejected("empty_file", "the file holds no line")
    wide_or_told = "utf-8" if is_wide else encoding
    kept = wide_or_told or read.encoding
    first = read.first.decode(kept, "replace").removeprefix("\ufeff")
    form = mapping.format or ("ndjson" if first.lstrip().startswith("{") else "csv")
    return Layout(
        is_gzip=is_gzip,
        encoding=kept,
        original_encoding=encoding or read.encoding,
        is_mixed=mapping.encoding is None and read.is_mixed and not is_wide,
        line_end="\r" if end == b"\r" else "\n",
        format=form,
        delimiter=mapping.delimiter or _delimiter_of(first),
        size=read.size,
        is_report=is_report,
    )


def as_reports_are(mapping: MappingFile) -> MappingFile:
    """Written our way, whatever way the file was written whose lines they hold."""
    return mapping.model_copy(update={"encoding": None, "quote": '"', "header": None, "delimiter": None})


def _is_report(top: bytes) -> bool:
    """Whoever corrected it may have saved it in another encoding."""
    encoding = next((name for bom, name in _BOMS.items() if top.startswith(bom)), "latin-1")
    begins = top[:200].decode(encoding, "replace").removeprefix("\ufeff").replace('"', "")
    return begins.startswith(f"{{{REPORT_COLUMNS[0]}:") or any(begins.startswith(each.join(REPORT_COLUMNS)) for each in _DELIMITERS)


def lines_of(open_file: Open, layout: Layout) -> Iterator[tuple[int, bytes]]:
    """Each line, blank ones too, with the inflated bytes up to its end. Raises Rejected as ``look_at`` does."""
    pieces: Iterable[bytes] = open_file()
    if layout.is_gzip:
        pieces = inflated(pieces)
    if layout.original_encoding.lower().replace("_", "-").startswith("utf-16"):
        pieces = as_utf8(pieces, layout.original_encoding)
    position, is_first = 0, True
    for line in lines(pieces, end=layout.line_end.encode()):
        position += len(line) + 1
        if is_first:
            line, is_first = line.removeprefix(b"\xef\xbb\xbf"), False
        yield min(position, layout.size), line.removesuffix(b"\r")


class _Read:
    """What passes, measured."""

    def __init__(self) -> None:
        self.size = 0
        self.first = b""
        self._utf8 = 0
        self._others = 0
        self._is_latin = False

    def counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.size += len(piece)
            yield piece

    def see(self, line: bytes) -> None:
        if not self.first.strip():
            self.first = line
        if line.isascii():
            return
        try:
            line.decode("utf-8")
            self._utf8 += 1
        except UnicodeDecodeError:
            self._others += 1
            self._is_latin = self._is_latin or line.translate(None, _NOT_IN_CP1252) != line

    @property
    def encoding(self) -> str:
        if self._others <= self._utf8:
            return "utf-8"
        return "latin-1" if self._is_latin else "cp1252"

    @property
    def is_mixed(self) -> bool:
        return bool(self._utf8 and self._others)


def _digested(pieces: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for piece in pieces:
        update(piece)
        yield piece


def _begun(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    rest = iter(pieces)
    head = next((piece for piece in rest if piece), b"")
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


def _delimiter_of(first: str) -> str:
    outside = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=outside.count) if any(each in outside for each in _DELIMITERS) else ","
