"""Whether everything that follows from a change by hand has been done: told from what is stored, so that whoever asks later is told the
same. A refold leaves a mark under its partition with the cause that asked for it; a quarantine stands in its cluster's row."""

from collections.abc import Collection
from typing import Protocol

from ariane.identity.background import BackgroundStore
from ariane.identity.model import OPERATOR, Cluster, Transition


class ChangeStore(BackgroundStore, Protocol):
    def refolded(self, partitions: Collection[str], cause: str) -> Collection[str]:
        """Those that carry the mark; sees every mark made before the call. Raises Retryable."""
        ...


class MarkedStore(ChangeStore, Protocol):
    def mark_refolded(self, partition: str, cause: str) -> None:
        """Idempotent. Raises Retryable."""
        ...


def is_by_hand(cause: str) -> bool:
    """Whether anybody asks later what became of it."""
    return cause.startswith(f"{OPERATOR}/")


def resolved_for(cause: str) -> str:
    """The cause of what the background does about a cluster that ``cause`` has asked it to resolve."""
    return f"{cause}/resolved"


def is_done(transition: Transition, store: ChangeStore) -> bool:
    """Everybody is folded again whose events may have moved, and what was too much at once is resolved. Seals are not waited for: they
    change no answer."""
    if not _are_refolded(transition.refold, transition.cause, store):
        return False
    return transition.quarantined is None or _is_resolved(transition, transition.quarantined, store)


def _is_resolved(transition: Transition, cluster_id: str, store: ChangeStore) -> bool:
    row = _top(store, cluster_id)
    if row is None or row.quarantine is not None:
        return False
    history = [each for name in {row.id, cluster_id} for each in store.history_under(name)]
    moved = {one for each in history if each.at >= transition.at and not is_by_hand(each.cause) for one in each.refold}
    return _are_refolded(moved, resolved_for(transition.cause), store)


def _are_refolded(partitions: Collection[str], cause: str, store: ChangeStore) -> bool:
    return not partitions or {*partitions} <= {*store.refolded(partitions, cause)}


def _top(store: ChangeStore, cluster_id: str) -> Cluster | None:
    row = store.clusters([cluster_id]).get(cluster_id)
    while row is not None and row.parent is not None:
        row = store.clusters([row.parent]).get(row.parent)
    return row
