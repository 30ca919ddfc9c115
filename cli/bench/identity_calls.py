"""What stitching an event asks its stores, call by call, and which of the four cases linking it took.

The cases are told from outside, by what was read and written, so that the product needs no hook for it: one event at a time, with nobody
else at work.
"""

from collections import Counter
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ariane.identity.commits import Commit

_KEYS_PER_CALL = 100
"""Of one BatchGetItem."""
_BATCHES = frozenset({"heads", "load", "load_routed", "clusters", "splits"})


class Case(StrEnum):
    UNASKED = "nothing asked"
    """The event names one identifier, or a set that its fragment knows."""
    STORED = "stored already"
    UNION = "union"
    STEP = "one step"
    RESOLVED = "re-resolved"
    QUARANTINED = "quarantined"


@dataclass(slots=True)
class EventCalls:
    """Of one event."""

    count: int = 0
    """Calls of the AWS adapters: a batch of keys counts once for each hundred of them."""
    identity: int = 0
    """Of them, those that asked about identities."""
    members: int = 0
    """Identifiers whose assertions were read: of the cluster that was resolved again."""
    assertions: int = 0
    has_row: bool = False
    """A cluster in conflict was touched, or made."""
    is_asked: bool = False
    commits: list[Commit] = field(default_factory=list)
    write_units: float = 0
    read_units: float = 0

    @property
    def case(self) -> Case:
        if not self.commits:
            return Case.STORED if self.is_asked else Case.UNASKED
        told = self.commits[-1].transition
        if told is not None and told[1].quarantined is not None:
            return Case.QUARANTINED
        if self.members:
            return Case.RESOLVED
        return Case.STEP if self.has_row or self.commits[-1].clusters else Case.UNION


@dataclass(slots=True)
class Calls:
    """Of a run: what each event asked, in order."""

    events: list[EventCalls] = field(default_factory=list)
    now: EventCalls = field(default_factory=EventCalls)

    def next_event(self) -> None:
        """What comes is another event's."""
        self.now = EventCalls()
        self.events.append(self.now)

    def forget(self) -> None:
        self.events, self.now = [], EventCalls()

    @property
    def cases(self) -> Counter[Case]:
        return Counter(each.case for each in self.events)

    @property
    def most(self) -> int:
        return max((each.count for each in self.events), default=0)

    @property
    def resolved(self) -> list[EventCalls]:
        return [each for each in self.events if each.case is Case.RESOLVED]


class Watched:
    """A port, its calls noted; attributes pass through."""

    def __init__(self, name: str, port: Any, calls: Calls) -> None:
        self._name = name
        self._port = port
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        return self._noting(name, value) if callable(value) else value

    def _noting(self, method: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            self._note(method, args)
            answer = call(*args, **kwargs)
            if method == "assertions_under":
                self._calls.now.assertions += len(answer)
            return answer

        return noted

    def _note(self, method: str, args: tuple[Any, ...]) -> None:
        now = self._calls.now
        now.count += _requests(method, args)
        if self._name != "identities":
            return
        now.identity += 1
        now.is_asked = now.is_asked or method == "assertion"
        now.members += method == "assertions_under"
        now.has_row = now.has_row or method in ("clusters", "entries")
        if method == "commit":
            now.commits.append(args[0])


def _requests(method: str, args: tuple[Any, ...]) -> int:
    if method in _BATCHES and args and isinstance(args[0], Sized):
        return -(-len(args[0]) // _KEYS_PER_CALL)
    return 1


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all lie at or below; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0
