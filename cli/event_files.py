"""Files of events and of rules, as the dry runs take them: read in order, telling how far that is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ariane.definitions.brand_files import SourcesFile
from ariane.definitions.identity_file import read_rules
from ariane.definitions.problems import BrandInvalid
from ariane.definitions.yaml_source import YamlInvalid, read_yaml, validate
from ariane.events.lines import LONGEST_LINE
from ariane.identity.files import EventFile, RejectedLine
from ariane.identity.rules import Rules
from cli.failures import CommandFailed
from cli.reading_pace import ReadingPace

_MOST_SHOWN = 20
_LONGEST_READ = LONGEST_LINE + 2
"""What is longer is refused, and need not be held."""
_HEAD = 4_096
_GZIP = b"\x1f\x8b"


def rules_of(rules: Path | None, brand: Path | None) -> Rules:
    """Of the one that is given. A brand's have the countries of its sources too, by which national phone numbers are read. Raises
    CommandFailed, BrandInvalid."""
    if rules is not None and brand is None:
        return read_rules(str(rules), text_of(rules))
    if brand is None or rules is not None:
        raise CommandFailed("say which rules: either --rules FILE or --brand DIR")
    identity, sources = brand / "identity.yaml", brand / "sources.yaml"
    found = read_rules(str(identity), text_of(identity))
    return replace(found, countries=_countries(sources)) if sources.exists() else found


def _countries(path: Path) -> dict[str, str]:
    try:
        checked = validate(read_yaml(str(path), text_of(path)), SourcesFile)
    except YamlInvalid as error:
        raise BrandInvalid([error.problem]) from error
    if isinstance(checked, list):
        raise BrandInvalid(checked)
    return {name: options.default_country for name, options in checked.sources.items() if options.default_country}


def text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise CommandFailed(f"{path}:{line}:{column}: cannot be read: the file is not UTF-8") from error


def read_events(path: Path, rules: Rules) -> EventFile:
    """``-`` is standard input. Raises CommandFailed, also where there is no event at all."""
    return fill(EventFile(rules), path)


def fill(found: EventFile, path: Path) -> EventFile:
    """As ``read_events``."""
    for line in lines_of(path):
        found.add(line)
    return found


def lines_of(path: Path) -> Iterator[bytes]:
    """Of a file, or of standard input: ``-``. Of a line that is too long only its beginning. Raises CommandFailed, also where there is
    nothing but blanks."""
    with _opened(path) as stream:
        pace = ReadingPace(path.stat().st_size if path.is_file() else None)
        is_empty = True
        for line in _lines(stream):
            is_empty = is_empty and not line.strip()
            yield line
            pace.read(len(line))
        pace.end()
    if is_empty:
        raise CommandFailed(f"{_name(path)}:1: there is no event: a file has one Segment message a line")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(_LONGEST_READ):
        yield line
        while len(line) == _LONGEST_READ and not line.endswith(b"\n"):
            line = stream.readline(_LONGEST_READ)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror or error}") from error
    with stream:
        _expect_text(path, stream.peek(_HEAD)[:_HEAD])
        yield stream


def _expect_text(path: Path, head: bytes) -> None:
    if b"\0" in head or head.startswith(_GZIP):
        how = f": gunzip -c {path} | … - reads it" if head.startswith(_GZIP) else ""
        line = head.count(b"\n", 0, max(head.find(b"\0"), 0)) + 1
        raise CommandFailed(f"{path}:{line}: the file is binary, not one JSON object a line{how}")


def refuse(path: Path, rejected: list[RejectedLine]) -> None:
    """Raises CommandFailed that names the first of them, by line."""
    shown = [f"{_name(path)}:{each.line}: {each.code}: {each.message}" for each in rejected[:_MOST_SHOWN]]
    rest = len(rejected) - len(shown)
    more = [f"… and {rest:,} more"] if rest > 0 else []
    lines = "line" if len(rejected) == 1 else "lines"
    raise CommandFailed("\n".join([f"{len(rejected):,} {lines} cannot be taken in (--skip-invalid goes on without):", *shown, *more]))


def _name(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)
