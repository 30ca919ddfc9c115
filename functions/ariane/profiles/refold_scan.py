"""Reading one partition of the log from end to end: which of its events are counted, whose they are, and what they come to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from heapq import heappop, heappush

from ariane.conditions.observing import Observing
from ariane.errors import Permanent, Retryable
from ariane.events.model import LogItem
from ariane.identity.rules import Rules
from ariane.instants import parse_instant, to_millis
from ariane.privacy.consents import ConsentDecision, latest_of
from ariane.profiles.admission import Placed, placed_events
from ariane.profiles.applying import NOTHING, apply
from ariane.profiles.batch_order import in_order_of_sending
from ariane.profiles.consent_keeping import Rehomed, decided, decisions_in
from ariane.profiles.fragments import Fragment
from ariane.profiles.homes import Home, HomesOf, possible_homes
from ariane.profiles.once import Recent, Verdict
from ariane.profiles.refold_marks import mark_of
from ariane.profiles.routed_rows import by_home
from ariane.profiles.stitching import Log


@dataclass(slots=True)
class Scanned:
    generation: int
    count: int = 0
    sums: dict[str, Fragment] = field(default_factory=dict)
    """By home: what its events of this partition come to."""
    homes: set[Home] = field(default_factory=set)
    rehomed: list[Rehomed] = field(default_factory=list)
    standing: dict[tuple[str, str, str, bool], ConsentDecision] = field(default_factory=dict)

    @property
    def decisions(self) -> Sequence[ConsentDecision]:
        return list(self.standing.values())


class Scan:
    def __init__(
        self,
        fragment: Fragment,
        log: Log,
        *,
        homes: HomesOf,
        rules: Rules,
        key: bytes,
        generation: int,
        observing: Observing = NOTHING,
    ) -> None:
        self._fragment = fragment
        self._log = log
        self._homes = homes
        self._rules = rules
        self._key = key
        self._observing = observing
        self._seen = _Seen(fragment.recent)
        self.found = Scanned(generation)

    @property
    def generation(self) -> int:
        return self.found.generation

    def run(self, *, after_each_page: Callable[[], object] = lambda: None) -> Scanned:
        cursor: str | None = None
        while True:
            page = self._log.scan(self._fragment.person_id, cursor=cursor)
            self._take(page.items)
            after_each_page()
            cursor = page.cursor
            if cursor is None:
                return self.found

    def take(self, placed: Sequence[Placed]) -> None:
        """Counts what was applied since the fragment was read."""
        for each in placed:
            self._seen.keep(each)
        self._count(placed, self._homes([each.event for each in placed]))

    def _take(self, items: Sequence[LogItem]) -> None:
        counted: list[list[Placed]] = []
        marks: list[tuple[str, str]] = []
        for item in items:
            taken, unsure = self._seen.taken_of(_readable(item))
            counted.append(taken)
            marks += [(item.sort, mark_of(self.found.generation, unsure))] if unsure else []
        homes = iter(self._homes([placed.event for taken in counted for placed in taken]))
        for taken in counted:
            self._count(taken, [next(homes) for _ in taken])
        if marks:
            self._log.mark_refolded(self._fragment.person_id, marks)

    def _count(self, taken: Sequence[Placed], homes: Sequence[Home]) -> None:
        sums = self.found.sums
        for home, placed in by_home(taken, homes).items():
            sums[home] = apply(sums.get(home, Fragment(person_id=home)), in_order_of_sending(placed), self._observing)
        self.found.count += len(taken)
        self.found.homes.update(homes)
        self._decide(taken, homes)

    def _decide(self, taken: Sequence[Placed], homes: Sequence[Home]) -> None:
        """Consents that name no address, unless they were too many for the item to be stitched."""
        events = [replace(placed.event, person_id=home.person_id) for placed, home in zip(taken, homes, strict=True)]
        try:
            decided(events, lambda event: decisions_in(event, self._rules, self._key))
        except Permanent:
            return
        for placed, event in zip(taken, events, strict=True):
            wide = [each for each in decisions_in(event, self._rules, self._key) if each.is_person_wide]
            if wide:
                candidates = possible_homes(placed.event, self._rules, self._key)
                self.found.rehomed += [Rehomed(decision, candidates) for decision in wide]
            for decision in wide:
                before = self.found.standing.get(decision.thing)
                last = latest_of([*([before] if before else []), decision])
                self.found.standing[decision.thing] = last or decision


class _Seen:
    """Each event once, whatever copies of it there are. Copies that state their time lie at or before it in the log: what lies further on
    need not be remembered, but for the few that the fragment's ring knows."""

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        self._marks: set[bytes] = set()
        self._leaving: list[tuple[int, bytes]] = []

    def keep(self, placed: Placed) -> None:
        """It is counted, wherever it is met."""
        self._marks.add(_mark_of(placed))

    def taken_of(self, placed: Iterable[Placed]) -> tuple[list[Placed], list[int]]:
        """What is counted of an item's events, and the places of those that are to be marked: of copies of what is counted, too."""
        taken, unsure = [], []
        for each in placed:
            verdict = self._recent.judge(each.event)
            if verdict is Verdict.FRESH:
                continue
            if verdict is Verdict.UNSURE:
                unsure.append(each.place)
            if self._is_first(each, is_kept=verdict is Verdict.APPLIED):
                taken.append(each)
        return taken, unsure

    def _is_first(self, placed: Placed, *, is_kept: bool) -> bool:
        reached = to_millis(parse_instant(placed.sort.partition("#")[0]))
        while self._leaving and self._leaving[0][0] < reached:
            self._marks.discard(heappop(self._leaving)[1])
        mark = _mark_of(placed)
        if mark in self._marks:
            return False
        self._marks.add(mark)
        if not is_kept:
            heappush(self._leaving, (to_millis(placed.event.original), mark))
        return True


def _mark_of(placed: Placed) -> bytes:
    return blake2b(f"{placed.event.source}\x00{placed.event.message_id}".encode(), digest_size=10).digest()


def _readable(item: LogItem) -> Iterator[Placed]:
    """None of an item that no stitching can read: it is among the rejects, and was never applied."""
    try:
        placed = placed_events(item)
        apply(Fragment(person_id=item.person_id), (each.event for each in placed))
    except Retryable:
        raise
    except Exception:  # noqa: BLE001 - whatever a message provokes must not keep the others from their homes
        return iter(())
    return iter(placed)
