"""What follows from other rules for identities: people who are merged or parted are told of, and partitions of the log are folded again.

No event is announced again: nothing starts a journey, and nothing is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ariane.conditions.observing import Observing
from ariane.identity.model import Transition
from ariane.identity.rules import Rules
from ariane.profiles.announcing import Announcer, facts_of_transition
from ariane.profiles.refolding import refold
from ariane.profiles.stitching import Stores
from ariane.segments.jobs import EvaluateQueue, MovedJob


@dataclass(frozen=True, slots=True)
class RuleConsequences:
    stores: Stores
    announcer: Announcer
    key: bytes
    observing: Observing = field(default_factory=Observing)
    evaluations: EvaluateQueue | None = None

    def announce(self, transitions: Sequence[Transition]) -> None:
        facts = [fact for transition in transitions for fact in facts_of_transition(transition)]
        if facts:
            self.announcer.publish(facts)

    def refold(self, partition: str, rules: Rules) -> None:
        refold(partition, stores=self.stores, key=self.key, rules=rules, observing=self.observing)
        if self.evaluations is not None:
            self.evaluations.put([MovedJob(partition=partition, cause="rules")])
