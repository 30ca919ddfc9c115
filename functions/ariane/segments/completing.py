"""Recording what only the log knows of a person, where conditions were published after it happened."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from ariane.conditions.observing import Observing
from ariane.definitions.customer_view import CustomerView
from ariane.identity.jobs import BackgroundQueue, RefoldJob, SealJob
from ariane.profiles.completeness import is_complete, missing
from ariane.profiles.fragments import StoredFragment
from ariane.profiles.refolding import RefoldReport, needs_background
from ariane.profiles.stitching import Log
from ariane.segments.evaluating import ProfileReader
from ariane.segments.jobs import EvaluateQueue, MovedJob

type Refold = Callable[[str, Observing], RefoldReport]
"""Folds a partition of the log again. Raises Retryable."""

CAUSE = "backfill"


class Fragments(Protocol):
    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Completing:
    profiles: ProfileReader
    fragments: Fragments
    log: Log
    refold: Refold
    background: BackgroundQueue
    """Takes the partitions that are too long to be folded while others wait: whoever is in one is evaluated from the log until then."""
    queue: EvaluateQueue

    def complete(self, person: str, view: CustomerView) -> int:
        profile = self.profiles.brief(person)
        if not any(missing(each, view.observing) for each in profile.coverage):
            return 0
        whole = self.profiles.snapshot(person) if profile.at_rest is not None else profile
        stored = self.fragments.load([part.partition for part in whole.logs])
        lacking = [own for own, each in stored.items() if not is_complete(each.fragment, view.observing)]
        return sum(self._refold(partition, view.observing) for partition in sorted(lacking))

    def _refold(self, partition: str, observing: Observing) -> int:
        if needs_background(partition, self.log):
            self.background.put([RefoldJob(partition=partition, cause=CAUSE)])
            return 0
        report = self.refold(partition, observing)
        if report.dissolved:
            self.background.put([SealJob(person=each, cause=CAUSE) for each in report.dissolved])
        if report.homes > 1:
            self.queue.put([MovedJob(partition=partition, cause=CAUSE)])
        return 1
