"""Keeping a refold up with what is stitched while it reads: a busy partition's history is read once, not from the beginning again at every
event that comes.

What was applied meanwhile stands in the fragment's rings, the youngest last. As long as they still hold what they ended with before, the
rest is new, and each of its events is found in the log around its time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from ariane.errors import Conflict
from ariane.events.model import LogItem
from ariane.instants import from_millis
from ariane.profiles import once
from ariane.profiles.admission import Placed, placed_events
from ariane.profiles.fragments import Fragment, StoredFragment
from ariane.profiles.once import Recent, Trace, Verdict, trace_of
from ariane.profiles.refold_marks import is_marked
from ariane.profiles.refold_scan import Scan
from ariane.profiles.stitching import Fragments, Log


class Overtaken(Conflict):
    """More came than can be told: begin again."""

    def __init__(self) -> None:
        super().__init__("refold_overtaken", "other writers of the fragment were faster")


class Following:
    def __init__(self, stored: StoredFragment, fragments: Fragments, log: Log) -> None:
        self.stored = stored
        """As ``scan`` knows it."""
        self._first = stored.fragment.recent
        self._fragments = fragments
        self._log = log

    def catch_up(self, scan: Scan) -> None:
        """Takes into ``scan`` what was applied since the last time. Raises Overtaken."""
        own = self.stored.fragment.person_id
        newer = self._fragments.load([own]).get(own) or replace(self.stored, fragment=Fragment(person_id=own), version=0)
        if newer.version == self.stored.version:
            return
        before, after = self.stored.fragment, newer.fragment
        if (before.routing, before.generation) != (after.routing, after.generation):
            raise Overtaken
        for trace in _new_traces(before.recent, after.recent):
            self._take(trace, after.recent.span, scan)
        self.stored = newer

    def _take(self, trace: Trace, span: int, scan: Scan) -> None:
        around = list(self._around(trace, span))
        copies = [(item, placed) for item in around for placed in placed_events(item) if trace_of(placed.event) == trace]
        if not copies:
            raise Overtaken
        _, placed = copies[0]
        if self._first.judge(placed.event) is Verdict.UNSURE and _is_counted(around, placed, scan.generation):
            return
        scan.take([placed])

    def _around(self, trace: Trace, span: int) -> Iterator[LogItem]:
        """The items that may hold the event, as they stand now."""
        until = from_millis(trace.millis)
        cursor: str | None = None
        while True:
            page = self._log.page(self.stored.fragment.person_id, since=until - timedelta(milliseconds=span), until=until, cursor=cursor)
            for item in page.items:
                yield self._log.get(item.person_id, item.sort) or item
            cursor = page.cursor
            if cursor is None:
                return


def _is_counted(around: Sequence[LogItem], placed: Placed, generation: int) -> bool:
    """Whether the scan has met the event, or a copy that yielded since then."""
    return any(
        is_marked(item, place, generation)
        for item in around
        for place, message in enumerate(item.messages)
        if (item.source, message.get("messageId")) == (placed.event.source, placed.event.message_id)
    )


def _new_traces(before: Recent, after: Recent) -> list[Trace]:
    is_whole = after.watermark is None
    return [
        *_added(before.ring, after.ring, is_whole=is_whole),
        *_added(before.late, after.late, is_whole=is_whole or len(after.late) < once.LATE_RING),
    ]


def _added(before: Sequence[Trace], after: Sequence[Trace], *, is_whole: bool) -> Sequence[Trace]:
    """``is_whole``: nothing has ever left ``after``."""
    if not before:
        if is_whole:
            return after
    elif before[-1] in after:
        return after[len(after) - after[::-1].index(before[-1]) :]
    raise Overtaken
