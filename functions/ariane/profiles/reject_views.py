"""What the API says of refusals, as JSON documents."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ariane.errors import NotFound, Rejected
from ariane.events.log import Reject, RejectCount, RejectHistory, StoredReject
from ariane.events.retrying import RetryResult
from ariane.instants import Clock, format_instant
from ariane.profiles.paging import decode, encode, limit_of

MAX_PAGE = 100
MAX_DAYS = 92
_MAX_SHOWN = 1024 * 1024
_MOST_READS = 10
"""Pages of the table for one of ours: where a filter leaves little of them, the cursor goes on."""

type Query = Callable[[str], str | None]


def list_view(rejects: RejectHistory, query: Query, *, clock: Clock) -> dict[str, Any]:
    """The rejects of one day (UTC), today unless said, the newest first."""
    day = _day(query("day"), "day") or clock().date()
    limit = limit_of(query("limit"), default=50, largest=MAX_PAGE)
    cursor = _cursor(query("cursor"), str(day))
    found: list[StoredReject] = []
    for _ in range(_MOST_READS):
        page, cursor = rejects.of_day(
            str(day),
            source=query("source"),
            code=query("code"),
            with_retried=query("all") == "true",
            limit=limit - len(found),
            cursor=cursor,
        )
        found += page
        if cursor is None or len(found) == limit:
            break
    following = encode(str(day), cursor) if cursor else None
    return {"data": [_row(each) for each in found], "cursor": {"has_more": following is not None, "next": following or ""}}


def one_view(rejects: RejectHistory, identity: str) -> dict[str, Any]:
    """Raises NotFound."""
    stored = rejects.get(identity)
    if stored is None:
        raise NotFound("reject_not_found", "there is no such reject: it has expired, or never was")
    transport = stored.reject.transport
    return {
        **_row(stored),
        "shape": stored.reject.shape.value,
        "truncated": stored.is_truncated or transport.is_partial,
        "transport": {
            "method": transport.method or None,
            "path": transport.path or None,
            "query": dict(transport.query),
            "headers": dict(transport.headers),
            "ip": transport.source_ip,
            **{name: transport.batch.get(name) for name in ("sentAt", "context", "integrations")},
        },
        "body": _text(stored.reject.body[:_MAX_SHOWN]),
    }


def stats_view(rejects: RejectHistory, query: Query, *, clock: Clock) -> dict[str, Any]:
    """Counts of the days from ``from`` to ``to`` (UTC, both included; the last seven unless said), repeats included."""
    last = _day(query("to"), "to") or clock().date()
    first = _day(query("from"), "from") or last - timedelta(days=6)
    if not 0 <= (last - first).days < MAX_DAYS:
        raise Rejected("invalid_range", f"from is not after to, and at most {MAX_DAYS} days lie between")
    days = [str(first + timedelta(days=number)) for number in range((last - first).days + 1)]
    counts = [count for day in days for count in rejects.counts(day)]
    return {
        "from": str(first),
        "to": str(last),
        "refused": sum(count.refused for count in counts),
        "not_kept": sum(count.not_kept for count in counts),
        "by_code": _sums(counts, lambda count: count.code),
        "by_source": _sums(counts, lambda count: count.source),
        "by_day": _sums(counts, lambda count: count.day),
        "data": [_count(count) for count in counts],
    }


def retry_view(result: RetryResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "outcome": result.outcome.value,
        "code": result.code,
        "message": result.message,
        "events": result.events,
        "rejected": [_again(reject) for reject in result.rejected],
    }


def identity_of(day: str, digest: str) -> str:
    """Raises Rejected (``invalid_day``)."""
    _day(day, "the day")
    return f"{day}/{digest}"


def _row(stored: StoredReject) -> dict[str, Any]:
    reject = stored.reject
    return {
        "id": stored.id,
        "at": format_instant(reject.at),
        "source": reject.source,
        "kind": reject.kind.value if reject.kind else None,
        "code": reject.code,
        "message": reject.message,
        "index": reject.index,
        "size": stored.size,
        "body": _text(reject.body) if reject.body or not stored.size else None,
        "retried": {"at": format_instant(stored.retried.at), "by": stored.retried.by} if stored.retried else None,
    }


def _again(reject: Reject) -> dict[str, Any]:
    return {"index": reject.index, "code": reject.code, "message": reject.message}


def _count(count: RejectCount) -> dict[str, Any]:
    return {"day": count.day, "source": count.source, "code": count.code, "refused": count.refused, "not_kept": count.not_kept}


def _sums(counts: Sequence[RejectCount], by: Callable[[RejectCount], str]) -> Mapping[str, int]:
    """The most first."""
    sums: Counter[str] = Counter()
    for count in counts:
        sums[by(count)] += count.refused
    return dict(sums.most_common())


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _day(text: str | None, name: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Rejected("invalid_day", f"{name} is written 2026-11-22") from error
    if str(day) != text:
        raise Rejected("invalid_day", f"{name} is written 2026-11-22")
    return day


def _cursor(cursor: str | None, day: str) -> str | None:
    if not cursor:
        return None
    of_day, place = decode(cursor, str, str)
    if of_day != day:
        raise Rejected("invalid_cursor", "the cursor belongs to another day")
    return str(place)
