"""People for the measurements of identity: customers whose evidence agrees, and closures in conflict, of three kinds.

0. Two accounts name one e-mail address: whoever said so first keeps it.
1. A device that a family shares: one account is known of it; the second that signs in on it takes it to its threshold.
2. As 0, with up to 32 cookies on the first account, and then late events: another account turns out to have named the address earlier.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ariane.events.acceptance import Sorted
from ariane.events.model import LogItem
from ariane.instants import format_instant
from ariane.profiles.stitching import StreamRecord
from cli.bench.growth import START, World
from cli.bench.identity_calls import Calls, EventCalls, Watched
from cli.bench.traffic import Json
from cli.bench.units import Unit
from cli.report import Progress

KINDS = 3
_MOST_IN_CONFLICT = 9_999
_PAST = START - timedelta(days=20)


@dataclass
class IdentityWorld(World):
    """With its calls noted. ``plain`` stitches over the same stores, and neither counts nor notes: for CPU."""

    calls: Calls = field(default_factory=Calls)
    people: int = 0
    conflicts: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        ports = {"identities": self.identities, "fragments": self.fragments, "log": self.log}
        self.watched = {name: Watched(name, port, self.calls) for name, port in ports.items()}
        self.stitcher = self.stitcher_over(**self.watched)
        self.plain = self.stitcher_over(self.identities.inner, self.fragments.inner, self.log.inner)

    def fill(self, people: int, progress: Progress) -> None:
        """A tenth as many closures in conflict beside them, up to some 10,000."""
        self.people = people
        self.seed(people, progress)
        self.conflicts = min(people // 10, _MOST_IN_CONFLICT)
        with progress.step(f"Making {self.conflicts:,} closures in conflict"):
            for number in range(self.conflicts):
                for message in _closure(number):
                    self.send(message)
        self.calls.forget()

    def send(self, *messages: Json) -> EventCalls:
        """Accepted and stitched. What stitching alone asked for, and its units; nobody else may be at work."""
        items = self.decide(messages)
        self.acceptance.keep(Sorted(items=items, rejects=[]))
        self.calls.next_event()
        before = self.bill.snapshot()
        self.stitch(items)
        bill = self.bill.since(before)
        self.calls.now.write_units, self.calls.now.read_units = float(bill.total(Unit.WRITE)), float(bill.total(Unit.READ))
        return self.calls.now

    def stitch_plainly(self, items: Sequence[LogItem]) -> None:
        """Neither counted nor noted. Raises RuntimeError where something was parked."""
        self.sequence += 1
        if self.plain.stitch([StreamRecord(item, str(self.sequence)) for item in items]).parked:
            raise RuntimeError("an event of the measurement was parked")


@dataclass(slots=True)
class Traffic:
    """Events of random people, one by one. ``parity`` keeps to every second of them, so that two runs never meet the same."""

    world: IdentityWorld
    linking: float
    """Share of events that make a new link."""
    in_conflict: float
    """Share of events of people whose closure is in conflict."""
    parity: int = 0
    sent: int = 0
    _chance: random.Random = field(init=False)
    _name: str = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.linking}/{self.in_conflict}/{self.parity}")  # noqa: S311 - traffic, not secrets
        self._name = f"{self.linking:g}-{self.in_conflict:g}-{self.parity}"

    def next(self) -> Json:
        world, chance = self.world, self._chance
        self.sent += 1
        world.now += timedelta(seconds=1)
        is_linking = chance.random() < self.linking
        if chance.random() < self.in_conflict:
            number = self._number(world.conflicts)
            said = self._conflicting(number) if is_linking else {"userId": f"x{number}-0", "anonymousId": f"xa{number}-0"}
        else:
            number = self._number(world.people)
            said = {"userId": f"u{number}", "anonymousId": self._new() if is_linking else f"a{number}"}
        return _event(f"{self._name}-{self.sent}", **({"at": world.now} | said))

    def _conflicting(self, number: int) -> dict[str, Any]:
        """What says something new in the closure: a new cookie, and of its kind's worst every second time."""
        if self._chance.random() < 0.5:
            return {"userId": f"x{number}-0", "anonymousId": self._new()}
        other = f"x{number}-{self._name}-{self.sent}"
        match number % KINDS:
            case 0:
                return {"userId": other, "traits": {"email": f"x{number}@example.fr"}}
            case 1:
                return {"userId": other, "anonymousId": f"xd{number}"}
        return {"userId": other, "traits": {"email": f"x{number}@example.fr"}, "at": _PAST - timedelta(minutes=self.sent)}

    def _new(self) -> str:
        return f"n{self._name}-{self.sent}"

    def _number(self, below: int) -> int:
        return self._chance.randrange(below // 2) * 2 + self.parity


def _closure(number: int) -> list[Json]:
    """Its history, in the order of time."""
    address = {"email": f"x{number}@example.fr"}
    first = {"userId": f"x{number}-0", "anonymousId": f"xa{number}-0"}
    if number % KINDS == 1:
        device = {"anonymousId": f"xd{number}"}
        said: list[dict[str, Any]] = [first, device, {"userId": first["userId"], **device}, device]
    else:
        cookies = 2 ** (number // KINDS % 6) if number % KINDS == 2 else 0
        more = [{"userId": first["userId"], "anonymousId": f"xc{number}-{place}"} for place in range(cookies)]
        said = [{**first, "traits": address}, first, *more, {"userId": f"x{number}-1", "traits": address}]
    return [_event(f"x{number}-{place}", at=_PAST + timedelta(minutes=place), **each) for place, each in enumerate(said)]


def _event(message_id: str, *, at: datetime, **said: Any) -> Json:
    kind = {"type": "identify"} if "traits" in said else {"type": "track", "event": "Product Viewed"}
    return {**kind, "messageId": message_id, "timestamp": format_instant(at), **said}
