"""The background of stitching: what takes too long, or touches too much, to be done while an event waits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ariane.errors import Retryable
from ariane.identity.jobs import LONGEST_DELAY, BackgroundQueue, ClusterJob, FollowJob, Job, RefoldJob, SealJob, job_of
from ariane.identity.model import Transition
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.announcing import Announcer
from ariane.profiles.completion import MarkedStore, is_by_hand, is_done, resolved_for
from ariane.profiles.refolding import RefoldReport
from ariane.segments.jobs import EvaluateQueue, MovedJob

MOST_TRIES = 10
"""After that the queue itself brings it again, and in the end into the dead letters: about an hour of growing delays."""
_FIRST_DELAY = 15
_SKEW = timedelta(minutes=1)
"""Between the clocks of those who put jobs and of those who do them."""

type Resolve = Callable[[str], Transition]
"""A cluster's id -> all that the background has changed about it lately. Raises Retryable."""
type Refold = Callable[[str], RefoldReport]
"""Folds a partition of the log again. Raises Retryable."""
type Seal = Callable[[str], object]
"""Sums up the devices at rest of a person. Raises Retryable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundWorker:
    resolve: Resolve
    refold: Refold
    seal: Seal
    changes: MarkedStore
    announcer: Announcer
    queue: BackgroundQueue
    evaluations: EvaluateQueue | None = None
    """Of whoever has events of a partition that was folded again."""

    def take(self, body: str, *, sent_at: datetime) -> Job:
        """One message of the queue, which ``sent_at`` was put there. What cannot be done yet is put back with a delay.

        Raises Retryable where that fails or has been tried often, Permanent for what is no job.
        """
        job = job_of(body)
        try:
            self._do(job, job.since or sent_at)
        except Retryable:
            if job.tries >= MOST_TRIES:
                raise
            again = replace(job, tries=job.tries + 1, since=job.since or sent_at)
            self.queue.put([again], delay=min(LONGEST_DELAY, _FIRST_DELAY * 2**job.tries))
        return job

    def _do(self, job: Job, since: datetime) -> None:
        match job:
            case RefoldJob():
                self._refold(job)
            case SealJob():
                self.seal(job.person)
            case ClusterJob():
                self._resolved(self.resolve(job.cluster), since, job.cause)
            case FollowJob():
                self._follow(job)

    def _refold(self, job: RefoldJob) -> None:
        report = self.refold(job.partition)
        if report.dissolved:
            self.queue.put([SealJob(person=each, cause=job.cause) for each in report.dissolved])
        if self.evaluations is not None:
            self.evaluations.put([MovedJob(partition=job.partition, cause=job.cause)])
        if is_by_hand(job.cause):
            self.changes.mark_refolded(job.partition, job.cause)

    def _resolved(self, transition: Transition, since: datetime, cause: str) -> None:
        """Every event of a quarantined cluster asks for it to be resolved. What was changed before this one asked is announced by the job
        that changed it: that job is done only when it has. Of what was asked for by hand somebody wants to see the end."""
        if is_by_hand(cause):
            Aftermath(self.queue, self.announcer).follow(transition, cause=resolved_for(cause))
        elif transition.at >= since - _SKEW:
            Aftermath(self.queue, self.announcer).follow(transition)

    def _follow(self, job: FollowJob) -> None:
        """Who made the change has most often followed it: then it is announced once more, which nobody minds, and nothing is done again."""
        transition = self.changes.transition(job.owner, job.cause)
        if transition is None:
            return
        aftermath = Aftermath(self.queue, self.announcer)
        if is_done(transition, self.changes):
            aftermath.announce(transition)
        else:
            aftermath.follow(transition, refolded=self.changes.refolded(transition.refold, transition.cause))
