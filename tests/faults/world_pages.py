"""Reading everything there is, page by page, of which each is as it was at its own moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from ariane.adapters.memory.identities import MemoryIdentities
from ariane.events.model import LogItem
from ariane.identity.model import Cluster, Split
from ariane.identity.rule_snapshot import Row
from tests.faults.world_stores import Log

_PAGES = 4


@dataclass(frozen=True, slots=True)
class IdentityPages:
    identities: MemoryIdentities

    def everything(self) -> Iterator[list[Row]]:
        for page in range(_PAGES):
            yield [row for row in self.identities.everything() if _page_of(_key(row)) == page]

    def rewrite(self, split: Split) -> None:
        self.identities.rewrite(split)


@dataclass(frozen=True, slots=True)
class LogPages:
    log: Log

    def items(self) -> Iterator[list[LogItem]]:
        for page in range(_PAGES):
            yield [item for item in self.log.items() if _page_of(item.person_id) == page]


@dataclass(frozen=True, slots=True)
class Flat:
    """The pages as the product reads them."""

    pages: Any

    def everything(self) -> Iterator[Row]:
        return _flat(self.pages.everything())

    def items(self) -> Iterator[LogItem]:
        return _flat(self.pages.items())


def _flat(pages: Iterable[Iterable[Any]]) -> Iterator[Any]:
    return (each for page in pages for each in page)


def _key(row: Row) -> str:
    if isinstance(row, Cluster | Split):
        return row.id
    return str(getattr(row, "person_id", None) or getattr(row, "parent", None) or getattr(row, "cluster", ""))


def _page_of(key: str) -> int:
    return crc32(key.encode()) % _PAGES
