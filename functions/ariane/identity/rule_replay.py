"""Applying a change of rules while events go on: everything stored about identities becomes what the new rules say of the log.

One process at a time carries a change out (``rule_hold``). Nothing is decided from memory of an earlier attempt. Each round reads what
is stored and then the log, finds the people with whom the two do not agree, and renews them one group after the other; a round that renews
nobody ends it. So it may be ended and begun again anywhere.
What is kept in between (``ReplayState``) is only what the log cannot tell: the rules of before, what is to be announced once more, and
whose events are still to be folded again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ariane.events.model import Event, SourceKind, event_of, is_of_bot
from ariane.identity.ids import person_id
from ariane.identity.model import Split
from ariane.identity.reference import resolve
from ariane.identity.rule_change import Moves, RuleChange, compared, homes_in, rewritten
from ariane.identity.rule_differences import described
from ariane.identity.rule_evidence import Side, Stored, provenance_of, said
from ariane.identity.rule_groups import Group, Grouping
from ariane.identity.rule_hold import Hold, expect_free, expect_published, overtaken
from ariane.identity.rule_ports import Consequences, Course, LogScan, ReplayPorts, ReplayState
from ariane.identity.rule_renewal import Renewal
from ariane.identity.rule_snapshot import Snapshot
from ariane.identity.rule_work import Work, partitions_of, save_rows
from ariane.identity.rules import Identifier, Rules
from ariane.instants import Clock, format_instant

MOST_ROUNDS = 6


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
        self,
        ports: ReplayPorts,
        *,
        key: bytes,
        kinds: Mapping[str, SourceKind],
        clock: Clock,
        consequences: Consequences,
        course: Course,
        holder: str,
        is_taking_over: bool = False,
    ) -> None:
        """``holder``: this process, for the people at whom others ask it to stop. ``is_taking_over``: whoever else is at work stops."""
        self._ports = ports
        self._key = key
        self._kinds = kinds
        self._clock = clock
        self._consequences = consequences
        self._course = course
        self._holder = holder
        self._is_taking_over = is_taking_over

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
        snapshot = Snapshot(self._ports.scan.everything())
        found = compared(self._reader("reading"), before=before, after=after, stored=self._stored(snapshot), splits=_standing(snapshot))
        moves, partitions = Moves(), set()
        for event, old, new in homes_in(self._reader("comparing", total=found.both.events), found):
            moves.take(old, new, found)
            if is_moved(event, old, new):
                partitions.add(event.person_id)
        return described(found, moves), sorted(partitions)

    def expect_free(self) -> ReplayState | None:
        """The latest change of rules. Raises Conflict (``replay_held``) where another process carries it out."""
        latest = self._ports.states.latest()
        if not self._is_taking_over:
            expect_free(latest, holder=self._holder, clock=self._clock)
        return latest

    def begin(self, before: Mapping[str, Any], after: Mapping[str, Any], partitions: Sequence[str]) -> ReplayState:
        """From here on the change can be carried out by whoever comes. One that was under way ends where it is: this one reads everything
        anew, and takes over what that one may not have told, and its partitions: it may have folded events into whose they would have
        been. Raises Conflict (``replay_held``, ``replay_overtaken``, ``rules_changed``)."""
        states, earlier = self._ports.states, self.expect_free()
        expect_published(self._ports.published, after)
        digest, now, version = Rules.from_document(after).digest, self._clock(), earlier.version if earlier else 0
        told = () if earlier is None else earlier.told
        if earlier is not None and earlier.ended_at is None:
            partitions = sorted({*partitions, *partitions_of(earlier, states)})
        name = f"{digest}/{format_instant(now)}/{version}"
        count = save_rows(partitions, name, states)
        state = ReplayState(
            digest=digest, before=before, after=after, began_at=now, told=told, partitions=count, rows=name, version=version
        )
        hold = self._hold(state)
        with hold.released_if_it_fails():
            hold.save(state)
        return hold.state

    # carrying it out

    def run(self, state: ReplayState) -> Outcome:
        """From wherever it was left. Raises Conflict as ``begin``, Retryable."""
        latest = self.expect_free() or state
        if latest.rows != state.rows:
            raise overtaken(latest)
        hold = self._hold(latest)
        with hold.released_if_it_fails():
            hold.save(latest)
            return self._carried_out(Work(hold, self._ports, self._consequences, self._course, self._key, self._clock), hold)

    def _carried_out(self, work: Work, hold: Hold) -> Outcome:
        work.tell_again()
        rounds, renewed, latest = 0, 0, 1
        while latest and rounds < MOST_ROUNDS:
            hold.confirm()
            latest = self._round(work, hold)
            rounds, renewed = rounds + 1, renewed + latest
        hold.confirm()
        refolded = work.refold()
        if latest:
            hold.release()
        else:
            work.end()
        return Outcome(rounds=rounds, renewed=renewed, refolded=refolded, is_settled=not latest)

    def _round(self, work: Work, hold: Hold) -> int:
        rules = work.rules
        snapshot = Snapshot(hold.beating(self._ports.scan.everything()))
        splits = [rewritten(each, rules) for each in _standing(snapshot)]
        for split in splits:
            if snapshot.splits([split.id])[split.id] != split:
                self._ports.splits.rewrite(split)
        read = self._reader("reading")
        side = said(lambda: hold.beating(read()), self._stored(snapshot), rules)
        self._keep(side)
        resolution = resolve(side.earliest.values(), splits, rules)
        renewal = Renewal(key=self._key, rules=rules, splits=splits, at=self._clock(), began_at=hold.state.began_at)
        due: list[Group] = []
        for number, group in enumerate(hold.beating(Grouping(snapshot, resolution, rules, id_of=renewal.id_of).groups()), 1):
            if renewal.is_due(snapshot, group):
                due.append(group)
            self._course.at("checking", number, None)
        return work.renew(due, renewal)

    def _hold(self, state: ReplayState) -> Hold:
        return Hold(self._ports.states, state, holder=self._holder, clock=self._clock, published=self._ports.published)

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

    def _reader(self, phase: str, *, total: int | None = None) -> Callable[[], Iterator[Event]]:
        def events() -> Iterator[Event]:
            for number, event in enumerate(events_in(self._ports.log), 1):
                yield event
                self._course.at(phase, number, None if total is None else max(total, number))

        return events


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
