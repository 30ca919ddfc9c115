"""How segments look on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.report import counted

_BARS = "▁▂▃▄▅▆▇█"
_STATES = {"missing": "needed", "running": "running", "done": "done"}


def sparkline(counts: Sequence[int]) -> str:
    """The smallest of them is the lowest bar, the largest the highest."""
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    return "".join(_BARS[(each - low) * (len(_BARS) - 1) // (high - low) if high > low else 0] for each in counts)


def row(segment: Mapping[str, Any]) -> dict[str, object]:
    return {
        "name": segment["name"],
        "label": segment["label"],
        "members": f"{segment['members']:,}",
        "as of": minute(segment["members_at"]),
        "day by day": sparkline([each["count"] for each in segment["counts"]]),
        "version": segment["version"],
        "backfill": backfill_text(segment["backfill"]),
    }


def backfill_text(backfill: Mapping[str, Any]) -> str:
    ended = f", {minute(backfill['ended_at'])}" if backfill["ended_at"] else ""
    return _STATES[backfill["state"]] + ended


def about(segment: Mapping[str, Any]) -> list[str]:
    """Lines."""
    shown = [
        segment["label"] if segment["label"] == segment["name"] else f"{segment['label']} ({segment['name']})",
        *([segment["description"]] if segment["description"] else []),
        "",
        *segment["words"],
        "",
        f"{counted(segment['members'], 'member')} now; version {segment['version']}, published {minute(segment['published_at'])}",
        f"backfill: {backfill_text(segment['backfill'])}",
        f"entries and exits are {'announced' if segment['announce'] else 'not announced'}",
    ]
    days = [f"  {each['day']}  {each['count']:>9,}" for each in segment["counts"]]
    persona = ["", "Persona:", segment["persona"].strip()] if segment["persona"] else []
    return [*shown, *(["", "Members day by day:", *days] if days else []), *persona]


def member_row(member: Mapping[str, Any]) -> dict[str, object]:
    return {"since": second(member["since"]), "id": member["id"], "identifiers": identifiers_text(member.get("identifiers", ()))}


def identifiers_text(identifiers: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{each['type']}:{each['value']}" for each in identifiers)


def minute(instant: str | None) -> str:
    return f"{instant[:16].replace('T', ' ')} UTC" if instant else "–"


def second(instant: str | None) -> str:
    return f"{instant[:19]}Z" if instant else "always"
