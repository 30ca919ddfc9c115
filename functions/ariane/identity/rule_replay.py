"""Applying a change of rules while events go on: everything stored about identities becomes what the new rules say of the log.

Nothing is decided from memory of an earlier attempt. Each round reads what is stored and then the log, finds the people with whom the two
do not agree, and renews them one group after the other; a round that renews nobody ends it. So it may be ended and begun again anywhere.
What is kept in between (``ReplayState``) is only what the log cannot tell: the rules of before, what is to be announced once more, and
whose events are still to be folded again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched
from typing import Any

from ariane.events.model import Event, SourceKind, event_of, is_of_bot
from ariane.identity.background import resolve_cluster
from ariane.identity.ids import person_id
from ariane.identity.model import Split, Transition
from ariane.identity.reference import resolve
from ariane.identity.rule_change import RuleChange, compared, counted, homes_in, rewritten
from ariane.identity.rule_differences import described
from ariane.identity.rule_evidence import Side, Stored, provenance_of, said
from ariane.identity.rule_groups import Group, Grouping
from ariane.identity.rule_ports import Consequences, Course, LogScan, ReplayPorts, ReplayState
from ariane.identity.rule_renewal import Renewal
from ariane.identity.rule_snapshot import Snapshot
from ariane.identity.rules import Identifier, Rules
from ariane.instants import Clock

MOST_ROUNDS = 6
_BATCH = 25
PARTITIONS = 4_000
"""Person ids of one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    rounds: int
    renewed: int
    """Groups of people whose rows were written."""
    refolded: int
    """Partitions of the log."""
    is_settled: bool
    """False: other changes kept coming; another run goes on."""


class RuleReplay:
    def __init__(
        self, ports: ReplayPorts, *, key: bytes, kinds: Mapping[str, SourceKind], clock: Clock, consequences: Consequences, course: Course
    ) -> None:
        self._ports = ports
        self._key = key
        self._kinds = kinds
        self._clock = clock
        self._consequences = consequences
        self._course = course

    # before

    def forecast(self, before: Rules | None, after: Rules) -> tuple[RuleChange, Sequence[str]]:
        """What would change, and the partitions of the log whose events change hands. Writes nothing. Where nobody knows the rules of
        ``before``, every partition with events that are not its own is one that may have to be folded again."""
        if before is None:
            return self._forecast(after, after, lambda event, _, new: new is not None and person_id(new, self._key) != event.person_id)
        return self._forecast(before, after, lambda _, old, new: old != new)

    def _forecast(
        self, before: Rules, after: Rules, is_moved: Callable[[Event, Identifier | None, Identifier | None], bool]
    ) -> tuple[RuleChange, Sequence[str]]:
        snapshot = self._snapshot()
        found = compared(self._reader("reading"), before=before, after=after, stored=self._stored(snapshot), splits=_standing(snapshot))
        moves: Counter[tuple[Identifier | None, Identifier | None]] = Counter()
        partitions = set()
        for event, old, new in homes_in(self._reader("comparing"), found):
            if old != new:
                moves[old, new] += 1
            if is_moved(event, old, new):
                partitions.add(event.person_id)
        return described(found, counted(moves)), sorted(partitions)

    def begin(self, before: Mapping[str, Any], after: Mapping[str, Any], partitions: Sequence[str]) -> ReplayState:
        """From here on the change can be carried out by whoever comes. One that was under way ends where it is: this one reads everything
        anew; only what it may not have told is told still."""
        digest, states = Rules.from_document(after).digest, self._ports.states
        rows = list(batched(partitions, PARTITIONS, strict=False))
        for number, row in enumerate(rows):
            states.save_partitions(digest, number, row)
        earlier = states.latest()
        told = () if earlier is None else earlier.told
        state = ReplayState(digest=digest, before=before, after=after, began_at=self._clock(), told=told, partitions=len(rows))
        states.save(state)
        return state

    # carrying it out

    def run(self, state: ReplayState) -> Outcome:
        """From wherever it was left. Raises Retryable."""
        rules = Rules.from_document(state.after)
        work = _Work(self, state, rules)
        work.tell_again()
        rounds, renewed, latest = 0, 0, 1
        while latest and rounds < MOST_ROUNDS:
            latest = self._round(work, rules, state.began_at)
            rounds, renewed = rounds + 1, renewed + latest
        refolded = work.refold()
        if not latest:
            work.end()
        return Outcome(rounds=rounds, renewed=renewed, refolded=refolded, is_settled=not latest)

    def _round(self, work: "_Work", rules: Rules, began_at: datetime) -> int:
        snapshot = self._snapshot()
        splits = [rewritten(each, rules) for each in _standing(snapshot)]
        for split in splits:
            if snapshot.splits([split.id])[split.id] != split:
                self._ports.splits.rewrite(split)
        side = said(self._reader("reading"), self._stored(snapshot), rules)
        self._keep(side)
        resolution = resolve(side.earliest.values(), splits, rules)
        renewal = Renewal(key=self._key, rules=rules, splits=splits, at=self._clock(), began_at=began_at)
        due: list[Group] = []
        for number, group in enumerate(Grouping(snapshot, resolution, rules, id_of=renewal.id_of).groups(), 1):
            if renewal.is_due(snapshot, group):
                due.append(group)
            self._course.at("checking", number, None)
        return work.renew(due, renewal)

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._ports.scan.everything())

    def _stored(self, snapshot: Snapshot) -> Stored:
        originals = list(self._ports.originals.kept())
        known = {provenance_of(each) for each in originals}
        rows = (held.assertion for held in snapshot.all_held)
        return Stored(assertions=[*originals, *(each for each in rows if provenance_of(each) not in known)], kinds=self._kinds)

    def _keep(self, side: Side) -> None:
        known = set(self._ports.originals.kept()) if side.altered else set()
        for assertion in side.altered:
            if assertion not in known:
                self._ports.originals.keep(assertion)

    def _reader(self, phase: str) -> Callable[[], Iterator[Event]]:
        def events() -> Iterator[Event]:
            for number, event in enumerate(events_in(self._ports.log), 1):
                yield event
                self._course.at(phase, number, None)

        return events

    @property
    def parts(self) -> tuple[ReplayPorts, Consequences, Course, bytes, Clock]:
        return self._ports, self._consequences, self._course, self._key, self._clock


