"""Lines of the lake: what a log item and a change of identities look like there. Pure."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from ariane.events.model import LogItem, Message, event_of, is_of_bot
from ariane.instants import format_instant, parse_instant
from ariane.lake.columns import DAY, EVENTS, FIRST_DAY, IDENTITIES

type Row = Mapping[str, Any]

_SESSIONS = ("$session_id", "session_id", "ga_session_id")
"""Where wires without ``context.sessionId`` put it, among an event's properties."""


class Owner(NamedTuple):
    """Whose an event is."""

    person_id: str
    """The fragment that it was folded into."""
    profile_id: str
    """The root of that person when the event landed."""


class Placed(NamedTuple):
    """An event in the log, whether it was stitched or not: what lands has copies, bots and what could not be stitched in it."""

    item: LogItem
    place: int

    @property
    def message(self) -> Message:
        return self.item.messages[self.place]

    @property
    def item_key(self) -> tuple[str, str]:
        return self.item.person_id, self.item.sort

    @property
    def cause(self) -> str:
        return f"{self.item.person_id}/{self.item.sort}/{self.place}"


@dataclass(frozen=True, slots=True)
class LakeObject:
    key: str
    body: bytes
    """NDJSON, gzip."""


def event_row(placed: Placed, owner: Owner, *, at: datetime, is_stitched: bool) -> Row:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is no event."""
    message = placed.message
    event = event_of(placed.item, message)
    context = message.get("context") or {}
    return {
        "message_id": event.message_id,
        "type": event.type,
        "event": event.name,
        "timestamp": format_instant(event.timestamp),
        "received_at": format_instant(event.received_at),
        "source": event.source,
        "kind": str(event.kind),
        "person_id": owner.person_id,
        "profile_id": owner.profile_id,
        "user_id": _text(message.get("userId")),
        "anonymous_id": _text(message.get("anonymousId")),
        "group_id": _text(message.get("groupId")),
        "session_id": _session(event.properties, context),
        "page_url": _text(_part(context, "page", "url")),
        "campaign": _json(context.get("campaign")),
        "properties": _json(event.properties),
        "traits": _json(event.traits),
        "context": _json(context),
        "is_bot": is_of_bot(message),
        "is_stitched": is_stitched,
        "cause": placed.cause,
        "landed_at": format_instant(at),
    }


def identity_row(person_id: str, profile_id: str, *, at: datetime, cause: str) -> Row:
    return {"person_id": person_id, "profile_id": profile_id, "mapped_at": format_instant(at), "cause": cause}


def event_objects(rows: Sequence[Row]) -> list[LakeObject]:
    """One a partition of the events. Their names come from what is in them, so that the same rows land on themselves."""
    days: dict[str, list[Row]] = {}
    for row in rows:
        days.setdefault(partition_of(row), []).append(row)
    return [_object(EVENTS, day, theirs, [row["cause"] for row in theirs]) for day, theirs in sorted(days.items())]


def identity_object(rows: Sequence[Row], *, at: datetime) -> LakeObject:
    return _object(IDENTITIES, format_instant(at)[:10], rows, [f"{row['person_id']}/{row['cause']}" for row in rows])


def day_of(event: Row) -> str:
    return str(event["timestamp"])[:10]


def partition_of(event: Row) -> str:
    """The event's day, if Athena looks for it; else the nearest that it does: the first, or the day after the event was received. Nobody
    would find it elsewhere."""
    tomorrow = parse_instant(event["received_at"]) + timedelta(days=1)
    return max(FIRST_DAY, min(day_of(event), format_instant(tomorrow)[:10]))


def line_of(row: Row) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def key_of(table: str, day: str, name: str) -> str:
    return f"{table}/{DAY}={day}/{name}.ndjson.gz"


def _object(table: str, day: str, rows: Sequence[Row], names: Sequence[str]) -> LakeObject:
    digest = sha256("\n".join(sorted(names)).encode()).hexdigest()[:32]
    return LakeObject(key_of(table, day, digest), gzip.compress(b"".join(map(line_of, rows)), mtime=0))


def _session(properties: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    found = (context.get("sessionId"), *(properties.get(name) for name in _SESSIONS))
    return next((_text(each) for each in found if each not in (None, "")), None)


def _part(context: Mapping[str, Any], *names: str) -> object:
    found: object = context
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None if value is None else orjson.dumps(value).decode()


def _json(value: object) -> str | None:
    return orjson.dumps(value).decode() if value else None
