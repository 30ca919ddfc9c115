"""The memory adapters, each telling what it committed at the moment it did: the run's history has one order, that of the stores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.adapters.memory.ledger import MemoryLedger, MemorySuppressions
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.errors import Permanent
from ariane.events.model import LogItem
from ariane.identity.commits import Commit
from ariane.identity.model import Split, Transition
from ariane.journeys.enrolment import Enrolment
from ariane.messaging.ledger import Claim, ClaimResult
from ariane.messaging.model import LedgerEntry, Status
from ariane.messaging.senders import Email, Sms
from ariane.privacy.consents import ConsentDecision
from ariane.profiles.announcing import Fact
from ariane.profiles.bundles import Bundle
from ariane.profiles.fragments import Route, RoutedFragment, StoredFragment

type Tell = Callable[[str, Any], int]
"""What was committed, and of what; answers its place in the history."""


class Log(MemoryEventLog):
    def __init__(self, tell: Tell, inserted: Callable[[LogItem], None]) -> None:
        super().__init__()
        self._tell = tell
        self._inserted = inserted

    def append(self, item: LogItem) -> bool:
        is_new = super().append(item)
        if is_new:
            self._tell("logged", item)
            kept = self.get(item.person_id, item.sort)
            assert kept is not None
            self._inserted(kept)
        return is_new


class Identities(MemoryIdentities):
    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell
        self.committed: list[Transition] = []
        """In the order of the commits."""
        self._laid_down: set[str] = set()

    def commit(self, commit: Commit) -> None:
        super().commit(commit)
        if commit.split is not None:
            self._laid_down.add(commit.split.id)
            self._tell("lifted" if commit.split.is_lifted else "split", commit.split)
        if commit.transition is not None:
            self.committed.append(commit.transition[1])
            self._tell("identities changed", commit.transition[1])

    def all_splits(self) -> list[Split]:
        return list(self.splits(self._laid_down).values())

    def people(self) -> list[list[str]]:
        """The identifiers of everybody who has several, in a fixed order."""
        found: dict[str, list[str]] = {}
        for person_id, head in self._heads.items():
            if head.identifier is not None:
                found.setdefault(self.root_of(person_id), []).append(str(head.identifier))
        return sorted(sorted(each) for each in found.values() if len(each) > 1)

    def root_of(self, person_id: str) -> str:
        while (head := self._heads.get(person_id)) is not None and head.parent is not None:
            person_id = head.parent
        return person_id

    def together_with(self, person_id: str) -> set[str]:
        """Every id whose parents lead to the same root: by the heads alone, not by the member rows."""
        root = self.root_of(person_id)
        return {root, person_id, *(other for other in self._heads if self.root_of(other) == root)}


class Fragments(MemoryFragments):
    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell
        self.saved_at: dict[tuple[str, str], list[tuple[int, int]]] = {}
        """(person id, event name) -> (place in the history, latest instant of such an event in milliseconds), as it grew."""

    def put(self, bundle: Bundle, *, sealed: Sequence[StoredFragment] = (), absorbed: Sequence[Bundle] = ()) -> None:
        super().put(bundle, sealed=sealed, absorbed=absorbed)
        self._tell("bundle put", bundle.holder)

    def dissolve(self, bundle: Bundle, *, generation: int, rest_until: datetime | None = None) -> None:
        super().dissolve(bundle, generation=generation, rest_until=rest_until)
        self._tell("bundle dissolved", bundle.holder)

    def save(self, stored: StoredFragment, routed: Sequence[RoutedFragment] = (), bundle: Bundle | None = None) -> None:
        super().save(stored, routed, bundle)
        place = self._tell("fragment saved", stored.fragment.person_id)
        for fragment in (stored.fragment, *(each.fragment for each in routed)):
            for name, tally in fragment.tallies.items():
                grown = self.saved_at.setdefault((fragment.person_id, name), [])
                if not grown or grown[-1][1] != tally.last:
                    grown.append((place, tally.last))

    def names_of(self, partition: str) -> set[str]:
        """Names of the events of a partition that have been counted, whoever's they are."""
        own = self.load([partition])
        routes = [Route(home, partition) for home in self.homes_of(partition)]
        rows = [*(stored.fragment for stored in own.values()), *self.load_routed(routes).values()]
        return {name for row in rows for name in row.tallies}

    def last_known(self, person_id: str, name: str, *, before: int) -> int:
        """The latest instant of such an event that the fragment held at that place of the history; -1 for none."""
        return max((last for place, last in self.saved_at.get((person_id, name), ()) if place <= before), default=-1)


