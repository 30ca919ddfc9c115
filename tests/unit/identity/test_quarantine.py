"""What the background does about a cluster while others go on bringing evidence, while another run does the same, and where it dies."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.aws.at_a_time import AT_A_TIME, ten_at_a_time
from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Retryable
from ariane.identity import background, stages
from ariane.identity.background import SHUT_FOR, resolve_cluster
from ariane.identity.clusters import ClusterReader
from ariane.identity.jobs import ClusterJob, message_of
from ariane.identity.linking import Linker
from ariane.identity.model import Assertion, Cluster, Merged, Parted, Transition
from ariane.identity.operating import Operator
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb
from ariane.profiles.background import BackgroundWorker
from ariane.profiles.refolding import RefoldReport
from tests.builders.identity_worlds import says
from tests.builders.profiles import KEY, NOON, prs
from tests.faults.identity_mirror import Mirror
from tests.faults.shim import Killed

EMAIL, USER = "email:a@shop.example", "user_id:u1"
RULES = Rules.from_document({})
LATER = NOON + timedelta(days=1)
type Around = Callable[[str, "Watched"], None]


class Watched:
    """The store, with what happens before each of its calls."""

    def __init__(self, around: Around | None = None) -> None:
        self.real = MemoryIdentities()
        self.around = around
        self.calls: list[str] = []
        self.committed: list[Transition] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.real, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if self.around is not None:
                self.around(name, self)
            answer = method(*args, **kwargs)
            if name == "commit":
                if args[0].transition is not None:
                    self.committed.append(args[0].transition[1])
                if self.around is not None:
                    self.around("committed", self)
            return answer

        return call


@dataclass
class World:
    """One address on very many devices, taken away from the account by an operator, which is too much at once."""

    devices: int = 60
    bound: int = 20
    store: Any = field(default_factory=Watched)
    assertions: list[Assertion] = field(default_factory=list)
    waiting: str = ""
    split: str = ""

    def __post_init__(self) -> None:
        for number in range(self.devices):
            self.learn(EMAIL, f"anonymous_id:d{number}", minute=10 + number / 100)
        self.learn(USER, EMAIL, minute=100)
        operator = Operator(self.store.real, KEY, bound=self.bound)
        split, transition = operator.split([Identifier.parse(USER)], rules=RULES, by="lea", why="two", at=NOON)
        assert transition.quarantined is not None
        self.split, self.waiting = split.id, transition.quarantined

    def learn(self, *texts: str, minute: float, now: Any = LATER) -> None:
        assertion = says(*texts, minute=minute, order_by=RULES)
        Linker(self.store.real, KEY, bound=self.bound, clock=lambda: now).take(assertion, rules=RULES, cause=f"log/{assertion.message_id}")
        self.assertions.append(assertion)

    def arrive(self, number: int, *, now: Any = LATER) -> bool:
        """Another device of the hot address. False: it is to come again."""
        try:
            self.learn(EMAIL, f"anonymous_id:x{number}", minute=9000 + number / 100, now=now)
        except Retryable:
            return False
        return True

    def resolve(self) -> Transition:
        return resolve_cluster(self.store, KEY, self.waiting, RULES, at=LATER)

    @property
    def row(self) -> Cluster:
        row: Cluster = self.store.real.clusters([self.waiting])[self.waiting]
        return row

    def problems(self) -> list[str]:
        splits = [*self.store.real.splits([self.split]).values()]
        mirror = Mirror(store=self.store.real, assertions=self.assertions, splits=splits, rules=RULES, key=KEY)
        return [*mirror.problems()]


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A background run of as many commits as if there were thousands of devices."""
    monkeypatch.setattr(stages, "_MOVES", 1)
    monkeypatch.setattr(background, "MOST_ACTIONS", 3)


# others go on bringing evidence


@pytest.mark.parametrize("every", [3, 5, 20])
@pytest.mark.usefixtures("small_steps")
def test_a_cluster_is_resolved_however_steadily_new_evidence_comes(every: int) -> None:
    world, late = World(), list[int]()
    tried = 0

    def arrives(name: str, store: Watched) -> None:
        nonlocal tried
        if name != "committed" and len(store.calls) % every == 0:
            tried += 1
            if not world.arrive(tried):
                late.append(tried)

    world.store.around = arrives
    world.resolve()
    reads = world.store.calls.count("assertions_under")
    world.store.around = None

    assert world.row.quarantine is None
    assert (world.row.shut_until, tried > 0) == (None, True)
    assert reads <= 2 * (world.devices + tried + 3)
    assert all(world.arrive(number) for number in late)
    world.resolve()  # what came last may be too much again
    assert world.problems() == []


