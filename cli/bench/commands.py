"""``ariane bench``. Each command imports its measurement when it runs: no other command waits for them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli.command_options import JsonOption
from cli.failures import CommandFailed
from cli.local import run as local
from cli.local.home import PROJECT, Home, Stack, default_home
from cli.local.options import Options
from cli.report import Progress, print_json

bench = typer.Typer(help="Measurements: what an event costs, how fast, how it grows, what a load leaves behind.", no_args_is_help=True)
StartOption = Annotated[bool, typer.Option("--start", help="Start the stack when none is up, and end it afterwards.")]


@bench.command("cost")
def cost(
    events: Annotated[int, typer.Option(min=100, help="How many events each run counts; a multiple of 100.")] = 400,
    region: Annotated[str, typer.Option(help="Whose prices. What is not known of a region is us-east-1's.")] = "us-east-1",
    docs: Annotated[bool, typer.Option("--docs", help="Write the figures into docs/reference/cost.md.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What AWS bills for a million events: units counted over the real functions in an emulator. Also writes .ariane/bench/cost.json."""
    from cli.bench.cost import measure
    from cli.bench.cost_report import show, write_docs
    from cli.bench.prices import price_list

    if events % 100:
        raise CommandFailed("--events must be a multiple of 100, so that 1 % of them is exact")
    measured = measure(price_list(region), PROJECT, events=events, today=datetime.now(UTC).date(), step=Progress().say)
    kept = _keep("cost", measured.as_json())
    if docs:
        write_docs(measured, PROJECT / "docs" / "reference" / "cost.md")
    if as_json:
        print(kept.read_text("utf-8"))
    else:
        show(measured)


@bench.command("latency")
def latency(
    orders: Annotated[int, typer.Option(min=2, help="How many orders count.")] = 50,
    start: StartOption = False,
    as_json: JsonOption = False,
) -> None:
    """From an accepted order to its SMS in the mailbox, warm: p50 and p95."""
    from cli.bench.latency import measure

    with _stack(start) as (home, stack, progress), progress.step(f"Measuring {orders} orders"):
        result = measure(home, stack, orders=orders)
    measured = f"p50 {result['p50']:.3f} s, p95 {result['p95']:.3f} s, max {result['max']:.3f} s"
    _say("latency", result, f"{result['what']}: {measured} over {orders} orders", as_json=as_json)


@bench.command("load")
def load(
    seconds: Annotated[int, typer.Option(min=1, max=600, help="How long wrk sends.")] = 60,
    connections: Annotated[int, typer.Option(min=2, max=64, help="How many requests may be under way at once.")] = 8,
    start: StartOption = False,
    as_json: JsonOption = False,
) -> None:
    """A bounded load with wrk over loopback, then the audit: accepted = stored = applied. Exits 1 when it does not hold."""
    from cli.bench.load import Load, measure

    with _stack(start) as (home, stack, progress):
        result = measure(home, stack, Load(seconds=seconds, connections=connections), progress)
    counts = ", ".join(f"{result[name]:,} {name}" for name in ("accepted", "stored", "distinct", "applied"))
    rate = f"{result['events_per_second']:,.0f} events/s, p99 of a request {result['wrk']['p99_ms']:,.0f} ms"
    _say("load", result, f"{counts} events; {rate}: {'the audit holds' if result['holds'] else 'THE AUDIT FAILS'}", as_json=as_json)
    if not result["holds"]:
        raise typer.Exit(1)


@bench.command("speed")
def speed(
    profile: Annotated[bool, typer.Option("--profile", help="Print where stitch's time goes instead.")] = False, as_json: JsonOption = False
) -> None:
    """CPU of collect and stitch against boto3's, and where stitch's goes."""
    from cli.bench.speed import measure, profile_of_stitch, shown

    progress = Progress()
    if profile:
        print(profile_of_stitch())
        return
    with progress.step("Measuring CPU, seven rounds"):
        lines = measure()
    _say("speed", lines, "\n".join(map(shown, lines)), as_json=as_json)


@bench.command("growth")
def growth(
    profiles: Annotated[int, typer.Option(min=2_000, help="How many profiles the large population has.")] = 1_000_000,
    as_json: JsonOption = False,
) -> None:
    """The same events over a thousand profiles and over a million, in memory: units and CPU. Ten minutes, 6 GB at a million."""
    from cli.bench.growth import measure

    result = measure(Progress(), large=profiles)
    merges = result["merges"]
    ratios = ", ".join(f"{name.replace('_', ' ')} {ratio:.2f}" for name, ratio in result["ratios"].items())
    last = f"{merges['what']}: write units {merges['write_units']:.2f}, read units {merges['read_units']:.2f}"
    _say("growth", result, f"{result['what']}: {ratios} (budget {result['budget']})\n{last} (budget {merges['budget']})", as_json=as_json)


