"""The shim changes nothing by itself, and its faults do what their names say."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.sms_sender import MemorySmsSender
from ariane.errors import Conflict, Retryable
from ariane.journeys.tick import hand_over_due
from ariane.messaging.senders import OutcomeUnknown
from ariane.profiles.announcing import Fact
from ariane.profiles.fragments import Fragment, StoredFragment
from tests.builders.events import a_log_item
from tests.builders.journeys import NOON, enrolment
from tests.faults.contracts import Kind
from tests.faults.faults import Faults, Inflict
from tests.faults.shim import Call, Killed, Perform, Shim

FACTS = [Fact("Event", {"cause": f"c{number}"}) for number in range(5)]


class Paged:
    shards = 3

    def __init__(self, *pages: Sequence[int]) -> None:
        self.pages = pages
        self.reads = 0

    def due(self, shard: int) -> Iterator[Sequence[int]]:
        for page in self.pages:
            self.reads += 1
            yield page


def soundly(_: Call, perform: Callable[[], Any]) -> Any:
    return perform()


def doing(kind: Kind) -> Shim:
    inflict = Inflict(Random(1))
    return Shim(lambda call, perform: inflict(kind, call, perform))


def test_calls_of_all_workers_are_counted_in_one_row_and_attributes_are_none() -> None:
    shim = Shim(soundly)
    log = MemoryEventLog()
    first, second = shim.wrap("log", log, worker="a"), shim.wrap("log", log, worker="b")

    assert first.append(a_log_item())
    assert second.get("nobody", "never") is None
    assert shim.wrap("runs", MemoryEnrolments()).shards == 1

    assert shim.calls == [Call("a", "log", "append", 0), Call("b", "log", "get", 1)]
    assert str(shim.calls[1]) == "#1 b log.get"


def test_an_attribute_that_is_set_is_the_ports() -> None:
    texts = MemorySmsSender()
    Shim(soundly).wrap("texts", texts).answers = [Retryable("slow", "slow")]
    assert len(texts.answers) == 1


def test_a_function_is_a_port_with_one_method() -> None:
    shim = Shim(soundly)
    assert shim.wrap("definitions", lambda: 7)() == 7
    assert [call.method for call in shim.calls] == ["__call__"]


def test_each_page_is_a_call_and_so_is_the_end() -> None:
    shim = Shim(soundly)
    pages = shim.wrap("runs", Paged([1], [2, 3])).due(0)
    assert shim.calls == []
    assert list(pages) == [[1], [2, 3]]
    assert [call.method for call in shim.calls] == ["due"] * 3


def test_a_page_that_is_performed_twice_is_read_once_and_no_page_is_skipped() -> None:
    port = Paged([1], [2])
    shim = Shim(lambda _, perform: (perform(), perform())[1])
    assert list(shim.wrap("runs", port).due(0)) == [[1], [2]]
    assert port.reads == 2


def test_after_a_page_that_failed_there_is_none() -> None:
    pages = doing(Kind.FAIL).wrap("runs", Paged([1], [2])).due(0)
    with pytest.raises(Retryable):
        next(pages)
    assert list(pages) == []


def test_a_failure_before_does_nothing_and_a_lost_acknowledgement_does_it() -> None:
    log = MemoryEventLog()
    for kind, count in ((Kind.FAIL, 0), (Kind.THROTTLE, 0), (Kind.LOST, 1)):
        with pytest.raises(Retryable):
            doing(kind).wrap("log", log).append(a_log_item())
        assert len(log.items()) == count


def test_a_provider_whose_answer_is_lost_may_have_sent() -> None:
    texts = MemorySmsSender()
    with pytest.raises(OutcomeUnknown):
        doing(Kind.LOST).wrap("texts", texts).send("sms")
    with pytest.raises(Retryable) as caught:
        doing(Kind.FAIL).wrap("texts", texts).send("sms")
    assert not isinstance(caught.value, OutcomeUnknown)
    assert len(texts.sent) == 1


def test_a_client_that_repeats_a_conditional_write_finds_its_own_first_attempt() -> None:
    shim = doing(Kind.DUPLICATE)
    stored = StoredFragment(fragment=Fragment(person_id="prs_a"))
    fragments = MemoryFragments()
    assert shim.wrap("log", MemoryEventLog()).append(a_log_item()) is False
    with pytest.raises(Conflict):
        shim.wrap("fragments", fragments).save(stored)
    assert fragments.load(["prs_a"])["prs_a"].version == 1


def test_a_batch_is_done_in_part_or_in_another_order() -> None:
    whole, part = MemoryAnnouncer(), MemoryAnnouncer()
    doing(Kind.REORDER).wrap("announcer", whole).publish(FACTS)
    with pytest.raises(Retryable, match="of 5"):
        doing(Kind.PARTIAL).wrap("announcer", part).publish(FACTS)
    assert whole.facts != FACTS
    assert {fact.detail["cause"] for fact in whole.facts} == {f"c{number}" for number in range(5)}
    assert 0 < len(part.facts) < 5


def test_a_page_that_is_short_goes_on_where_it_ended() -> None:
    log = MemoryEventLog()
    for number in range(6):
        log.append(a_log_item(sort=f"2026-11-22T05:29:00.000Z#{number}"))
    reader = doing(Kind.PARTIAL).wrap("history", log)
    found, cursor, pages = 0, None, 0
    while pages == 0 or cursor:
        page = reader.page("prs_aaaaaaaaaaaaaaaaaaaaaaaaaa", cursor=cursor)
        found, cursor, pages = found + len(page.items), page.cursor, pages + 1
    assert found == 6
    assert pages > 1


def test_a_stale_index_shows_what_was_due_before_the_last_writes() -> None:
    runs, inflict = MemoryEnrolments(), Inflict(Random(1))
    kinds = iter([None, Kind.STALE, None])
    shim = Shim(lambda call, perform: inflict(next(kinds, None), call, perform))
    worker = shim.wrap("runs", runs)
    worker.create(enrolment(due=NOON))

    assert next(worker.due(0, NOON, page=9), None) is None
    assert len(next(worker.due(0, NOON, page=9))) == 1


def test_a_killed_process_did_its_last_call_or_did_not() -> None:
    log = MemoryEventLog()
    for kind, count in ((Kind.KILL_BEFORE, 0), (Kind.KILL_AFTER, 1)):
        with pytest.raises(Killed, match=r"log\.append"):
            doing(kind).wrap("log", log).append(a_log_item())
        assert len(log.items()) == count


def test_nothing_of_ours_catches_the_end_of_the_process() -> None:
    """The tick takes every failure of a shard for that shard's own."""
    runs = doing(Kind.KILL_BEFORE).wrap("runs", MemoryEnrolments())
    with pytest.raises(Killed):
        hand_over_due(runs, None, clock=lambda: NOON, horizon=timedelta(0))  # type: ignore[arg-type]