def test_nothing_is_shut_where_nobody_comes() -> None:
    world = World()
    shut = [each for each in _rows_while(world, world.resolve) if each.shut_until is not None]
    assert (shut, world.row.quarantine) == ([], None)


def test_whom_a_dead_run_shut_out_is_let_in_again() -> None:
    world = World()
    background._shut(world.store.real, world.waiting, LATER)
    assert world.row.shut_until == LATER + SHUT_FOR
    assert not world.arrive(1, now=LATER + SHUT_FOR - timedelta(seconds=1))
    assert world.arrive(2, now=LATER + SHUT_FOR)
    assert world.arrive(1, now=LATER + SHUT_FOR)
    world.resolve()
    assert (world.row.quarantine, world.problems()) == (None, [])


def test_a_run_that_comes_later_keeps_the_cluster_shut_for_as_long_as_it_may_take() -> None:
    world = World()
    background._shut(world.store.real, world.waiting, LATER)
    before = world.row.version
    background._shut(world.store.real, world.waiting, LATER)
    assert world.row.version == before
    background._shut(world.store.real, world.waiting, LATER + timedelta(minutes=10))
    assert world.row.shut_until == LATER + timedelta(minutes=10) + SHUT_FOR


def test_what_is_in_no_quarantine_is_never_shut() -> None:
    world = World()
    world.resolve()
    background._shut(world.store.real, world.waiting, LATER)
    assert world.row.shut_until is None


# two runs of one cluster


@pytest.mark.parametrize("every", [1, 3, 7])
@pytest.mark.usefixtures("small_steps")
def test_two_runs_of_one_cluster_do_not_undo_each_others_progress(every: int) -> None:
    """A second run begins, and ends, in the middle of the first, at any of its commits; who was moved to their place stays there."""
    world = World(devices=30)
    inside = False
    count = 0

    def meanwhile(name: str, store: Watched) -> None:
        nonlocal inside, count
        if name == "committed" and not inside:
            count += 1
            if count % every == 0:
                inside = True
                world.resolve()
                inside = False

    world.store.around = meanwhile
    world.resolve()
    assert (world.row.quarantine, world.problems()) == (None, [])
    parted = [each for transition in world.store.committed for each in transition.parted]
    assert len(parted) == len(set(_sides(parted)))


@pytest.mark.usefixtures("small_steps")
def test_two_runs_in_turns_both_come_to_an_end() -> None:
    """Each call of the one is followed by one of the other, as two functions would make them."""
    world = World(devices=30)
    for _ in _turns([world.resolve, world.resolve], world.store):
        pass
    assert (world.row.quarantine, world.problems()) == (None, [])


# what is told of it


@dataclass
class Told:
    world: World
    announcer: MemoryAnnouncer = field(default_factory=MemoryAnnouncer)
    queue: MemoryBackgroundQueue = field(default_factory=MemoryBackgroundQueue)

    def deliver(self) -> None:
        worker = BackgroundWorker(
            resolve=lambda cluster: resolve_cluster(self.world.store, KEY, cluster, RULES, at=LATER),
            refold=lambda partition: RefoldReport(partition, events=0, homes=0, attempts=1, dissolved=()),
            seal=lambda _: None,
            changes=self.world.store,
            announcer=self.announcer,
            queue=self.queue,
        )
        worker.take(message_of(ClusterJob(cluster=self.world.waiting, cause="c")), sent_at=NOON)


def _crowd() -> World:
    """So many accounts come to name the address that it is a hub: everybody on it is alone from then on."""
    world = World(devices=70)
    for number in range(21):
        world.learn(f"user_id:o{number}", EMAIL, minute=200 + number)
    return world


@pytest.mark.usefixtures("small_steps")
def test_every_change_of_a_run_of_very_many_commits_is_told_whatever_crashes() -> None:
    commits = _killed_at(None)
    assert len(commits.world.store.committed) > 50
    for place in range(0, len(commits.world.store.calls), 37):
        told = _killed_at(place)
        heard = {(fact.kind, fact.detail["cause"]) for fact in told.announcer.facts}
        changed = [change for each in told.world.store.committed for change in (*each.merged, *each.parted)]
        assert {(_kind(each), each.cause) for each in changed} <= heard
        assert told.world.row.quarantine is None


