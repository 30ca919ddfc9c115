"""Stitching, the background and the identity desk over one set of stores in memory, put together as ``wiring`` does it: a town small enough
to be played again and again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.evaluate_queue import MemoryEvaluateQueue
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.rejects import MemoryRejects
from ariane.conditions.observing import Observing
from ariane.events.model import LogItem
from ariane.identity.background import resolve_cluster
from ariane.identity.epochs import is_later
from ariane.identity.jobs import Job, message_of
from ariane.identity.model import Assertion, Split, Transition
from ariane.identity.rules import Rules
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.announcing import Interest
from ariane.profiles.background import BackgroundWorker
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.identity_desk import IdentityDesk
from ariane.profiles.one_person import merges_of, stitch_person
from ariane.profiles.parking import RejectParking
from ariane.profiles.reader import ProfileReader
from ariane.profiles.refolding import refold
from ariane.profiles.sealing import Sealer
from ariane.profiles.stitching import AskEvaluations, StitchDefinitions, Stitcher, Stores, StreamRecord
from ariane.profiles.unmerge_preview import UnmergePreview
from tests.builders.profiles import KEY, NOON
from tests.faults.identity_mirror import Mirror
from tests.faults.model import entries_of
from tests.faults.model_people import People
from tests.faults.model_profiles import differences
from tests.faults.shim import Shim
from tests.faults.world_stores import Identities

PORTS = ("identities", "fragments", "log", "announcer", "rejects", "consents", "background_queue", "holdings", "evaluate_queue")


def _untold(what: str, detail: Any = None) -> int:
    return 0


@dataclass(frozen=True)
class ConsentHoldings:
    """A town has no journeys: who holds anything holds consents."""

    consents: Any

    def held(self, person_ids: Collection[str]) -> Collection[str]:
        return {record.person_id for record in self.consents.records} & {*person_ids}


@dataclass
class Town:
    rules: Rules
    identities: Any = field(default_factory=lambda: Identities(_untold))
    fragments: Any = field(default_factory=MemoryFragments)
    log: Any = field(default_factory=MemoryEventLog)
    announcer: Any = field(default_factory=MemoryAnnouncer)
    rejects: Any = field(default_factory=MemoryRejects)
    background_queue: Any = field(default_factory=MemoryBackgroundQueue)
    evaluate_queue: Any = field(default_factory=MemoryEvaluateQueue)
    consents: Any = None
    holdings: Any = None
    now: datetime = NOON
    sequence: int = 0

    def __post_init__(self) -> None:
        self.consents = self.consents or MemoryConsents(self.identities, is_sealed=self.fragments.is_sealed)
        self.holdings = self.holdings or ConsentHoldings(self.consents)

    def through(self, shim: Shim) -> "Town":
        """The same stores, each behind the shim."""
        proxies: Any = {name: shim.wrap(name, getattr(self, name)) for name in PORTS}
        return replace(self, **proxies)

    @property
    def stores(self) -> Stores:
        return Stores(identities=self.identities, fragments=self.fragments, log=self.log, consents=self.consents)

    @property
    def observing(self) -> Observing:
        """What stitch records for conditions."""
        return Observing()

    @property
    def asking(self) -> AskEvaluations | None:
        return None

    def write(self, *items: LogItem) -> list[StreamRecord]:
        records = []
        for each in items:
            if self.log.append(each):
                self.sequence += 1
                records.append(StreamRecord(each, str(self.sequence)))
        return records

    def stitch(self, records: Sequence[StreamRecord]) -> None:
        known: Mapping[str, Any] = {"stores": self.stores, "key": KEY, "background": self.background_queue}
        stitcher = Stitcher(
            person=partial(stitch_person, **known),
            merges=partial(merges_of, **known),
            fragments=self.fragments,
            announcer=self.announcer,
            parking=RejectParking(self.rejects, clock=lambda: self.now),
            definitions=lambda: StitchDefinitions(
                rules=self.rules, interest=Interest.from_document({"forward": ["*"]}), observing=self.observing
            ),
            evaluations=self.asking,
        )
        report = stitcher.stitch(records)
        assert not report.parked, f"a sound record was parked: {report.parked}"

    @property
    def desk(self) -> IdentityDesk:
        known: Mapping[str, Any] = {"rules": lambda: self.rules, "key": lambda: KEY}
        directory = ProfileDirectory(ProfileReader(self.identities, self.fragments), self.identities, **known)
        aftermath = Aftermath(self.background_queue, self.announcer)
        preview = UnmergePreview(self.log, MemoryEnrolments(), **known)
        return IdentityDesk(self.identities, directory, lambda: aftermath, preview=preview, **known, clock=lambda: self.now)

    def work(self, job: Job) -> None:
        worker = BackgroundWorker(
            resolve=lambda cluster: resolve_cluster(self.identities, KEY, cluster, self.rules, at=self.now),
            refold=lambda partition: refold(partition, stores=self.stores, key=KEY, rules=self.rules, observing=self.observing),
            seal=Sealer(self.identities, self.fragments, self.holdings, rules=lambda: self.rules, clock=lambda: self.now).seal,
            changes=self.identities,
            announcer=self.announcer,
            queue=self.background_queue,
            evaluations=self.evaluate_queue,
        )
        worker.take(message_of(job), sent_at=self.now)

    # what there is

    @property
    def splits(self) -> list[Split]:
        found: list[Split] = self.identities.all_splits()
        return found

    @property
    def committed(self) -> list[Transition]:
        found: list[Transition] = self.identities.committed
        return found

    @property
    def people(self) -> People:
        """By the log and the operators alone."""
        alone = People(entries_of(self.log.items()), self.splits, self.rules, KEY)
        ids = {own for group in alone.groups for own in alone.ids_of(group)}
        return replace(alone, links=sorted(self._by_hand(ids), key=lambda each: each.sequence))

    def problems(self) -> list[str]:
        """What is stored otherwise than the reference makes of the log and the splits; nothing may wait any more."""
        people = self.people
        mirror = Mirror(
            store=self.identities,
            assertions=people.assertions,
            splits=people.splits,
            rules=self.rules,
            key=KEY,
            transitions=self.committed,
            universe=[each for group in people.groups for each in group if not is_later(each)],
        )
        reader, known = ProfileReader(self.identities, self.fragments), people.known_by_home(people.entries)
        folds = (differences(people, group, reader.snapshot(min(people.ids_of(group))), known) for group in people.groups)
        return [*mirror.problems(), *(problem for each in folds for problem in each)]

    def _by_hand(self, ids: Iterable[str]) -> set[Assertion]:
        return {each for own in ids for each in self.identities.assertions_under(own) if each.by is not None}
