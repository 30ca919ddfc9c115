"""An import's mapping tried on a file, on this machine: what the first lines become, by the very code that would take them in."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ariane.errors import Rejected
from ariane.events.acceptance import sort_out
from ariane.events.model import SourceKind
from ariane.events.sources import Source
from ariane.events.wire import Request, Submission
from ariane.identity.rules import Rules
from ariane.imports.events import Events, Taken
from ariane.imports.layout import look_at
from ariane.imports.mapping import MappingFile
from ariane.imports.rows import Rows
from ariane.instants import utc_now

_PIECE = 1024 * 1024
_KEY = b"a dry run keeps nothing"


def preview(path: Path, mapping: MappingFile, *, most: int, as_of: datetime, rules: Rules | None) -> Iterator[dict[str, Any]]:
    """Of each of the first ``most`` lines (or groups): its line, and what it becomes or why not. Without ``rules`` nobody says whether an
    identifier is one. Raises Rejected for what is wrong with the file."""
    layout = look_at(lambda: pieces(path), mapping)
    rows = Rows(lambda: pieces(path), layout, mapping)
    for taken in islice(Events(rows, mapping, as_of=as_of, received_at=utc_now()).taken(), most):
        yield from _views(taken, mapping, as_of, rules)


def pieces(path: Path) -> Iterable[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _views(taken: Taken, mapping: MappingFile, as_of: datetime, rules: Rules | None) -> Iterator[dict[str, Any]]:
    for refused in taken.refused:
        yield {"line": refused.row.line, "code": refused.code, "message": refused.message}
    line, shaped = taken.rows[0].line, taken.shaped
    if taken.is_skipped:
        yield {"line": line, "skipped": True}
    elif shaped is not None and shaped.target is not None:
        yield {"line": line, "object": shaped.target[0], "key": shaped.target[1], "at": shaped.at, "properties": shaped.properties}
    for message in taken.messages:
        fault = _fault(message, mapping, as_of, rules) if rules else None
        yield {"line": line, "code": fault.code, "message": fault.message} if fault else {"line": line, "event": message}


def _fault(message: dict[str, Any], mapping: MappingFile, as_of: datetime, rules: Rules) -> Rejected | None:
    decided = sort_out(
        Submission(write_key=None, items=[message]),
        source=Source(name=mapping.source, kind=SourceKind.IMPORT, default_country=rules.countries.get(mapping.source)),
        request=Request(method="POST", path="/v1/imports", received_at=as_of),
        rules=rules,
        person_key=_KEY,
    )
    return next((Rejected(each.code, each.message) for each in decided.rejects), None)
