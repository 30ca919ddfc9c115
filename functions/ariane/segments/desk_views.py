"""What the API answers about segments, as JSON documents."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from ariane.definitions.customer_view import Segment
from ariane.errors import NotFound, Rejected
from ariane.instants import format_instant
from ariane.profiles.paging import Page, limit_of, slice_after
from ariane.profiles.views import identifiers_view, millis_view
from ariane.segments.audience_formats import Format, columns_of, format_of, sheet_of
from ariane.segments.audience_people import ConsentWanted
from ariane.segments.backfilling import Progress
from ariane.segments.counting import DayCount
from ariane.segments.desk import Asked, SegmentDesk, day_range
from ariane.segments.wording import sentences

MOST_SHOWN = 100
MOST_IDS = 1_000
_DAYS_LISTED = 14
_DAYS_SHOWN = 30
_LARGEST_BODY = 64 * 1024

type Query = Callable[[str], str | None]


def list_view(desk: SegmentDesk, query: Query) -> dict[str, Any]:
    limit = limit_of(query("limit"), default=50, largest=MOST_SHOWN)
    every = desk.segments()
    page = slice_after(every, [each.name for each in every], cursor=query("cursor"), limit=limit)
    latest = desk.latest_backfills() if page.items else []
    return {"data": [_listed(desk, each, latest) for each in page.items], "cursor": page.cursor}


def one_view(desk: SegmentDesk, name: str) -> dict[str, Any]:
    segment = desk.segment(name)
    condition = segment.condition.model_dump(mode="json", by_alias=True, exclude_unset=True)
    own = {"persona": segment.persona, "condition": condition, "words": sentences(segment.condition)}
    counted = _counted(desk, segment, days=_DAYS_SHOWN)
    return _summary(desk, segment, desk.latest_backfills(), counted, (desk.members.count(segment.name), desk.clock())) | own


def members_view(desk: SegmentDesk, name: str, query: Query) -> dict[str, Any]:
    """``identifiers=false``: ids alone, ten times as many."""
    is_brief = query("identifiers") == "false"
    limit = limit_of(query("limit"), default=50, largest=MOST_IDS if is_brief else MOST_SHOWN)
    found = desk.members.members(desk.segment(name).name, limit=limit, cursor=query("cursor"))
    page = Page(found.members, found.cursor)
    if is_brief:
        return {"data": [{"id": each.person, "since": millis_view(each.since)} for each in found.members], "cursor": page.cursor}
    rows = [
        {"id": seen.member.person, "since": millis_view(seen.member.since), "identifiers": identifiers_view(seen.profile)}
        for seen in desk.seen(found.members)
    ]
    return {"data": rows, "cursor": page.cursor}


def counts_view(desk: SegmentDesk, name: str, query: Query) -> dict[str, Any]:
    segment, now = desk.segment(name), desk.clock()
    since, until = day_range(query("from"), query("to"), now=now, default=_DAYS_SHOWN)
    counted = desk.counted(segment.name, since, until)
    return {"from": str(since), "to": str(until), "now": desk.members.count(segment.name), "data": [_count_view(each) for each in counted]}


def export_view(desk: SegmentDesk, name: str, query: Query) -> dict[str, Any]:
    """A page of the file: put the header, and the lines of page after page, one behind the other. ``left_out`` says how many and why."""
    limit = limit_of(query("limit"), default=MOST_SHOWN, largest=MOST_SHOWN)
    asked = asked_of(query("format"), query("consent"), columns_of(query("columns")))
    part = desk.audience(name, asked, limit=limit, cursor=query("cursor"))
    page = Page(part.lines, part.cursor)
    return {"header": asked.sheet.header, "data": part.lines, "people": part.people, "left_out": part.left_out, "cursor": page.cursor}


def asked_of(kind: str | None, consent: str | None, columns: Sequence[str]) -> Asked:
    """Raises Rejected (``unknown_format``, ``invalid_columns``, ``invalid_consent``, ``consent_missing``)."""
    chosen = format_of(kind)
    if chosen.is_of_ads and not consent:
        raise Rejected(
            "consent_missing", f"{chosen} goes to somebody else: say with consent=TOPIC (or TOPIC/CHANNEL) what people agreed to"
        )
    wanted = ConsentWanted.parse(consent) if consent else None
    own = {"id", "since", "user_id", "email", "phone"}
    with_computed = not chosen.is_of_ads and not (chosen is Format.CSV and set(columns) <= own)
    return Asked(kind=chosen, sheet=sheet_of(chosen, columns), consent=wanted, with_computed=with_computed)


def start_view(desk: SegmentDesk, names: Sequence[str], body: str | None, *, by: str) -> dict[str, Any]:
    """``{"announce": false}``; for all segments also ``{"segments": [names]}``."""
    said = _body(body, ("announce",) if names else ("announce", "segments"))
    wanted = names or said.get("segments", [])
    if not isinstance(wanted, list | tuple) or not all(isinstance(each, str) for each in wanted):
        raise Rejected("invalid_body", "segments is a list of names")
    if not isinstance(said.get("announce", False), bool):
        raise Rejected("invalid_body", "announce is true or false")
    for name in wanted:
        desk.segment(name)
    return progress_view(desk.backfills().start_backfill(wanted, announce=said.get("announce", False), by=by))


def backfill_view(desk: SegmentDesk, name: str) -> dict[str, Any]:
    """The latest since the segment is what it is."""
    found = desk.backfill_of(desk.segment(name))
    if found is None:
        raise NotFound("backfill_unknown", "this version of the segment was never backfilled: its members are those heard of since")
    return progress_view(found)


def backfills_view(desk: SegmentDesk) -> dict[str, Any]:
    """The last ten, the newest first; there are no further pages."""
    return {"data": [progress_view(each) for each in desk.backfills().latest()], "cursor": {"has_more": False, "next": None}}


def progress_view(progress: Progress) -> dict[str, Any]:
    backfill, parts = progress.backfill, progress.parts
    return {
        "id": backfill.id,
        "state": state_of(progress),
        "segments": list(backfill.segments),
        "announce": backfill.announces,
        "by": backfill.by,
        "began_at": format_instant(backfill.began_at),
        "ended_at": format_instant(progress.ended_at) if progress.ended_at else None,
        "parts": len(parts),
        "parts_done": sum(part.ended_at is not None for part in parts),
        "people": progress.total(lambda part: part.people),
        "written": progress.total(lambda part: part.written),
        "refolded": progress.total(lambda part: part.refolded),
        "failed": progress.total(lambda part: part.failed),
        "failures": [_failure(text) for part in parts for text in part.named],
    }


def state_of(progress: Progress | None) -> str:
    if progress is None:
        return "missing"
    return "done" if progress.is_done else "running"


def _failure(text: str) -> dict[str, str]:
    person, _, code = text.partition(" ")
    return {"person": person, "code": code}


def _listed(desk: SegmentDesk, segment: Segment, latest: Sequence[Progress]) -> dict[str, Any]:
    counted = _counted(desk, segment, days=_DAYS_LISTED)
    return _summary(desk, segment, latest, counted, desk.how_many(segment, counted))


def _counted(desk: SegmentDesk, segment: Segment, *, days: int) -> Sequence[DayCount]:
    now = desk.clock()
    return desk.counted(segment.name, (now - timedelta(days=days - 1)).date(), now.date())


def _summary(
    desk: SegmentDesk, segment: Segment, latest: Sequence[Progress], counted: Sequence[DayCount], members: tuple[int, datetime]
) -> dict[str, Any]:
    count, counted_at = members
    backfill = desk.backfill_of(segment, latest)
    ended = backfill.ended_at if backfill else None
    return {
        "name": segment.name,
        "label": segment.label or segment.name,
        "description": segment.description,
        "version": segment.version,
        "published_at": format_instant(segment.published_at),
        "announce": segment.announce,
        "members": count,
        "members_at": format_instant(counted_at),
        "backfill": {"state": state_of(backfill), "ended_at": format_instant(ended) if ended else None},
        "counts": [_count_view(each) for each in counted],
    }


def _count_view(each: DayCount) -> dict[str, Any]:
    return {"day": each.day, "count": each.members, "at": format_instant(each.at)}


def _body(text: str | None, known: Sequence[str]) -> Mapping[str, Any]:
    """Nothing is an empty one."""
    if not text:
        return {}
    if len(text) > _LARGEST_BODY:
        raise Rejected("body_too_large", f"a body has at most {_LARGEST_BODY // 1024} KB")
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Rejected("invalid_body", "the body is not JSON") from error
    if not isinstance(said, Mapping):
        raise Rejected("invalid_body", "the body is a JSON object")
    unknown = next((name for name in said if name not in known), None)
    if unknown is not None:
        raise Rejected("unknown_field", f"the body has {' and '.join(known)}, nothing else")
    return said
