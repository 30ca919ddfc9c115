from collections.abc import Sequence

from ariane.events.log import Reject, StoredReject


class MemoryRejectReader:
    """``RejectHistory`` over a dictionary."""

    def __init__(self) -> None:
        self._rejects: dict[str, Reject] = {}

    def of_day(self, day: str, *, limit: int = 100, cursor: str | None = None) -> tuple[Sequence[StoredReject], str | None]:
        ids = sorted(key for key in self._rejects if key.startswith(f"{day}/") and (cursor is None or key > cursor))
        found = [StoredReject(key, self._rejects[key]) for key in ids[:limit]]
        return found, ids[limit - 1] if len(ids) > limit else None
