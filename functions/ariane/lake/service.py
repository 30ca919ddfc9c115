"""What the function does with a batch of the stream, and with the messages of its queue."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ariane.errors import ArianeError
from ariane.events.model import LogItem
from ariane.lake.landing import Landed, Lander, Waiting
from ariane.lake.messages import Asked, ItemLater, PartitionMoved, PeopleMoved, read_message
from ariane.lake.moving import Mover
from ariane.profiles.stream import StreamReader

type ReadItems = Callable[[Sequence[ItemLater]], Iterable[LogItem | None]]
"""The items of the log, in the order asked for; None: it has expired. Raises Retryable, and what an unreadable item provokes."""


@dataclass(frozen=True, slots=True)
class Failed:
    message: str
    """Its id."""
    code: str


@dataclass(frozen=True, slots=True)
class LakeService:
    reader: StreamReader
    lander: Lander
    mover: Mover
    items: ReadItems

    def land(self, records: Iterable[Mapping[str, Any]]) -> Landed:
        """Raises Retryable, and only that, where delivering the whole batch again can help."""
        return self.lander.land(Waiting(record.item, record.sequence) for record in self.reader.read(records))

    def take(self, bodies: Mapping[str, str]) -> Sequence[Failed]:
        """Messages by id; those that are to come again. All together first, so that they make one object: where that fails each is
        taken alone, and only what is at fault comes back."""
        asked, failed = _read(bodies)
        if not asked:
            return failed
        try:
            self._do([each for some in asked.values() for each in some])
        except Exception as error:  # noqa: BLE001 - whatever one message provokes must not hold the others up
            if len(asked) == 1:
                return [*failed, *(Failed(name, _code(error)) for name in asked)]
            return [*failed, *(each for name in asked for each in self.take({name: bodies[name]}))]
        return failed

    def _do(self, asked: Sequence[Asked]) -> None:
        later = [each for each in asked if isinstance(each, ItemLater)]
        moved = [each for each in asked if isinstance(each, PeopleMoved)]
        if later:
            self.lander.land(_waiting(later, self.items(later)))
        if moved:
            self.mover.people(moved)
        for each in dict.fromkeys(each for each in asked if isinstance(each, PartitionMoved)):
            self.mover.partition(each)


def _waiting(later: Sequence[ItemLater], items: Iterable[LogItem | None]) -> Iterator[Waiting]:
    """What has expired from the log meanwhile has no place in the lake either."""
    for each, item in zip(later, items, strict=True):
        if item is not None:
            yield Waiting(item, each.sequence, each.tries)


def _read(bodies: Mapping[str, str]) -> tuple[dict[str, tuple[Asked, ...]], list[Failed]]:
    asked: dict[str, tuple[Asked, ...]] = {}
    failed: list[Failed] = []
    for name, body in bodies.items():
        try:
            asked[name] = read_message(body)
        except ArianeError as error:
            failed.append(Failed(name, error.code))
    return asked, failed


def _code(error: Exception) -> str:
    return error.code if isinstance(error, ArianeError) else type(error).__name__


class ParkedByStitch:
    """A stream image that is no log item: stitch, which reads the same stream, parks it; nothing of it can land."""

    def __init__(self) -> None:
        self.count = 0

    def park_unreadable(self, image: bytes) -> None:  # noqa: ARG002
        self.count += 1


def names_of(failed: Collection[Failed]) -> list[dict[str, str]]:
    """As Lambda's queue poller reads them."""
    return [{"itemIdentifier": each.message} for each in failed]
