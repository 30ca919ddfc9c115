"""The evaluating function, put together as ``wiring`` does it, over ports of any kind."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from ariane.adapters.memory.fragments import MemoryFragments
from ariane.definitions.customer_view import CustomerView
from ariane.identity.rules import Rules
from ariane.profiles.announcing import PROFILE_MERGED, PROFILE_SPLIT, Fact
from ariane.profiles.asked_person import Asking
from ariane.profiles.homes import HomeReader
from ariane.profiles.reader import ProfileReader
from ariane.profiles.refolding import refold
from ariane.profiles.stitching import Stores
from ariane.segments.asking import EvaluationAsker
from ariane.segments.backfilling import BackfillDesk, BackfillWorker
from ariane.segments.completing import Completing
from ariane.segments.counting import take_count
from ariane.segments.evaluating import Evaluator, World
from ariane.segments.reading_ahead import ReadAhead
from ariane.segments.sweeping import DueWaker, Sweep
from ariane.segments.worker import EvaluateWorker

PORTS = ("segment_rows", "evaluate_queue", "backfills", "people_scan", "segment_counts")

IDENTITY_FACTS: Mapping[str, str] = {PROFILE_MERGED: "merged", PROFILE_SPLIT: "split"}
"""What the bus carries to the queue, and as what."""

type Port = Callable[[str], Any]


def evaluate_worker(
    port: Port, *, view: Callable[[], CustomerView], rules: Callable[[], Rules], key: bytes, clock: Any, fresh: Callable[[], CustomerView]
) -> EvaluateWorker:
    """``fresh``: the view as it is published, not as it was a minute ago."""
    homes = HomeReader(port("identities"), rules=rules, key=lambda: key)
    reader = ProfileReader(port("identities"), port("fragments"))
    ahead = ReadAhead(port("identities"), port("fragments"), port("segment_rows"))
    world = World(
        rows=ahead.rows,
        profiles=ahead.profiles,
        ahead=ahead,
        identities=port("identities"),
        asking=Asking(view=view, rules=rules, log=port("log"), homes=homes, whole=reader.snapshot, consents=port("consents").states),
        announcer=port("announcer"),
        queue=port("evaluate_queue"),
        clock=clock,
    )
    evaluator = Evaluator(world)
    stores = Stores(identities=port("identities"), fragments=port("fragments"), log=port("log"), consents=port("consents"), clock=clock)
    completing = Completing(
        profiles=reader,
        fragments=port("fragments"),
        log=port("log"),
        refold=lambda partition, observing: refold(partition, stores=stores, key=key, rules=rules(), observing=observing),
        background=port("background_queue"),
        queue=port("evaluate_queue"),
    )
    backfills = BackfillWorker(
        store=port("backfills"),
        scan=port("people_scan"),
        identities=port("identities"),
        completer=completing,
        evaluate=lambda asked: evaluator.evaluate([asked]),
        queue=port("evaluate_queue"),
        view=fresh,
        clock=clock,
    )
    rows, queue = port("segment_rows"), port("evaluate_queue")
    return EvaluateWorker(
        evaluator=evaluator,
        identities=port("identities"),
        homes=port("fragments"),
        queue=port("evaluate_queue"),
        sweep=lambda job, many: Sweep(index=rows, queue=queue, evaluate=many, clock=clock).sweep(job),
        backfill=backfills.take,
        count=partial(take_count, members=port("segment_rows"), counts=port("segment_counts"), clock=clock),
        export=lambda _: 0,
    )


def backfill_desk(port: Port, *, view: Callable[[], CustomerView], clock: Any) -> BackfillDesk:
    return BackfillDesk(port("backfills"), port("evaluate_queue"), view=view, clock=clock)


def due_waker(port: Port, *, clock: Any) -> DueWaker:
    return DueWaker(port("segment_rows"), port("evaluate_queue"), clock=clock)


def asker(port: Port, *, view: Callable[[], CustomerView], rules: Callable[[], Rules], key: bytes) -> EvaluationAsker:
    homes = HomeReader(port("identities"), rules=rules, key=lambda: key)
    return EvaluationAsker(port("evaluate_queue"), view=view, rules=rules, key=lambda: key, homes=homes)


def fragment_ids(fragments: MemoryFragments) -> frozenset[str]:
    """Person ids under which anything of a fragment lies."""
    return frozenset({*fragments._rows, *(route.home for route in fragments._routed)})


def body_of(kind: str, fact: Fact) -> str:
    """As the rule on the bus makes a message of a merge or a split."""
    return orjson.dumps({"kind": kind, "fact": dict(fact.detail)}).decode()
