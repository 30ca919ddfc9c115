"""Events from a file, read under two sets of rules."""

from collections.abc import Iterator
from pathlib import Path

from ariane.errors import Rejected
from ariane.events.lines import LineEvent, read_line
from ariane.events.model import Event
from ariane.identity.files import RejectedLine
from ariane.identity.rules import Rules
from cli.event_files import lines_of


class FileEvents:
    """Reads the file anew each time: what is kept of it does not grow with it."""

    def __init__(self, path: Path, *, before: Rules, after: Rules) -> None:
        self._path = path
        self._rules = (before, after)
        self.rejected: list[RejectedLine] = []
        """Of the first reading."""
        self._is_read = False

    def __call__(self) -> Iterator[Event]:
        for number, line in enumerate(lines_of(self._path), start=1):
            try:
                found = self._read(line)
            except Rejected as error:
                if not self._is_read:
                    self.rejected.append(RejectedLine(number, error.code, error.message))
                continue
            if found is not None:
                yield found.event
        self._is_read = True

    def _read(self, line: bytes) -> LineEvent | None:
        """An event may name somebody under one set of rules alone."""
        before, after = self._rules
        try:
            return read_line(line, before)
        except Rejected:
            return read_line(line, after)
