"""What a change of rules would do, for a person to read: the counts that are not nothing, then of each list the beginning."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Console

from cli.report import out


class _Words(NamedTuple):
    one: str
    several: str
    """Both follow the number."""


_WORDS: Mapping[str, _Words] = {
    "merges": _Words("person would be made of several of now", "people would be made of several of now"),
    "splits": _Words("person would be taken apart into several", "people would be taken apart into several"),
    "demoted": _Words(
        "link between identifiers that is not refused now would be", "links between identifiers that are not refused now would be"
    ),
    "no_longer_demoted": _Words("link that is refused now would be accepted", "links that are refused now would be accepted"),
    "newly_shared_devices": _Words(
        "device would count as shared by several customers, and join them no more",
        "devices would count as shared by several customers, and join them no more",
    ),
    "new_hubs": _Words(
        "identifier would be of too many customers to say who somebody is",
        "identifiers would be of too many customers to say who somebody is",
    ),
    "quarantined": _Words(
        "group of people contradicts itself so much that it would be sorted out in the background",
        "groups of people contradict themselves so much that they would be sorted out in the background",
    ),
    "events_rehomed": _Words("event would be another person's", "events would be another person's"),
    "identifiers_stopped": _Words("identifier would not count any more", "identifiers would not count any more"),
    "identifiers_begun": _Words("identifier that is ignored now would count", "identifiers that are ignored now would count"),
}
"""In the order in which they are told."""
_REFUSED = {
    "shared_device": "the device is shared",
    "hub": "it is of too many customers",
    "split": "somebody took the two apart by hand",
    "unique": "one person has one of these",
    "limit": "the person would have more of these than the limit",
    "component_limit": "the person would have more identifiers than the component limit",
    "untrusted": "a public source may not join two known customers",
    "quarantined": "too much evidence in contradiction",
}
_TURNED = {
    "namespace": "its namespace is in one of the two sets of rules alone",
    "blocked": "blocked, a placeholder or malformed",
    "normaliser": "written otherwise",
    "place": "the trait that holds it is read by one of the two sets of rules alone",
}


def show(view: Mapping[str, Any], *, console: Console = out) -> None:
    """``view`` may be without lists."""
    for line in count_lines(view["counts"]):
        console.print(line, markup=False, soft_wrap=True)
    for warning in view.get("warnings", ()):
        console.print(f"Warning: {warning['message']}.", style="yellow", markup=False, soft_wrap=True)
    for name in _WORDS:
        rows = view.get(name, ())
        if rows:
            console.print(f"\n{_counted(name, view['counts'][name])}", style="bold", markup=False, soft_wrap=True)
            for line in _list_lines(name, rows, view["counts"]):
                console.print(f"  {line}", markup=False, soft_wrap=True)


def count_lines(counts: Mapping[str, int]) -> list[str]:
    people = f"{_number(counts['people_before'], 'person', 'people')} now, {counts['people_after']:,} under the new rules"
    read = f"{_number(counts['events'], 'event', 'events')} read"
    told = [_counted(name, counts[name]) for name in _WORDS if counts[name]]
    if counts["blocked_identifiers"]:
        told.append(_blocked(counts))
    return [f"{read}: {people}", *(told or ["Nothing would change"])]


def _blocked(counts: Mapping[str, int]) -> str:
    of_them = _number(counts["blocked_identifiers"], "identifier", "identifiers")
    losing = f"{_number(counts['blocked_events'], 'event', 'events')} and {_number(counts['blocked_people'], 'person', 'people')}"
    return f"{of_them} would be blocked: {losing} would lose one"


def _counted(name: str, count: int) -> str:
    return _number(count, *_WORDS[name])


def _number(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _list_lines(name: str, rows: Sequence[Any], counts: Mapping[str, int]) -> list[str]:
    lines = [_line(name, row) for row in rows]
    if name == "events_rehomed":
        rest, what = counts[name] - sum(row["events"] for row in rows), " events"
    else:
        rest, what = counts[name] - len(rows), ""
    return [*lines, f"… and {rest:,} more{what} (--limit, or --json for all)"] if rest > 0 else lines


def _line(name: str, row: Any) -> str:
    if name == "merges":
        return "  +  ".join(map(_person, row))
    if name == "splits":
        return "  |  ".join(map(_person, row))
    if name in ("demoted", "no_longer_demoted"):
        return f"{row['identifier']}: {_REFUSED.get(row['reason'], row['reason'])} (message {row['event']} of {row['source']})"
    if name == "events_rehomed":
        return f"{_number(row['events'], 'event', 'events')}: {_home(row['from'])} → {_home(row['to'])}"
    if name in ("identifiers_stopped", "identifiers_begun"):
        becomes = f" → {row['becomes']}" if "becomes" in row else ""
        return f"{row['identifier']}{becomes}: {_TURNED[row['reason']]}, {_number(row['events'], 'event', 'events')}"
    return _person(row) if name == "quarantined" else str(row)


def _person(identifiers: Sequence[str]) -> str:
    return ", ".join(identifiers)


def _home(home: Mapping[str, Any] | None) -> str:
    if home is None:
        return "nobody by name"
    return f"{home['identifier']} (since it is shared)" if home.get("epoch") else str(home["identifier"])
