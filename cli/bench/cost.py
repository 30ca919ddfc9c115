"""Every line of the cost table, counted: what it is, what it costs, its budget, and under which assumptions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ariane.definitions.bundle import Bundle
from cli.bench.at_rest import Item, itemise, synthesise
from cli.bench.baseline import CHOICES, count_baseline
from cli.bench.cloud_stores import sample_brand
from cli.bench.enrolments import count_enrolments, count_tick
from cli.bench.evaluations import LOOKING, ORDERS, Evaluations, count_evaluations
from cli.bench.lake import EVENTS_A_DAY, CountedLake, count_lake, per_million
from cli.bench.path import Counted, Traffic, count_path
from cli.bench.prices import PriceList
from cli.bench.units import Bill

MILLION = 1_000_000
BUDGETS: Mapping[int, Decimal] = {1: Decimal("2.90"), 4: Decimal("0.85"), 10: Decimal("0.55")}
TIMES_DEARER = Decimal(20)
PER_EVENT = "per event"
BUSY, QUIET = 10, 1
"""Requests that one invocation of stitch finds in the stream."""
ASSUMPTIONS = (
    "list prices without free tier; Lambda duration is not in any line: 10 ms at 512 MB on arm64 are 0.07 per million invocations",
    "browser events of analytics.js, each client batch about one known person: fifteen event names, twelve traits, a full ring",
    "every batch updates its fragment; 1 % of events start a journey (enrolment and its due row included), 1 % link a new identifier",
    "nothing is sent, and the lake has lines of its own; functions are warm, and what they read once a minute (definitions, write keys) "
    "was just read",
    f"busy: {BUSY} requests in a batch of the stream; quiet: {QUIET}, so that each is an invocation of stitch for itself: that alone is "
    "what a quiet hour costs more. The journey queue hands over what is there, mostly one message",
    "without the front but in its own lines, which are for North America; in Europe a request to CloudFront costs 1.20 instead of 1.00",
    "the lake: each request is another person's, so that nobody is read for two at once; an invocation and an object are shared by what "
    f"five minutes bring at {EVENTS_A_DAY:,} events a day",
    f"segments: each person has {ORDERS} orders in the two years before; the evaluate queue is emptied after each invocation of "
    "stitch, ten people at most; single evaluations are of people with two identifiers, fifty at a time; first events come alone",
    "CloudWatch Logs takes what the functions print, the gateway's access log, and 26 bytes for each event of it",
)
LEFT_OUT = "What recording for segments takes of CPU and bytes, time-only exits and backfills: `ariane bench segments`."

type Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    what: str
    usd: Decimal
    """Per million of ``of``."""
    of: str = "events"
    quiet: Decimal | None = None
    budget: Decimal | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    measured_on: str
    region: str
    prices_of: str
    borrowed: Sequence[str]
    lines: Sequence[Line]
    times_dearer: Decimal
    """The per-event design against batches of four."""
    parts: Mapping[str, Mapping[str, Decimal]]
    """Column -> part -> dollars per million events."""
    at_rest: Mapping[str, Sequence[Item]]
    sizes: Mapping[str, Any]
    assumptions: Sequence[str] = ASSUMPTIONS
    left_out: str = LEFT_OUT
    choices: Mapping[str, str] = field(default_factory=lambda: CHOICES)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(prices: PriceList, project: Path, *, events: int, today: date, step: Step) -> Measured:
    """``events``: how many are counted in each run; a multiple of 100, so that 1 % of them is exact."""
    bundle = sample_brand()
    busy, quiet = _paths(bundle, events, step)
    step("Counting server batches, enrolments and the lake")
    servers = count_path(Traffic(batch=10, people_in_batch=10, events=events, records=1), bundle)
    enrolled, people = count_enrolments(bundle), 5
    lakes = {batch: count_lake(bundle, batch=batch) for batch in BUDGETS}
    step("Counting evaluations of segments")
    evaluations = count_evaluations(bundle, [*BUDGETS], events=events, records=BUSY)
    step("Counting the per-event design")
    baseline = count_baseline(events=max(100, events // 2))
    step("Reading what bills at rest from the templates")
    tick = count_tick(bundle)
    at_rest = {stage: itemise(synthesise(stage, project), tick, prices) for stage in ("prod", "dev")}
    lines = [_path_line(batch, busy[batch], quiet[batch], prices) for batch in BUDGETS]
    per_event = _per_million(baseline.bill, baseline.events, prices)
    lines += [
        Line(what="server batches of 10 events of 10 people", usd=_per_million(servers.bill, servers.events, prices)),
        Line(what="an enrolment with one wait, from the bus on", usd=_per_million(enrolled, people, prices), of="enrolments"),
        *(_front_line(batch, prices) for batch in BUDGETS),
        *(_lake_line(batch, lakes[batch], prices) for batch in BUDGETS),
        *_segment_lines(evaluations, prices),
        Line(what="the per-event design", usd=per_event),
    ]
    return Measured(
        measured_on=today.isoformat(),
        region=prices.region,
        prices_of=prices.as_of,
        borrowed=sorted(prices.borrowed),
        lines=lines,
        times_dearer=per_event / lines[1].usd,
        parts={**{f"b={batch}": _parts(counted, prices) for batch, counted in busy.items()}, PER_EVENT: _parts(baseline, prices)},
        at_rest=at_rest,
        sizes={**_sizes(busy), "event_in_the_lake": round(lakes[max(BUDGETS)].event_size)},
    )


def _paths(bundle: Bundle, events: int, step: Step) -> tuple[dict[int, Counted], dict[int, Counted]]:
    busy: dict[int, Counted] = {}
    quiet: dict[int, Counted] = {}
    for batch in BUDGETS:
        step(f"Counting {events} events in batches of {batch}")
        traffic = Traffic(batch=batch, events=events, records=BUSY)
        busy[batch], quiet[batch] = count_path(traffic, bundle), count_path(replace(traffic, records=QUIET), bundle)
    return busy, quiet


def _path_line(batch: int, busy: Counted, quiet: Counted, prices: PriceList) -> Line:
    return Line(
        what=f"collect → stitch → decide, batches of {batch}" if batch > 1 else "collect → stitch → decide, one event a request",
        usd=_per_million(busy.bill, busy.events, prices),
        quiet=_per_million(quiet.bill, quiet.events, prices),
        budget=BUDGETS[batch],
    )


def _front_line(batch: int, prices: PriceList) -> Line:
    """A request to CloudFront, a run of its function and the bytes (docs/adr/0009), on top of what the path costs."""
    usd = sum((prices.of(f"cloudfront_{part}") for part in ("request", "function", "data")), Decimal(0)) * MILLION / batch
    return Line(what=f"on top, with CloudFront in front (option front, on in prod), batches of {batch}", usd=usd)


def _lake_line(batch: int, counted: CountedLake, prices: PriceList) -> Line:
    return Line(what=f"on top, with the lake, batches of {batch}", usd=per_million(counted, prices))


def _segment_lines(evaluations: Evaluations, prices: PriceList) -> list[Line]:
    kinds = (("the sample brand's seven segments", evaluations.sample), (f"{LOOKING} segments that look at the event", evaluations.looking))
    lines = [
        Line(what=f"on top, with {what}, batches of {batch}", usd=_per_million(bill, count, prices))
        for what, counted in kinds
        for batch, (bill, count) in counted.items()
    ]
    single = [Line(what=what, usd=_per_million(bill, count, prices), of="of them") for what, (bill, count) in evaluations.single.items()]
    return [*lines, *single]


def _per_million(bill: Bill, count: int, prices: PriceList) -> Decimal:
    return prices.cost_of(bill) * MILLION / count


def _parts(counted: Counted, prices: PriceList) -> Mapping[str, Decimal]:
    parts: dict[str, Decimal] = {}
    for entry, quantity in counted.bill.entries.items():
        name = f"{entry.by or 'entrance'}: {prices.prices[entry.unit].what}"
        parts[name] = parts.get(name, Decimal(0)) + quantity * prices.of(entry.unit) * MILLION / counted.events
    return parts


def _sizes(busy: Mapping[int, Counted]) -> Mapping[str, Any]:
    return {
        "event_as_sent": round(busy[1].event_size),
        "fragment_item": _mean_and_most(busy[1].item_sizes["profiles"]),
        **{f"log_item_of_{batch}": _mean_and_most(counted.item_sizes["events"]) for batch, counted in busy.items()},
    }


def _mean_and_most(sizes: tuple[float, int]) -> dict[str, int]:
    return {"mean": round(sizes[0]), "most": sizes[1]}
