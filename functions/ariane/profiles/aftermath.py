"""What follows from a change of identities that no event brought: the background is told what is left to do, the bus what has changed."""

from dataclasses import dataclass

from ariane.identity.jobs import BackgroundQueue, jobs_of
from ariane.identity.model import Transition
from ariane.profiles.announcing import Announcer, facts_of_transition


@dataclass(frozen=True, slots=True)
class Aftermath:
    queue: BackgroundQueue
    announcer: Announcer

    def follow(self, transition: Transition) -> bool:
        """May be asked again for the same one. False: the background still has to fold again whose events may have moved, or to resolve
        what was too much at once. Raises Retryable."""
        jobs = jobs_of(transition)
        if jobs:
            self.queue.put(jobs)
        facts = facts_of_transition(transition)
        if facts:
            self.announcer.publish(facts)
        return not jobs
