"""All rows about identities but the transitions, and splits written anew, in memory."""

from collections.abc import Iterator

from ariane.adapters.memory.identities import MemoryIdentities
from ariane.identity.model import Split
from ariane.identity.rule_snapshot import Row


class MemoryIdentityScan:
    def __init__(self, identities: MemoryIdentities) -> None:
        self._identities = identities

    def everything(self) -> Iterator[Row]:
        return self._identities.everything()

    def rewrite(self, split: Split) -> None:
        self._identities.rewrite(split)
