"""Assertions as they were before rules said them otherwise, in memory."""

from collections.abc import Sequence

from ariane.identity.model import Assertion


class MemoryOriginals:
    def __init__(self) -> None:
        self._kept: dict[Assertion, None] = {}

    def kept(self) -> Sequence[Assertion]:
        return list(self._kept)

    def keep(self, assertion: Assertion) -> None:
        self._kept[assertion] = None
