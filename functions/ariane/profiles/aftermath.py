"""What follows from a change of identities that no event brought: the background is told what is left to do, the bus what has changed."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from ariane.identity.jobs import BackgroundQueue, ClusterJob, FollowJob, RefoldJob, jobs_of
from ariane.identity.model import Transition
from ariane.profiles.announcing import Announcer, facts_of_transition

FOLLOW_AFTER = 60
"""Seconds, above the longest that the API works on one request: by then its commit is there, or never will be."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    queue: BackgroundQueue
    announcer: Announcer

    def expect(self, owner: str, cause: str) -> None:
        """Before the commit of the transition that is to be stored under both: whoever commits it may not live to follow it. Raises
        Retryable."""
        self.queue.put([FollowJob(owner=owner, cause=cause)], delay=FOLLOW_AFTER)

    def follow(self, transition: Transition, *, refolded: Collection[str] = (), cause: str | None = None) -> None:
        """May be asked again for the same one. ``refolded``: partitions that were folded again since; ``cause``: who asks for the jobs,
        unless it is the transition's own. Raises Retryable."""
        asked = replace(transition, cause=cause) if cause is not None else transition
        jobs = [job for job in jobs_of(asked) if not (isinstance(job, RefoldJob) and job.partition in refolded)]
        if jobs:
            self.queue.put(jobs)
        self.announce(transition)

    def resolve(self, cluster: str, *, cause: str) -> None:
        """Asks for a cluster in quarantine once more: the job that was to end it may lie among the dead letters. Raises Retryable."""
        self.queue.put([ClusterJob(cluster=cluster, cause=cause)])

    def announce(self, transition: Transition) -> None:
        """Raises Retryable."""
        facts = facts_of_transition(transition)
        if facts:
            self.announcer.publish(facts)
