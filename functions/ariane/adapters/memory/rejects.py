from collections.abc import Sequence

from ariane.adapters.memory.reject_reader import MemoryRejectReader
from ariane.events.log import Reject
from ariane.events.rejects import bounded, reject_id


class MemoryRejects(MemoryRejectReader):
    """The write side, which remembers what it was given: ``RejectStore`` and ``RejectHistory`` in one."""

    def put(self, rejects: Sequence[Reject]) -> None:
        self._rejects.update({reject_id(reject): bounded(reject) for reject in rejects})
