"""What a change of rules would do, for a person to read: the counts, then of each list the beginning."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from cli.report import out

_WORDS = {
    "events": "Events read",
    "assertions": "Distinct assertions under the new rules",
    "people_before": "People now",
    "people_after": "People under the new rules",
    "merges": "Would become one person",
    "splits": "Would be parted",
    "demoted": "Identifiers newly refused to an event's person",
    "no_longer_demoted": "Identifiers refused no longer",
    "newly_shared_devices": "Devices that would be shared",
    "new_hubs": "Identifiers that would be hubs",
    "quarantined": "Clusters that would be resolved in the background",
    "events_rehomed": "Events that would be another person's",
    "identifiers_stopped": "Identifiers that would be none any more",
    "identifiers_begun": "Identifiers that would be new",
}


def show(view: Mapping[str, Any], *, console: Console = out) -> None:
    for name, count in view["counts"].items():
        console.print(f"{_WORDS[name]}: {count:,}", markup=False)
    for name, rows in view.items():
        if name != "counts" and rows:
            console.print(f"\n{_WORDS[name]}", style="bold", markup=False)
            for row in rows:
                console.print(f"  {_line(name, row)}", markup=False, soft_wrap=True)
            rest = _length(view["counts"], name, rows)
            if rest > 0:
                console.print(f"  … and {rest:,} more (--limit)", markup=False)


def _length(counts: Mapping[str, int], name: str, rows: Sequence[Any]) -> int:
    """Of those that are not shown. Of events only how many is counted, not how many lines."""
    return 0 if name == "events_rehomed" else counts[name] - len(rows)


def _line(name: str, row: Any) -> str:
    if name == "merges":
        return "  +  ".join(map(_person, row))
    if name == "splits":
        return "  |  ".join(map(_person, row))
    if name in ("demoted", "no_longer_demoted"):
        return f"{row['identifier']}: {row['reason']} (event {row['event']} of {row['source']})"
    if name == "events_rehomed":
        return f"{row['events']:,}: {_home(row['from'])} → {_home(row['to'])}"
    if name in ("identifiers_stopped", "identifiers_begun"):
        becomes = f" → {row['becomes']}" if "becomes" in row else ""
        return f"{row['identifier']}{becomes}: {row['reason']}, {row['events']:,} events"
    return _person(row) if name == "quarantined" else str(row)


def _person(identifiers: Sequence[str]) -> str:
    return ", ".join(identifiers)


def _home(home: Mapping[str, Any] | None) -> str:
    if home is None:
        return "nobody by name"
    return f"{home['identifier']} (since it is shared)" if home.get("epoch") else str(home["identifier"])
