"""What journeys need of the world. Every method may raise Retryable."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from ariane.definitions.store import LiveJourney
from ariane.events.model import Event
from ariane.journeys.enrolment import Enrolment
from ariane.journeys.step import WakeUp
from ariane.messaging.model import SendRequest
from ariane.profiles.homes import Home
from ariane.profiles.model import Profile


class EnrolmentStore(Protocol):
    """Reads see every write committed before them."""

    def create(self, run: Enrolment) -> None:
        """Raises Conflict when a run stands under its key."""
        ...

    def save(self, run: Enrolment) -> None:
        """Over the state whose lock is one less. Raises Conflict when that is not what stands."""
        ...

    def get(self, profile: str, sort: str) -> Enrolment | None: ...

    def runs(self, profiles: Collection[str], prefix: str = "E#") -> Sequence[Enrolment]:
        """All runs, ended ones too, under these person ids whose sort key begins with ``prefix``; in no particular order.

        Any id of an identity may hold some: it may have been a profile of its own when they began. So this asks once an id.
        """
        ...


class DueIndex(Protocol):
    @property
    def shards(self) -> int: ...

    def due(self, shard: int, until: datetime, *, page: int) -> Iterator[Sequence[WakeUp]]:
        """Pages of at most ``page``, the earliest first, each read when it is asked for; may lag behind the last writes by a moment."""
        ...


class JourneyQueue(Protocol):
    def wake(self, wake_ups: Sequence[WakeUp], now: datetime) -> None:
        """Each arrives at its due instant, or now when that has passed; a delay is cut at the queue's longest (15 minutes)."""
        ...


class SendQueue(Protocol):
    def ask(self, request: SendRequest) -> None: ...


class ProfileReader(Protocol):
    def snapshot(self, person_id: str) -> Profile:
        """The profile that this id belongs to now, as of every write committed before the call; empty where nothing is known."""
        ...

    def brief(self, person_id: str) -> Profile:
        """As ``snapshot``, without listing devices at rest (``Profile.at_rest``): as many reads however many they are."""
        ...

    def are_one(self, one: str, other: str) -> bool:
        """Whether two person ids belong to one profile now."""
        ...


class Homes(Protocol):
    """Whose the event of a fact is, as a person id, by the identities of every write committed before the call."""

    def of(self, events: Sequence[Event]) -> Sequence[Home]:
        """In their order."""
        ...

    def home(self, fact: Mapping[str, Any]) -> str:
        """Where the log has forgotten the event, whose it was when it was announced."""
        ...

    def at_entry(self, fact: Mapping[str, Any]) -> str:
        """As ``home``, but for a fact that was announced by the present rules: cheaper."""
        ...


class JourneyDefinitions(Protocol):
    def live(self, journey: str) -> LiveJourney | None: ...

    def journey(self, name: str, version: str) -> Mapping[str, Any]: ...
