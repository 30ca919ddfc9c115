"""A customer of many devices, most of them at rest, some of which hold runs, messages or what was said for the person."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import batched, count
from random import Random
from typing import Any

from ariane.adapters.memory.holdings import MemoryHoldings
from ariane.identity.commits import Child, Commit
from ariane.identity.model import Head, Summary
from ariane.identity.rules import Identifier
from ariane.instants import format_instant
from ariane.messaging.model import Channel, LedgerEntry, MessageClass, Status
from ariane.profiles.fragments import Fragment, StoredFragment, Tally
from ariane.profiles.model import Profile
from ariane.profiles.reader import ProfileReader
from ariane.profiles.sealing import KEPT_AWAKE, Sealer
from tests.builders.messaging import SendWorld
from tests.builders.profiles import NOON, RULES, identify, item, prs, track

USER = "user_id:u1"
EVENTS = ("Product Viewed", "Product Added", "Order Completed")


@dataclass
class Household:
    random: Random
    send: SendWorld = field(default_factory=SendWorld)
    devices: list[str] = field(default_factory=list)
    """Values of ``anonymous_id`` that are the customer's."""

    def __post_init__(self) -> None:
        self._number = count(1)
        self._generations = count(self.random.randrange(1, 2**39))

    @property
    def reader(self) -> ProfileReader:
        return ProfileReader(self.send.stack.identities, self.send.stack.fragments)

    @property
    def whole(self) -> Profile:
        return self.reader.snapshot(prs(USER))

    @property
    def brief(self) -> Profile:
        return self.reader.brief(prs(USER))

    @property
    def resting(self) -> Sequence[str]:
        """Devices that the brief reading leaves out, by value."""
        shown = self.brief.identifiers
        return [each for each in self.devices if own(each) not in shown]

    def is_sealed(self, device: str) -> bool:
        return bool(self.send.stack.fragments.is_sealed(own(device)))

    def own_at_once(self, number: int) -> None:
        """So many devices, each heard of once long ago: growing them by events would take minutes."""
        for some in batched([f"many{place}" for place in range(number)], 45, strict=False):
            self._own(some)
        tally = {"Product Viewed": Tally(1, 0, 0)}
        for place in range(number):
            fragment = Fragment(person_id=own(f"many{place}"), tallies=tally, first_seen=0, last_seen=0)
            self.send.stack.fragments.save(StoredFragment(fragment=fragment))

    def _own(self, devices: Sequence[str]) -> None:
        (root,) = self.send.stack.identities.heads([prs(USER)]).values()
        named = {own(each): Identifier("anonymous_id", each) for each in devices}
        below = [Head(person_id=each, identifier=of, parent=root.person_id, first_at=NOON) for each, of in named.items()]
        summary = root.summary or Summary()
        counts = {**summary.counts, "anonymous_id": summary.counts.get("anonymous_id", 0) + len(named)}
        grown = replace(root, children=root.children + len(named), summary=replace(summary, counts=counts))
        joined = tuple(Child(root.person_id, each, str(of)) for each, of in named.items())
        self.send.stack.identities.commit(Commit(heads=(grown, *below), joined=joined))
        self.devices += devices

    # what happens

    def grow(self, devices: int) -> None:
        for _ in range(devices):
            self.join(self.visit())

    def visit_quietly(self) -> str:
        """Somebody unknown browses."""
        device = f"d{next(self._number)}"
        for _ in range(self.random.randrange(3)):
            self.browse(device, "Product Viewed")
        return device

    def visit(self) -> str:
        """… and may leave a run, a message, a word for all of theirs."""
        device = self.visit_quietly()
        for _ in range(self.random.randrange(2)):
            self.browse(device)
        if self.random.random() < 0.15:
            self.start_run(device)
        if self.random.random() < 0.15:
            self.skip_message(device)
        if self.random.random() < 0.1:
            self.say(device)
        return device

    def join(self, device: str) -> None:
        """The customer signs in on it."""
        self.devices.append(device)
        self._deliver(identify(message_id=self._id(), minute=self._minute(), anonymousId=device, userId="u1"))

    def browse(self, device: str, event: str | None = None, *, minute: float | None = None, **properties: Any) -> None:
        name = event or self.random.choice(EVENTS)
        said = {"cart_id": self.random.choice(["c1", "c2"])} | properties
        at = self._minute() if minute is None else minute
        self._deliver(track(name, message_id=self._id(), minute=at, anonymousId=device, properties=said))

    def say(self, device: str, name: str | None = None, *, minute: float | None = None, **properties: str) -> None:
        """For the whole person: it names no address."""
        said = {"topic": self.random.choice(["offers", "orders"]), "channel": self.random.choice(["email", "sms"])} | properties
        event = name or self.random.choice(["Consent Granted", "Consent Withdrawn"])
        at = self._minute() if minute is None else minute
        self._deliver(track(event, message_id=self._id(), minute=at, anonymousId=device, properties=said))

    def start_run(self, device: str) -> None:
        number = len(self.send.enrolments.runs([own(device)]))
        fact = {"event": "Product Added", "profile": own(device), "fragment": own(device), "timestamp": format_instant(NOON)}
        self.send.enrolments.create(self.send.run(profile=own(device), number=number, cause=f"web/{self._id()}", fact=fact))

    def skip_message(self, device: str) -> None:
        self.send.ledger.skip(skipped(own(device), self.random.choice(["msg_1", "msg_2"])))

    def seal(self) -> int:
        holdings = MemoryHoldings(self.send.enrolments, self.send.ledger, self.send.stack.consents)
        sealer = Sealer(
            self.send.stack.identities,
            self.send.stack.fragments,
            holdings,
            rules=lambda: RULES,
            clock=lambda: NOON,
            generations=lambda: next(self._generations),
        )
        return sealer.seal(prs(USER))

    def put_to_rest(self, device: str) -> None:
        """Others are heard of until it is sealed."""
        for _ in range(KEPT_AWAKE + 1):
            fresh = f"d{next(self._number)}"
            self.browse(fresh, minute=4_000)
            self.join(fresh)
        while not self.is_sealed(device):
            assert self.seal()

    def _deliver(self, message: dict[str, object]) -> None:
        report = self.send.stack.deliver(item(message))
        assert not report.parked

    def _id(self) -> str:
        return f"m{next(self._number)}"

    def _minute(self) -> float:
        return self.random.randrange(4_000)


def own(device: str) -> str:
    return prs(f"anonymous_id:{device}")


def skipped(person_id: str, message_id: str) -> LedgerEntry:
    return LedgerEntry(
        profile=person_id,
        id=message_id,
        channel=Channel.EMAIL,
        template="cart",
        journey="cart",
        version="1",
        node="2",
        topic="offers",
        message_class=MessageClass.MARKETING,
        status=Status.SKIPPED,
        reason="no_consent",
        at=NOON,
    )