def _killed_at(place: int | None) -> Told:
    """Delivered until it is done; killed once, at that call."""
    told = Told(_crowd())
    start = len(told.world.store.calls)

    def kill(name: str, store: Watched) -> None:
        if place is not None and len(store.calls) - start >= place:
            store.around = None
            raise Killed(name)

    told.world.store.around = kill
    try:
        told.deliver()
    except Killed:
        told.deliver()
    return told


def _kind(change: Merged | Parted) -> str:
    return "Profile Merged" if isinstance(change, Merged) else "Profile Split"


# several at a time


def test_in_which_order_the_evidence_of_the_members_comes_does_not_matter() -> None:
    world = World()

    def backwards(read: Callable[[str], Sequence[Assertion]], ids: Iterable[str]) -> Iterator[Sequence[Assertion]]:
        yield from reversed([read(each) for each in reversed([*ids])])

    def shuffled(read: Callable[[str], Sequence[Assertion]], ids: Iterable[str]) -> Iterator[Sequence[Assertion]]:
        yield from (read(each) for each in sorted(ids))

    views = [ClusterReader(world.store.real, KEY, bound=None, each=each).of(world.row, RULES) for each in (map, backwards, shuffled)]
    digests = [sorted(each.digest for each in view.assertions) for view in views]
    assert digests[0] == digests[1] == digests[2]
    assert views[0].evidence == views[1].evidence == views[2].evidence


def test_as_many_queries_are_made_at_a_time_as_one_after_the_other() -> None:
    one, ten = World(), World()
    resolve_cluster(one.store, KEY, one.waiting, RULES, at=LATER)
    resolve_cluster(ten.store, KEY, ten.waiting, RULES, at=LATER, each=ten_at_a_time)
    assert sorted(one.store.calls) == sorted(ten.store.calls)
    assert ten.problems() == []


def test_ten_are_asked_at_once_and_answers_keep_their_order() -> None:
    together = threading.Barrier(AT_A_TIME, timeout=10)

    def read(key: int) -> int:
        together.wait()
        return key * 2

    assert [*ten_at_a_time(read, range(30))] == [key * 2 for key in range(30)]


def test_who_has_read_enough_stops_reading() -> None:
    asked: list[int] = []
    answers = ten_at_a_time(lambda key: asked.append(key), range(100))
    next(iter(answers))
    assert len(asked) <= AT_A_TIME


# builders


def _rows_while(world: World, action: Callable[[], object]) -> Collection[Cluster]:
    seen: list[Cluster] = []
    world.store.around = lambda name, store: seen.append(world.row)
    action()
    world.store.around = None
    return seen


def _sides(parted: Iterable[Parted]) -> list[tuple[str, str]]:
    return [(each.origin, part) for each in parted for part in each.parts]


def _turns(actions: Sequence[Callable[[], object]], store: Watched) -> Iterator[None]:
    """A call of each in turn."""
    lock, turn = threading.Condition(), {"of": 0}
    alive = set(range(len(actions)))
    who = threading.local()

    def pass_on(own: int) -> None:
        others = sorted(each for each in alive if each != own)
        turn["of"] = next((each for each in others if each > own), others[0] if others else own)
        lock.notify_all()

    def around(name: str, _: Watched) -> None:
        with lock:
            pass_on(who.own)
            assert lock.wait_for(lambda: turn["of"] == who.own, timeout=20)

    def run(own: int) -> None:
        who.own = own
        with lock:
            lock.wait_for(lambda: turn["of"] == own, timeout=20)
        try:
            actions[own]()
        finally:
            with lock:
                alive.discard(own)
                pass_on(own)

    store.around = around
    with ThreadPoolExecutor(len(actions)) as pool:
        yield from (each.result() for each in [pool.submit(run, own) for own in range(len(actions))])
    store.around = None


def test_the_world_is_in_quarantine() -> None:
    world = World()
    assert world.row.quarantine is not None
    assert climb(world.store.real, [prs(USER)]).root_of(prs(USER)).person_id == prs(USER)
