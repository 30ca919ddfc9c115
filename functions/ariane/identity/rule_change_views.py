"""A change of rules as JSON: counts, then lists, of which the longest are cut."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ariane.identity.epochs import is_later, plain
from ariane.identity.reference import Refusal
from ariane.identity.rule_change import Regrouped, Rehomed, RuleChange, Turned
from ariane.identity.rules import Identifier


def view_of(change: RuleChange, *, limit: int | None) -> Mapping[str, Any]:
    """Of each list the first ``limit``, None: all of it; ``counts`` tells how many there are. Identifiers are written plainly, a shared
    device's later self with ``epoch``."""
    lists: Mapping[str, Sequence[Any]] = {
        "merges": _each(change.merges, _people, limit),
        "splits": _each(change.splits, _people, limit),
        "demoted": _each(change.demoted, _refusal, limit),
        "no_longer_demoted": _each(change.accepted, _refusal, limit),
        "newly_shared_devices": _each(change.shared_devices, str, limit),
        "new_hubs": _each(change.hubs, str, limit),
        "quarantined": _each(change.quarantined, _texts, limit),
        "events_rehomed": _each(change.rehomed, _rehomed, limit),
        "identifiers_stopped": _each(change.stopped, _turned, limit),
        "identifiers_begun": _each(change.begun, _turned, limit),
    }
    return {"counts": change.counts, "warnings": _warnings(change), "blocked_by": change.blocked.by, **lists}


def _warnings(change: RuleChange) -> Sequence[Mapping[str, str]]:
    blocked = change.blocked
    if not blocked.is_excessive(change.events):
        return []
    told = blocked.excessive or blocked.namespaces
    shares = ", ".join(f"{each.blocked:,} of {each.named:,} {each.namespace} identifiers ({_percent(each.share)})" for each in told)
    events = f"{_count(blocked.events, 'event', 'events')} ({_percent(blocked.events / max(change.events, 1))})"
    losing = f"{events} and {_count(blocked.people, 'person', 'people')}"
    by = ", ".join(f"{pattern} {count:,}" for pattern, count in blocked.by.items())
    message = f"{shares} would be blocked: {losing} would lose one. By pattern: {by}. If that is not meant, make the pattern narrower"
    return [{"code": "many_blocked", "message": message}]


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _each[Row](rows: Sequence[Row], view: Callable[[Row], Any], limit: int | None) -> Sequence[Any]:
    return [view(row) for row in rows[:limit]]


def _texts(identifiers: Iterable[Identifier]) -> Sequence[str]:
    return [str(plain(each)) for each in identifiers]


def _people(row: Regrouped) -> Sequence[Sequence[str]]:
    return [_texts(part) for part in row.parts]


def _refusal(row: Refusal) -> Mapping[str, str]:
    said = row.assertion
    return {"event": said.message_id, "source": said.source, "identifier": str(plain(row.identifier)), "reason": row.reason.value}


def _rehomed(row: Rehomed) -> Mapping[str, Any]:
    return {"from": _home(row.before), "to": _home(row.after), "events": row.events}


def _home(identifier: Identifier | None) -> Mapping[str, Any] | None:
    if identifier is None:
        return None
    return {"identifier": str(plain(identifier)), **({"epoch": 1} if is_later(identifier) else {})}


def _turned(row: Turned) -> Mapping[str, Any]:
    becomes = {"becomes": str(row.becomes)} if row.becomes else {}
    return {"identifier": str(row.identifier), "reason": row.turn.value, "events": row.events, **becomes}