class _Work:
    """What is written, with what is remembered of it."""

    def __init__(self, replay: RuleReplay, state: ReplayState, rules: Rules) -> None:
        self._ports, self._consequences, self._course, self._key, self._clock = replay.parts
        self._state = state
        self._rules = rules

    def tell_again(self) -> None:
        """An earlier attempt may have ended between a commit and its announcement."""
        found = [each for place in self._state.told if (each := self._changed_at(place)) is not None]
        self._tell(found)
        self._remember(())

    def _changed_at(self, place: str) -> Transition | None:
        owner, _, cause = place.partition(" ")
        if owner.startswith("clu_"):
            return resolve_cluster(self._ports.identities, self._key, owner, self._rules, at=self._clock())
        return self._ports.identities.transition(owner, cause)

    def renew(self, due: Sequence[Group], renewal: Renewal) -> int:
        done, renewed = 0, 0
        for groups in batched(due, _BATCH, strict=False):
            self._remember(tuple(f"{renewal.owner(each)} {renewal.cause(each)}" for each in groups))
            changed = []
            for group in groups:
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
            self._consequences.refold(partition, self._rules)

    def _remember_too(self, cluster: str) -> None:
        self._remember((*self._state.told, cluster))

    def _remember(self, told: tuple[str, ...]) -> None:
        if told != self._state.told:
            self._save(replace(self._state, told=told))

    def refold(self) -> int:
        """Those that were not yet: an attempt goes on where the last one stopped telling."""
        first, total = self._state.refolded, self._partitions()
        for place, partition in enumerate(self._left(first), first + 1):
            self._consequences.refold(partition, self._rules)
            self._course.at("refolding", place, total)
            if place % _BATCH == 0 or place == total:
                self._save(replace(self._state, refolded=place))
        return self._state.refolded - first

    def _left(self, first: int) -> Iterator[str]:
        for number in range(first // PARTITIONS, self._state.partitions):
            row = self._ports.states.partitions(self._state.digest, number)
            yield from row[max(0, first - number * PARTITIONS) :]

    def _partitions(self) -> int:
        """All rows but the last one are full."""
        last = self._state.partitions - 1
        return 0 if last < 0 else last * PARTITIONS + len(self._ports.states.partitions(self._state.digest, last))

    def end(self) -> None:
        self._save(replace(self._state, ended_at=self._clock()))
        self._ports.states.save_applied(self._state.after)

    def _save(self, state: ReplayState) -> None:
        self._ports.states.save(state)
        self._state = state


def events_in(log: LogScan) -> Iterator[Event]:
    """Without those of bots. What cannot be read was parked when it was stitched, and links nobody."""
    for item in log.items():
        for message in item.messages:
            if is_of_bot(message):
                continue
            try:
                event = event_of(item, message)
            except (KeyError, ValueError, TypeError, AttributeError):
                continue
            yield event


def _standing(snapshot: Snapshot) -> list[Split]:
    return [each for each in snapshot.all_splits if not each.is_lifted]
