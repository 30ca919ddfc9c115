"""Who holds something, by the stores in memory."""

from collections.abc import Callable, Collection, Iterable

from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.ledger import MemoryLedger


class MemoryHoldings:
    def __init__(self, runs: MemoryEnrolments, ledger: MemoryLedger, consents: MemoryConsents) -> None:
        self._holders: tuple[Callable[[Collection[str]], Iterable[str]], ...] = (
            lambda ids: (run.profile for run in runs.runs(ids)),
            lambda ids: (entry.profile for entry in ledger.entries_of(ids)),
            lambda ids: (record.person_id for record in consents.records if record.person_id in ids),
        )

    def held(self, person_ids: Collection[str]) -> Collection[str]:
        return {each for holders in self._holders for each in holders(person_ids)}
