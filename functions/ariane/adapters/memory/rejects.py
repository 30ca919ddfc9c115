from collections.abc import Sequence
from dataclasses import replace

from ariane.adapters.memory.reject_reader import MemoryRejectReader
from ariane.events.log import Reject, StoredReject
from ariane.events.rejects import body_of_object, is_large, object_of, reject_id


class MemoryRejects(MemoryRejectReader):
    """The write side, which remembers what it was given: ``RejectStore`` and ``RejectHistory`` in one."""

    def put(self, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            stored = _stored(reject)
            self._rejects[stored.id] = stored


def _stored(reject: Reject) -> StoredReject:
    whole = replace(reject, kept_at=reject.kept_at or reject.at)
    if not is_large(reject):
        return StoredReject(reject_id(reject), whole, size=len(reject.body))
    packed, is_truncated = object_of(reject.body)
    kept = replace(whole, body=body_of_object(packed))
    return StoredReject(reject_id(reject), kept, size=len(reject.body), is_truncated=is_truncated)
