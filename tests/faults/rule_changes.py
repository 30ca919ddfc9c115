"""The brand's rules for who is who change while events go on: they are published, and when no function goes by the old ones any more, the
replay carries them out, stopped and begun again as often as it takes, beside stitchers, operators and the background."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from ariane.errors import ArianeError, NotFound
from ariane.identity.epochs import is_later
from ariane.identity.explaining import Explanation, anchor_of
from ariane.identity.reference import Refusal, Resolution
from ariane.identity.rules import Identifier, Rules
from tests.faults.audit import Rest
from tests.faults.capabilities import Capability
from tests.faults.clients import Sending
from tests.faults.world_brand import ALL_RULES, CHANGES
from tests.faults.world_builder import RuleWorker

SETTLED = 90.0
"""Seconds after publishing, as the command waits: functions keep definitions for 60."""
_AGAIN = 10.0

type Demotion = tuple[Identifier, Identifier, str]
"""Whose claim on whom is refused, and why."""


@dataclass(slots=True)
class RuleChanges(Capability):
    actions: ClassVar[frozenset[str]] = frozenset({"new_rules"})
    under_way: str = ""
    attempts: int = 0
    done: list[str] = field(default_factory=list)

    def act(self, sending: Sending) -> None:
        """One at a time, as the command has it."""
        world = self.world
        names = sorted(set(CHANGES) - {world.identity})
        if self.under_way or not names:
            return
        self.under_way = Random(f"{self.seed}/{sending.number}/rules").choice(names)
        before = ALL_RULES[world.identity]
        world.change_rules(self.under_way)
        world.scheduler.after(SETTLED, lambda: self._ask(before))

    def _ask(self, before: Mapping[str, Any]) -> None:
        self.attempts += 1
        after = ALL_RULES[self.under_way]
        self.world.functions.replay_rules(lambda worker: carried_out(worker, before, after), lambda done: self._answered(before, done))

    def _answered(self, before: Mapping[str, Any], is_settled: bool) -> None:
        if is_settled:
            self.world.scheduler.note("operator", "has carried out the rules", self.under_way)
            self.done.append(self.under_way)
            self.under_way = ""
        else:
            self.world.scheduler.after(_AGAIN, lambda: self._ask(before))

    def at_rest(self, rest: Rest) -> Iterator[str]:
        if self.under_way:
            yield f"the rules {self.under_way!r} were never carried out"
        yield from _demoted(rest)


def carried_out(worker: RuleWorker, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """As the command does it: whoever comes goes on with what is under way. Raises Retryable."""
    state = worker.states.latest()
    if state is None or state.ended_at is not None or state.after != after:
        _, partitions = worker.replay.forecast(Rules.from_document(before), Rules.from_document(after))
        state = worker.replay.begin(before, after, partitions)
    return worker.replay.run(state).is_settled


def _demoted(rest: Rest) -> Iterator[str]:
    """Whoever asks about a person hears which claims are refused, which of the identifiers are hubs and which devices shared, as the
    reference has it. A claim on what is demoted connects nobody: whom it named is another's to explain."""
    resolution = rest.people.resolution
    cluster_of = {each: cluster for cluster in resolution.clusters for each in cluster}
    refused = {_said(each, resolution) for each in resolution.refusals}
    within = {each for each in refused if cluster_of.get(each[0]) == cluster_of.get(each[1])}
    for group in resolution.components:
        try:
            found = _explained(rest, group)
        except ArianeError as error:
            yield f"demoted: {_names(group)} cannot be explained: {error}"
            continue
        if found is None:
            continue
        told, expected = {_said(each, resolution) for each in found.refusals}, {each for each in within if group & {*each[:2]}}
        if not expected <= told <= refused:
            yield f"demoted: {_names(group)} hear of {sorted(told - refused)} that is not, and not of {sorted(expected - told)}"
        demoted = resolution.facts.hubs | resolution.facts.shared_since.keys()
        heard = {*found.hubs, *(each.device for each in found.shared)}
        if group & demoted != group & heard:
            yield f"demoted: of {_names(group)} are {_names(group & demoted)}, and said to be {_names(group & heard)}"


def _explained(rest: Rest, group: Collection[Identifier]) -> Explanation | None:
    """None: nobody has met them, or they are too many to explain, or they are devices that by now are others'."""
    shared = rest.people.resolution.facts.shared_since
    asked = min((each for each in group if not is_later(each) and each not in shared), default=None)
    try:
        return None if asked is None else rest.world.functions.desk_at_rest().explain(str(asked)).explanation
    except NotFound:
        return None


def _said(refusal: Refusal, resolution: Resolution) -> Demotion:
    return anchor_of(refusal.assertion, resolution.facts, resolution.splits), refusal.identifier, str(refusal.reason)


def _names(group: Iterable[Identifier]) -> list[str]:
    return sorted(map(str, group))
