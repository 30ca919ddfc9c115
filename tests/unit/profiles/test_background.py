"""What the background does with a message, whatever fails in between."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Permanent, Retryable
from ariane.identity.commits import Commit
from ariane.identity.jobs import ClusterJob, FollowJob, Job, RefoldJob, SealJob, message_of
from ariane.identity.model import Merged, Parted, Transition
from ariane.profiles.announcing import Fact, Unannounceable
from ariane.profiles.background import MOST_TRIES, BackgroundWorker
from ariane.profiles.refolding import RefoldReport
from tests.builders.profiles import NOON

SENT = NOON
LATER = NOON + timedelta(hours=1)
CLUSTER = ClusterJob(cluster="clu_1", cause="p/s/0")
REFOLD = RefoldJob(partition="prs_p", cause="p/s/0")
CHANGED = Transition(
    cause="background/clu_1/3",
    at=LATER,
    merged=(Merged(into="prs_a", absorbed=("prs_b",), cause="background/clu_1/3", at=LATER),),
    parted=(Parted(origin="prs_a", parts=("prs_c",), cause="background/clu_1/3", at=LATER),),
    refold=("prs_p", "prs_q"),
)


@dataclass
class World:
    transition: Transition = CHANGED
    busy: bool = False
    resolved: list[str] = field(default_factory=list)
    refolded: list[str] = field(default_factory=list)
    dissolved: tuple[str, ...] = ()
    sealed: list[str] = field(default_factory=list)
    identities: MemoryIdentities = field(default_factory=MemoryIdentities)
    announcer: MemoryAnnouncer = field(default_factory=MemoryAnnouncer)
    queue: MemoryBackgroundQueue = field(default_factory=MemoryBackgroundQueue)

    def take(self, job: Job, *, sent_at: datetime = SENT) -> Job:
        return self.worker.take(message_of(job), sent_at=sent_at)

    @property
    def worker(self) -> BackgroundWorker:
        return BackgroundWorker(
            resolve=self._resolve,
            refold=self._refold,
            seal=self.sealed.append,
            changes=self.identities,
            announcer=self.announcer,
            queue=self.queue,
        )

    def _resolve(self, cluster: str) -> Transition:
        self._fail_while_busy()
        self.resolved.append(cluster)
        return self.transition

    def _refold(self, partition: str) -> RefoldReport:
        self._fail_while_busy()
        self.refolded.append(partition)
        return RefoldReport(partition, events=1, homes=1, attempts=1, dissolved=self.dissolved)

    def _fail_while_busy(self) -> None:
        if self.busy:
            raise Retryable("identity_contended", "others keep changing it")


def test_a_cluster_is_resolved_announced_and_its_refolds_are_asked_for() -> None:
    world = World()
    assert world.take(CLUSTER) == CLUSTER
    assert world.resolved == ["clu_1"]
    assert [fact.kind for fact in world.announcer.facts] == ["Profile Merged", "Profile Split", "Profile Split"]
    assert world.queue.jobs == [RefoldJob(partition=each, cause="background/clu_1/3") for each in ("prs_p", "prs_q")]
    assert [each.delay for each in world.queue.messages] == [0, 0]


def test_a_person_of_many_devices_is_summed_up() -> None:
    world = World()
    world.take(SealJob(person="prs_a", cause="web/m1"))
    assert world.sealed == ["prs_a"]


def test_a_sum_that_a_refold_dissolved_is_begun_anew() -> None:
    world = World(dissolved=("prs_a",))
    world.take(REFOLD)
    assert world.queue.jobs == [SealJob(person="prs_a", cause=REFOLD.cause)]


def test_a_partition_is_folded_again() -> None:
    world = World()
    world.take(REFOLD)
    assert world.refolded == ["prs_p"]
    assert (world.resolved, world.announcer.facts, world.queue.jobs) == ([], [], [])


BY_HAND = Transition(
    cause="operator/spl_1",
    at=SENT,
    parted=(Parted(origin="prs_a", parts=("prs_c",), cause="operator/spl_1", at=SENT),),
    refold=("prs_p", "prs_q"),
)
FOLLOW = FollowJob(owner="prs_c", cause="operator/spl_1")


def test_a_change_that_never_was_committed_leaves_nothing_to_follow() -> None:
    world = World()
    world.take(FOLLOW)
    assert (world.announcer.facts, world.queue.jobs) == ([], [])


def test_a_change_that_nobody_followed_is_announced_and_its_refolds_are_asked_for() -> None:
    world = World()
    world.identities.commit(Commit(transition=("prs_c", BY_HAND)))
    world.take(FOLLOW)
    assert [fact.kind for fact in world.announcer.facts] == ["Profile Split", "Profile Split"]
    assert world.queue.jobs == [RefoldJob(partition=each, cause="operator/spl_1") for each in ("prs_p", "prs_q")]


def test_what_was_folded_again_already_is_not_asked_for_again() -> None:
    world = World()
    world.identities.commit(Commit(transition=("prs_c", BY_HAND)))
    world.take(RefoldJob(partition="prs_p", cause="operator/spl_1"))
    world.take(FOLLOW)
    assert world.queue.jobs == [RefoldJob(partition="prs_q", cause="operator/spl_1")]
    world.take(RefoldJob(partition="prs_q", cause="operator/spl_1"))
    world.queue.messages, world.announcer.facts = [], []
    world.take(FOLLOW)
    assert (world.queue.jobs, len(world.announcer.facts)) == ([], 2)


def test_only_what_was_asked_for_by_hand_leaves_a_mark() -> None:
    world = World()
    world.take(REFOLD)
    assert not world.identities.refolded(["prs_p"], REFOLD.cause)


def test_what_was_resolved_for_somebody_is_followed_whenever_it_was_resolved() -> None:
    """Another job may have resolved it before this one was put: somebody waits for the end of this one."""
    world = World()
    world.take(replace(CLUSTER, cause="operator/spl_1"), sent_at=LATER + timedelta(minutes=30))
    assert world.queue.jobs == [RefoldJob(partition=each, cause="operator/spl_1/resolved") for each in ("prs_p", "prs_q")]
    assert len(world.announcer.facts) == 3


def test_a_cluster_that_is_still_too_much_is_asked_for_again() -> None:
    world = World(transition=Transition(cause="c", at=LATER, quarantined="clu_2"))
    world.take(CLUSTER)
    assert world.queue.jobs == [ClusterJob(cluster="clu_2", cause="c")]


def test_what_was_changed_before_this_job_was_asked_for_is_not_announced_again() -> None:
    """Each event of a cluster in quarantine asks for it."""
    world = World()
    world.take(CLUSTER, sent_at=LATER + timedelta(minutes=2))
    assert world.resolved == ["clu_1"]
    assert (world.announcer.facts, world.queue.jobs) == ([], [])


def test_clocks_that_differ_a_little_lose_no_announcement() -> None:
    world = World()
    world.take(CLUSTER, sent_at=LATER + timedelta(seconds=30))
    assert len(world.announcer.facts) == 3


def test_a_job_that_was_put_back_announces_what_its_earlier_try_changed() -> None:
    world = World(busy=True)
    world.take(CLUSTER, sent_at=SENT)
    (again,) = world.queue.jobs
    world.busy = False
    world.take(again, sent_at=LATER + timedelta(hours=1))
    assert len(world.announcer.facts) == 3


@pytest.mark.parametrize("job", [CLUSTER, REFOLD])
def test_what_cannot_be_done_yet_is_put_back_with_growing_delays(job: Job) -> None:
    world = World(busy=True)
    delays, tries = [], []
    for _ in range(MOST_TRIES):
        world.take(job, sent_at=SENT)
        (message,) = world.queue.messages
        job, world.queue.messages = message.job, []
        delays.append(message.delay)
        tries.append((job.tries, job.since))
    assert delays == [15, 30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert tries == [(number, SENT) for number in range(1, MOST_TRIES + 1)]
    with pytest.raises(Retryable):
        world.take(job)
    assert world.queue.messages == []


def test_what_cannot_be_announced_yet_comes_again() -> None:
    class Closed(MemoryAnnouncer):
        def publish(self, facts: object) -> None:
            raise Retryable("bus_busy", "the bus asks for patience")

    world = World(announcer=Closed())
    world.take(CLUSTER)
    assert [job for job in world.queue.jobs if isinstance(job, ClusterJob)] == [replace(CLUSTER, tries=1, since=SENT)]


def test_a_job_that_can_neither_be_done_nor_put_back_stays_in_the_queue() -> None:
    class Full(MemoryBackgroundQueue):
        def put(self, jobs: object, *, delay: int = 0) -> None:
            raise Retryable("queue_busy", "the queue asks for patience")

    with pytest.raises(Retryable):
        World(busy=True, queue=Full()).take(CLUSTER)


def test_what_is_no_job_is_refused() -> None:
    with pytest.raises(Permanent):
        World().worker.take("{}", sent_at=SENT)


def test_what_the_bus_will_never_take_is_not_put_back_but_left_to_the_queues_dead_letters() -> None:
    class Refusing(MemoryAnnouncer):
        def publish(self, facts: Sequence[Fact]) -> None:
            raise Unannounceable(facts, "the bus will never take 3 of the facts: InvalidArgument")

    world = World(announcer=Refusing())
    with pytest.raises(Unannounceable):
        world.take(CLUSTER)
    assert [job for job in world.queue.jobs if isinstance(job, ClusterJob)] == []
