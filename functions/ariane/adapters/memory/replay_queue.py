from collections.abc import Sequence
from dataclasses import dataclass

from ariane.events.log import LogKey


@dataclass(frozen=True, slots=True)
class LateLink:
    key: LogKey
    tries: int
    delay: int


class MemoryReplayQueue:
    """The replay queue as lists: keys to stitch again, and keys whose links are to be made."""

    def __init__(self) -> None:
        self.keys: list[LogKey] = []
        self.links: list[LateLink] = []

    def put(self, keys: Sequence[LogKey]) -> None:
        self.keys += keys

    def link_later(self, key: LogKey, *, tries: int, delay: int) -> None:
        self.links.append(LateLink(key, tries, delay))
