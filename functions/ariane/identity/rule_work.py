"""What a change of rules writes, with what is remembered of it: whom it has told, and which partitions are folded again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import batched, islice

from ariane.identity.background import resolve_cluster
from ariane.identity.model import Transition
from ariane.identity.rule_groups import Group
from ariane.identity.rule_hold import Hold
from ariane.identity.rule_ports import Consequences, Course, ReplayPorts, ReplayState, ReplayStates
from ariane.identity.rule_renewal import Renewal
from ariane.identity.rules import Rules
from ariane.instants import Clock

_BATCH = 25
PARTITIONS = 4_000
"""Person ids of one row."""


class Work:
    """What is written, with what is remembered of it."""

    def __init__(self, hold: Hold, ports: ReplayPorts, consequences: Consequences, course: Course, key: bytes, clock: Clock) -> None:
        self._hold = hold
        self._ports = ports
        self._consequences = consequences
        self._course = course
        self._key = key
        self._clock = clock
        self.rules = Rules.from_document(hold.state.after)

    @property
    def _state(self) -> ReplayState:
        return self._hold.state

    def tell_again(self) -> None:
        """An earlier attempt may have ended between a commit and its announcement."""
        found = [each for place in self._state.told if (each := self._changed_at(place)) is not None]
        self._tell(found)
        self._remember(())

    def _changed_at(self, place: str) -> Transition | None:
        owner, _, cause = place.partition(" ")
        if owner.startswith("clu_"):
            return resolve_cluster(self._ports.identities, self._key, owner, self.rules, at=self._clock())
        return self._ports.identities.transition(owner, cause)

    def renew(self, due: Sequence[Group], renewal: Renewal) -> int:
        done, renewed = 0, 0
        for groups in batched(due, _BATCH, strict=False):
            self._remember(tuple(f"{renewal.owner(each)} {renewal.cause(each)}" for each in groups))
            changed = []
            for group in self._hold.beating(groups):
                found = renewal.carry_out(self._ports.identities, group, told=self._remember_too)
                changed += [] if found is None else [found]
                done += 1
                self._course.at("renewing", done, len(due))
            self._tell(changed)
            renewed += len(changed)
        self._remember(())
        return renewed

    def _tell(self, transitions: Sequence[Transition]) -> None:
        news = [each for each in transitions if not each.is_nothing]
        if news:
            self._consequences.announce(news)
        for partition in sorted({each for one in news for each in one.refold}):
            self._consequences.refold(partition, self.rules)

    def _remember_too(self, cluster: str) -> None:
        self._remember((*self._state.told, cluster))

    def _remember(self, told: tuple[str, ...]) -> None:
        if told != self._state.told:
            self._hold.save(replace(self._state, told=told))

    def refold(self) -> int:
        """Those that were not yet: an attempt goes on where the last one stopped telling."""
        first, total = self._state.refolded, count_of(self._state, self._ports.states)
        left = islice(partitions_of(self._state, self._ports.states), first, None)
        for place, partition in enumerate(self._hold.beating(left), first + 1):
            self._consequences.refold(partition, self.rules)
            self._course.at("refolding", place, total)
            if place % _BATCH == 0 or place == total:
                self._hold.save(replace(self._state, refolded=place))
        return self._state.refolded - first

    def end(self) -> None:
        """Ended between the two, it is carried out once more. The other way round nobody would know what is followed."""
        self._hold.confirm()
        self._ports.states.save_applied(self._state.after)
        self._hold.save(replace(self._state, ended_at=self._clock()))


def save_rows(partitions: Sequence[str], name: str, states: ReplayStates) -> int:
    """How many there are."""
    rows = list(batched(partitions, PARTITIONS, strict=False))
    for number, row in enumerate(rows):
        states.save_partitions(name, number, row)
    return len(rows)


def partitions_of(state: ReplayState, states: ReplayStates) -> Iterator[str]:
    for number in range(state.partitions):
        yield from states.partitions(state.rows, number)


def count_of(state: ReplayState, states: ReplayStates) -> int:
    """All rows but the last one are full."""
    last = state.partitions - 1
    return 0 if last < 0 else last * PARTITIONS + len(states.partitions(state.rows, last))
