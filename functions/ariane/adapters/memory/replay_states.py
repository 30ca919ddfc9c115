"""How far changes of rules are, in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

from ariane.identity.rule_ports import ReplayState


class MemoryReplayStates:
    def __init__(self) -> None:
        self._latest: ReplayState | None = None
        self._partitions: dict[tuple[str, int], tuple[str, ...]] = {}
        self._applied: Mapping[str, Any] | None = None

    def latest(self) -> ReplayState | None:
        return self._latest

    def save(self, state: ReplayState) -> None:
        self._latest = state

    def partitions(self, digest: str, number: int) -> Sequence[str]:
        return self._partitions.get((digest, number), ())

    def save_partitions(self, digest: str, number: int, partitions: Sequence[str]) -> None:
        self._partitions[digest, number] = tuple(partitions)

    def applied(self) -> Mapping[str, Any] | None:
        return self._applied

    def save_applied(self, document: Mapping[str, Any]) -> None:
        self._applied = document
