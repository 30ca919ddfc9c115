"""Files of events and of rules, as the dry runs take them: read in order, with progress where somebody watches."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ariane.definitions.brand_files import SourcesFile
from ariane.definitions.identity_file import read_rules
from ariane.definitions.problems import BrandInvalid
from ariane.definitions.yaml_source import YamlInvalid, read_yaml, validate
from ariane.identity.files import EventFile, RejectedLine
from ariane.identity.rules import Rules
from cli.failures import CommandFailed
from cli.report import Progress, err

_SAY_EVERY = 20_000
_MOST_SHOWN = 20


def rules_of(rules: Path | None, brand: Path | None) -> Rules:
    """Of the one that is given. A brand's have the countries of its sources too, by which national phone numbers are read. Raises
    CommandFailed, BrandInvalid."""
    if rules is not None and brand is None:
        return read_rules(str(rules), _text(rules))
    if brand is None or rules is not None:
        raise CommandFailed("say which rules: either --rules FILE or --brand DIR")
    identity, sources = brand / "identity.yaml", brand / "sources.yaml"
    found = read_rules(str(identity), _text(identity))
    return replace(found, countries=_countries(sources)) if sources.exists() else found


def _countries(path: Path) -> dict[str, str]:
    try:
        checked = validate(read_yaml(str(path), _text(path)), SourcesFile)
    except YamlInvalid as error:
        raise BrandInvalid([error.problem]) from error
    if isinstance(checked, list):
        raise BrandInvalid(checked)
    return {name: options.default_country for name, options in checked.sources.items() if options.default_country}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{path} cannot be read: {_reason(error)}") from error


def read_events(path: Path, rules: Rules) -> EventFile:
    """``-`` is standard input."""
    found = EventFile(rules)
    for line in lines_of(path):
        found.add(line)
    return found


def lines_of(path: Path) -> Iterator[bytes]:
    """Of a file, or of standard input: ``-``."""
    with _opened(path) as stream:
        yield from _with_progress(stream)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {_reason(error)}") from error
    with stream:
        yield stream


def _with_progress(lines: Iterable[bytes]) -> Iterator[bytes]:
    progress = Progress() if err.is_terminal else None
    for number, line in enumerate(lines, start=1):
        yield line
        if progress is not None and number % _SAY_EVERY == 0:
            progress.say(f"{number:,} lines read")


def refuse(path: Path, rejected: list[RejectedLine]) -> None:
    """Raises CommandFailed that names the first of them, by line."""
    name = "standard input" if str(path) == "-" else str(path)
    shown = [f"{name}:{each.line}: {each.code}: {each.message}" for each in rejected[:_MOST_SHOWN]]
    rest = len(rejected) - len(shown)
    more = [f"… and {rest:,} more"] if rest > 0 else []
    lines = "line" if len(rejected) == 1 else "lines"
    raise CommandFailed("\n".join([f"{len(rejected):,} {lines} cannot be taken in (--skip-invalid goes on without):", *shown, *more]))


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"