def run(faults: Faults, calls: int = 400) -> list[str]:
    shim = Shim(faults)
    log = shim.wrap("log", MemoryEventLog(), worker="collect")
    for number in range(calls):
        try:
            log.append(a_log_item(sort=f"2026-11-22T05:29:00.000Z#{number % 7}"))
        except (Killed, Retryable):
            continue
    return faults.trace


def test_the_same_seed_brings_the_same_faults_and_another_seed_others() -> None:
    assert run(Faults(7)) == run(Faults(7))
    assert run(Faults(7)) != run(Faults(8))


def test_every_legal_fault_comes_about_as_often_as_its_rate_says_and_the_trace_names_it() -> None:
    trace = run(Faults(7, rate=0.3, kills=0.1), 1_000)
    kinds = Counter(line.partition(": ")[2] for line in trace)
    assert set(kinds) == {"fails before", "lost acknowledgement", "throttled", "done twice", "killed before", "killed after"}
    assert 60 < kinds["killed before"] + kinds["killed after"] < 140
    assert 250 < len(trace) < 600
    assert trace[0].startswith("#")
    assert " collect log.append: " in trace[0]


def test_a_throttled_method_stays_so_for_a_few_calls() -> None:
    trace = run(Faults(7, rate=0.05, kills=0, kinds={Kind.THROTTLE}), 1_000)
    numbers = [int(line[1:].partition(" ")[0]) for line in trace]
    assert any(later - earlier == 1 for earlier, later in pairwise(numbers))


def test_faults_that_are_put_off_do_nothing() -> None:
    faults = Faults(7, rate=0.5)
    faults.active = False
    assert run(faults) == []


def test_each_worker_has_a_clock_of_its_own_that_is_off_by_little() -> None:
    faults = Faults(3)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    clocks = {worker: faults.clock(lambda: now, worker=worker) for worker in ("a", "b")}
    shown = {worker: clock() - now for worker, clock in clocks.items()}
    assert shown["a"] != shown["b"]
    assert all(abs(skew) <= timedelta(seconds=2) and skew == clocks[worker]() - now for worker, skew in shown.items())


def test_a_port_that_no_row_speaks_of_is_an_error() -> None:
    with pytest.raises(KeyError):
        Faults(1)(Call("", "log", "drop_everything", 0), Perform(None, lambda: None))
