"""How far changes of rules are, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ariane.errors import Conflict
from ariane.identity.rule_ports import ReplayState


class MemoryReplayStates:
    def __init__(self) -> None:
        self._latest: ReplayState | None = None
        self._partitions: dict[tuple[str, int], tuple[str, ...]] = {}
        self._applied: Mapping[str, Any] | None = None

    def latest(self) -> ReplayState | None:
        return self._latest

    def save(self, state: ReplayState) -> None:
        if state.version != (self._latest.version if self._latest else 0):
            raise Conflict("replay_changed", "the change of rules was changed meanwhile")
        self._latest = replace(state, version=state.version + 1)

    def partitions(self, rows: str, number: int) -> Sequence[str]:
        return self._partitions.get((rows, number), ())

    def save_partitions(self, rows: str, number: int, partitions: Sequence[str]) -> None:
        self._partitions[rows, number] = tuple(partitions)

    def applied(self) -> Mapping[str, Any] | None:
        return self._applied

    def save_applied(self, document: Mapping[str, Any]) -> None:
        self._applied = document