@bench.command("resolver")
def resolver(assertions: Annotated[int, typer.Option(min=1_000, help="How many.")] = 1_000_000, as_json: JsonOption = False) -> None:
    """The reference of identity resolution against a batch union-find, and with conflicts. Two minutes of CPU, 1.5 GB at a million. Exits 1
    unless both find the same people."""
    from cli.bench.resolver import measure

    result = measure(Progress(), assertions=assertions)
    same = f"{result['components']:,} people in both" if result["is_equal"] else "NOT THE SAME PEOPLE"
    times = f"union-find {result['union_find_seconds']:.1f} s, reference {result['reference_seconds']:.1f} s"
    rates = [f"{each['share']:.0%} {each['assertions_per_second']:,.0f}/s" for each in result["conflicts"]]
    shown = f"{result['assertions']:,} assertions: {same}; {times}\nassertions a second by closures in conflict: {', '.join(rates)}"
    _say("resolver", result, shown, as_json=as_json)
    if not result["is_equal"]:
        raise typer.Exit(1)


@bench.command("identity")
def identity(
    profiles: Annotated[
        int, typer.Option(min=2_000, help="How many profiles the large population has; 1000000 takes half an hour and 7 GB.")
    ] = 100_000,
    as_json: JsonOption = False,
) -> None:
    """What linking costs: units, calls and CPU by case, by share of links and of conflicts; merges; large profiles. Three minutes."""
    from cli.bench.identity import measure
    from cli.bench.identity_report import show

    result = measure(Progress(), populations=(1_000, profiles))
    kept = _keep("identity", result)
    if as_json:
        print(kept.read_text("utf-8"))
    else:
        show(result)


@bench.command("segments")
def segments(
    people: Annotated[int, typer.Option(min=500, help="How many leave a segment within a minute; 100000 take five minutes.")] = 10_000,
    backfill: Annotated[
        int, typer.Option(min=0, help="Also a backfill of so many events; a million take a quarter of an hour and 3 GB.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """What recording for segments costs an event, what a buyer's history takes, exits by time alone, and, with --backfill, a backfill."""
    from cli.bench import segment_backfill, segment_exits, segments
    from cli.bench.prices import price_list

    progress = Progress()
    result = segments.measure(progress) | {"exits": segment_exits.measure(progress, people=people)}
    shown = [segments.shown(result), segment_exits.shown(result["exits"])]
    if backfill:
        result["backfill"] = segment_backfill.measure(progress, price_list(), events=backfill)
        shown.append(segment_backfill.shown(result["backfill"]))
    _say("segments", result, "\n".join(shown), as_json=as_json)


@bench.command("rules")
def rules(
    events: Annotated[int, typer.Option(min=1_000, help="How many events the log holds; a million takes 12 minutes.")] = 100_000,
    as_json: JsonOption = False,
) -> None:
    """A change of identity rules over a log in memory: events a second and dollars, of the dry run and of the replay. Three minutes."""
    from cli.bench.rule_replay import measure

    result = measure(Progress(), events=events)
    parts = [
        f"{name}: {result[part]['events_per_second']:,} events/s of CPU, ${result[part]['usd_per_million_events']:.2f} a million events"
        for name, part in (("dry run", "dry_run"), ("replay", "apply"))
    ]
    what = f"{result['events']:,} events, {result['renewed']:,} people renewed, {result['refolded']:,} partitions folded again"
    _say("rules", result, "\n".join([what, *parts]), as_json=as_json)


@contextmanager
def _stack(start: bool) -> Iterator[tuple[Home, Stack, Progress]]:
    """The local run that is up, or one for the time being. Raises CommandFailed."""
    home, progress = default_home(), Progress()
    with ExitStack() as ending:
        if not local.is_up(home) and start:
            ending.enter_context(local.running(home, Options(), progress))
        stack = home.stack()
        if stack is None:
            raise CommandFailed("no local run is up: start one with `ariane up`, or add --start")
        yield home, stack, progress


def _say(name: str, result: object, shown: str, *, as_json: bool) -> None:
    """Prints it and keeps it in ``.ariane/bench``."""
    _keep(name, result)
    if as_json:
        print_json(result)
    else:
        print(shown)


def _keep(name: str, result: object) -> Path:
    kept = default_home().path / "bench" / f"{name}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2, default=float))
    return kept