class Consents(MemoryConsents):
    def __init__(self, heads: MemoryIdentities, tell: Tell, is_sealed: Callable[[str], bool]) -> None:
        super().__init__(heads, is_sealed=is_sealed)
        self._tell = tell

    def record(self, decision: ConsentDecision, *, root_id: str) -> None:
        before = len(self.records)
        super().record(decision, root_id=root_id)
        if len(self.records) > before:
            self._tell("granted" if decision.granted else "withdrawn", decision)


class Suppressions(MemorySuppressions):
    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def suppress(self, address_id: str, *, reason: str, at: Any) -> None:
        super().suppress(address_id, reason=reason, at=at)
        self._tell("suppressed", address_id)


class Runs(MemoryEnrolments):
    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell
        self.history: list[tuple[int, Enrolment]] = []

    def create(self, run: Enrolment) -> None:
        super().create(run)
        self.history.append((self._tell("entered", run), run))

    def save(self, run: Enrolment) -> None:
        super().save(run)
        self.history.append((self._tell("run moved", run), run))

    def all(self) -> list[Enrolment]:
        return list(self._runs.values())


class Ledger(MemoryLedger):
    """``claimed`` is asked at the very moment of each claim, before anything else can happen."""

    def __init__(self, *, tell: Tell, claimed: Callable[[Claim], None], **ports: Any) -> None:
        super().__init__(**ports)
        self._tell = tell
        self._claimed = claimed
        self._asked: dict[str, Any] = {}

    def claim(self, claim: Claim) -> ClaimResult:
        result = super().claim(claim)
        if result is ClaimResult.CLAIMED:
            self._tell("claimed", claim)
            self._claimed(claim)
        return result

    def skip(self, entry: LedgerEntry) -> bool:
        is_written = super().skip(entry)
        if is_written:
            self._tell("skipped", entry)
        return is_written

    def move(self, entry: LedgerEntry, status: Status, *, reason: str | None = None, provider_id: str | None = None) -> bool:
        is_moved = super().move(entry, status, reason=reason, provider_id=provider_id)
        if is_moved:
            self._tell(f"message {status}", entry)
        return is_moved

    def all(self) -> list[LedgerEntry]:
        return list(self._entries.values())


class Rejects(MemoryRejects):
    def bodies(self, days: Sequence[str]) -> list[bytes]:
        return [stored.reject.body for day in days for stored in self.of_day(day, limit=10_000)[0]]


class Bus(MemoryAnnouncer):
    """``announced`` is asked of each fact before anybody hears of it."""

    def __init__(self, tell: Tell, deliver: Callable[[Fact], None], announced: Callable[[Fact], None]) -> None:
        super().__init__()
        self._tell = tell
        self._deliver = deliver
        self._announced = announced

    def publish(self, facts: Sequence[Fact]) -> None:
        super().publish(facts)
        self._tell("announced", facts)
        for fact in facts:
            self._announced(fact)
            self._deliver(fact)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What a provider took, and for which claim the function that handed it over held it to be."""

    message: Email | Sms
    claim: Claim | None
    place: int

    @property
    def text(self) -> str:
        return self.message.subject if isinstance(self.message, Email) else self.message.text.splitlines()[0]


@dataclass
class Provider:
    """Both of them. ``refusing`` are numbers whose owners told the network to stop."""

    tell: Tell
    claim: Callable[[], Claim | None]
    handed_over: Callable[[HandedOver], None]
    refusing: frozenset[str] = frozenset()
    taken: list[HandedOver] = field(default_factory=list)

    def take(self, message: Email | Sms) -> str:
        if message.to in self.refusing:
            raise Permanent("opted_out", "the person told the network to stop")
        handed = HandedOver(message, self.claim(), self.tell("handed over", message))
        self.taken.append(handed)
        self.handed_over(handed)
        return f"provider-{len(self.taken)}"


@dataclass
class Mails:
    provider: Provider

    def send(self, email: Email, _content: bytes) -> str:
        return self.provider.take(email)


@dataclass
class Texts:
    provider: Provider

    def send(self, sms: Sms) -> str:
        return self.provider.take(sms)
