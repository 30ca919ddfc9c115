"""The identity figures for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.report import print_table

type Row = Mapping[str, object]


def show(result: Mapping[str, Any]) -> None:
    for title, rows in _tables(result):
        print_table(title, rows, list(rows[0]))


def _tables(result: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Row]]]:
    for people, settings in result["settings"].items():
        yield f"Stitch, per event, {people} profiles ({result['events']:,} events a line)", [_setting(each) for each in settings]
    yield "What each case takes, over all of these events", [_case(name, case) for name, case in result["cases"].items()]
    yield "Merging", [_merge(each) for each in result["merges"]]
    yield (
        "One profile, by its fragments: reading it, and deciding on one marketing message",
        [_profile(each) for each in result["profiles"]],
    )


def _setting(line: Mapping[str, Any]) -> Row:
    count = sum(line["cases"].values())
    return {
        "links": f"{line['linking']:.0%}",
        "in conflict": f"{line['in_conflict']:.0%}",
        "write units": f"{line['write_units']:.2f}",
        "read units": f"{line['read_units']:.2f}",
        "CPU ms": f"{line['cpu_ms']:.2f}",
        "most calls": f"{line['most_calls']:,}",
        "cases": ", ".join(f"{case} {taken / count:.1%}" for case, taken in line["cases"].items()),
    }


def _case(name: str, case: Mapping[str, Any]) -> Row:
    sizes = {name: _spread(case[name]) for name in ("identifiers", "assertions") if name in case}
    spreads = {name.replace("_", " "): _spread(case[name]) for name in ("write_units", "read_units", "calls")}
    return {"case": name, "events": f"{case['events']:,}", **spreads, "identifiers": "", "assertions": "", **sizes}


def _spread(values: Mapping[str, float]) -> str:
    return " / ".join(f"{values[name]:,.0f}" for name in ("p50", "p99", "most"))


def _merge(line: Mapping[str, Any]) -> Row:
    units = {"write units": f"{line['write_units']:.0f}", "read units": f"{line['read_units']:.0f}"}
    return {"what": line["what"], **units, "calls": line["calls"], "case": line["case"]}


def _profile(line: Mapping[str, Any]) -> Row:
    return {
        "fragments": f"{line['fragments']:,}",
        "for a decision: read units": f"{line['brief_read_units']:,.0f}",
        "calls": f"{line['brief_calls']:,}",
        "CPU ms": f"{line['brief_cpu_ms']:,.2f}",
        "with consents and ledger: read units": f"{line['deciding_read_units']:,.0f}",
        "calls to decide": f"{line['deciding_calls']:,}",
        "whole: read units": f"{line['read_units']:,.0f}",
        "calls, whole": f"{line['calls']:,}",
        "CPU ms, whole": f"{line['cpu_ms']:,.2f}",
        "summing up: write units a browser": f"{line['sealing_write_units']:,.1f}",
        "waking one": f"{line['waking_write_units']:,.0f}" if line["waking_write_units"] else "",
        "": "" if line["is_sendable"] else "skipped: too many identifiers",
    }
