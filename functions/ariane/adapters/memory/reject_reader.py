from collections.abc import Sequence
from dataclasses import replace

from ariane.events.log import RejectCount, Retried, StoredReject, Transport
from ariane.events.rejects import Tally, is_listed
from ariane.instants import format_instant


class MemoryRejectReader:
    """``RejectHistory`` over a dictionary."""

    def __init__(self) -> None:
        self._rejects: dict[str, StoredReject] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}

    def of_day(
        self,
        day: str,
        *,
        source: str | None = None,
        code: str | None = None,
        with_retried: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[Sequence[StoredReject], str | None]:
        rows = sorted(((_place(each), each) for each in self._rejects.values() if each.id.startswith(f"{day}/")), reverse=True)
        rest = [(place, each) for place, each in rows if cursor is None or place < cursor]
        found = [each for _, each in rest[:limit] if _is_asked_for(each, source, code, with_retried=with_retried)]
        return [_as_listed(each) for each in found], rest[limit - 1][0] if len(rest) > limit else None

    def get(self, identity: str) -> StoredReject | None:
        return self._rejects.get(identity)

    def mark_retried(self, stored: StoredReject, retried: Retried) -> bool:
        there = self._rejects.get(stored.id)
        if there is None or there.reject.kept_at != stored.reject.kept_at:
            return False
        self._rejects[stored.id] = replace(there, retried=retried)
        return True

    def counts(self, day: str) -> Sequence[RejectCount]:
        return [
            RejectCount(day, source, code, number, tally.not_kept[code])
            for (counted, source), tally in sorted(self._tallies.items())
            if counted == day
            for code, number in sorted(tally.refused.items())
        ]


def _place(stored: StoredReject) -> str:
    return f"{format_instant(stored.reject.at)}/{stored.id.rpartition('/')[2]}"


def _is_asked_for(stored: StoredReject, source: str | None, code: str | None, *, with_retried: bool) -> bool:
    reject = stored.reject
    return source in (None, reject.source) and code in (None, reject.code) and (with_retried or stored.retried is None)


def _as_listed(stored: StoredReject) -> StoredReject:
    body = stored.reject.body if is_listed(stored.reject.body) else b""
    return replace(stored, reject=replace(stored.reject, transport=Transport(), body=body))
