"""A few seeds of each profile, and that the simulator itself can be trusted: it repeats itself, and it does what it says."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.faults.contracts import Kind
from tests.faults.prove import main
from tests.faults.scheduler import Latency, Scheduler
from tests.faults.shim import Call, Killed, Perform, Shim
from tests.faults.simulator import Case, Report, run
from tests.faults.simulator_profiles import PROFILES
from tests.faults.simulator_shrinking import shrink
from tests.faults.simulator_trace import trace_of

SEEDS = (1, 2)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def reports() -> dict[tuple[str, int], Report]:
    return {(profile, seed): run(Case(seed=seed, profile=profile)) for profile in PROFILES for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("profile", PROFILES)
def test_every_invariant_holds(reports: dict[tuple[str, int], Report], profile: str, seed: int) -> None:
    assert reports[profile, seed].problems == []


def test_a_few_seeds_see_every_kind_of_fault_and_end(reports: dict[tuple[str, int], Report]) -> None:
    faults: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    for report in reports.values():
        faults.update(report.faults)
        ends.update(report.summary["statuses"] | report.summary["runs"])
    assert {str(kind) for kind in Kind} | {"timed out"} <= faults.keys()
    assert {"sent", "skipped no_consent", "skipped no_address", "completed", "exited exit_event"} <= ends.keys()


def test_the_same_case_is_the_same_run() -> None:
    first, second = (list(trace_of(run(Case(seed=3, profile="kills")))) for _ in range(2))
    assert first == second
    assert first != list(trace_of(run(Case(seed=3, profile="kills", schedule=1))))


def test_leaving_out_an_action_leaves_the_others_as_they_are() -> None:
    case = Case(seed=5)
    whole, smaller = case.script(), Case(seed=5, skip=frozenset({0, 3})).script()
    assert smaller == [sending for sending in whole if sending.number not in (0, 3)]


def test_a_case_is_shown_as_it_is_written() -> None:
    case = Case(seed=4, profile="busy", schedule=2, skip=frozenset({1}), without=frozenset({"stale read"}), most_faults=3)
    assert eval(str(case)) == case


def test_a_failure_is_made_small_and_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ariane.journeys.admission.timedelta", lambda **_: timedelta(days=9_999))
    failing = next(report for seed in range(30) if (report := run(Case(seed=seed, profile="fine weather"))).problems)
    small = run(shrink(failing, runs=30))
    assert small.kinds & failing.kinds
    assert len(small.case.script()) < len(failing.case.script()) / 3
    text = "\n".join(trace_of(small))
    assert "MISSED inv 9" in text
    assert "entered" in text
    assert "<user_id:" in text


def test_prove_says_how_much_it_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--case", "Case(seed=1, profile='races')"]) == 0
    assert "handed over" in capsys.readouterr().out


# the scheduler


class Store:
    def __init__(self) -> None:
        self.value = 0

    def read(self) -> int:
        return self.value

    def write(self, value: int) -> None:
        self.value = value


def scheduler_over(seed: int, store: Store, latency: Latency) -> tuple[Scheduler, Store]:
    scheduler = Scheduler(Random(seed), lambda _, perform: perform(), NOON, latency)
    shim = Shim(lambda call, perform: scheduler.through(call, perform))
    port: Store = shim.wrap("store", store)
    return scheduler, port


def test_invocations_meet_between_any_two_calls() -> None:
    """Two that each read and then write lose one of the two writes in some schedules, and in others do not."""

    def sum_under(seed: int) -> int:
        store = Store()
        scheduler, port = scheduler_over(seed, store, Latency())
        for worker in ("a", "b"):
            scheduler.invoke(worker, lambda: port.write(port.read() + 1), timeout=10, done=lambda result, error: None)
        scheduler.run()
        return store.value

    assert {sum_under(seed) for seed in range(20)} == {1, 2}


def test_an_invocation_ends_at_its_time_out_and_does_nothing_after_it() -> None:
    store = Store()
    scheduler, port = scheduler_over(1, store, Latency(instant=0, long=1, longest=3))
    ends: list[tuple[BaseException | None, datetime]] = []

    def body() -> None:
        for value in range(1, 100):
            port.write(value)

    scheduler.invoke("a", body, timeout=5, done=lambda result, error: ends.append((error, scheduler.now)))
    scheduler.run()
    ((error, at),) = ends
    assert isinstance(error, Killed)
    assert at == NOON + timedelta(seconds=5)
    assert 0 < store.value < 20


def test_calls_outside_an_invocation_take_no_time() -> None:
    scheduler, port = scheduler_over(1, Store(), Latency(instant=0, long=1))
    port.write(3)
    assert (port.read(), scheduler.now) == (3, NOON)
    assert scheduler.around(Call("", "store", "read", 0), Perform(port, lambda: 4)) == 4
