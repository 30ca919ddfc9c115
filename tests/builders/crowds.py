"""A person of very many devices, in memory: grown, sealed, woken, merged and split at random."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from ariane.identity.model import Transition
from ariane.identity.operating import Operator
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb
from ariane.profiles.bundles import Bundle, bundle_of
from ariane.profiles.fragment_sums import total
from ariane.profiles.fragments import StoredFragment
from ariane.profiles.model import Profile
from ariane.profiles.reach import reach
from ariane.profiles.reader import ProfileReader
from ariane.profiles.refolding import follow
from ariane.profiles.sealing import Sealer
from ariane.profiles.stitching import Stores
from tests.builders.profiles import KEY, NOON, RULES, Stack, identify, item, prs, track


@dataclass
class FewHeld:
    """Who holds something is said."""

    ids: set[str] = field(default_factory=set)

    def held(self, person_ids: Collection[str]) -> Collection[str]:
        return self.ids & {*person_ids}


@dataclass
class Crowd:
    random: Random
    stack: Stack = field(default_factory=Stack)
    holdings: FewHeld = field(default_factory=FewHeld)
    now: datetime = NOON
    rules: Rules = RULES
    devices: dict[str, list[str]] = field(default_factory=dict)
    """``namespace:value`` -> the devices it was seen on."""
    splits: list[str] = field(default_factory=list)
    absorbed: int = 0
    """Bundles that others took in."""

    def __post_init__(self) -> None:
        self._number = count(1)

    @property
    def stores(self) -> Stores:
        return Stores(identities=self.stack.identities, fragments=self.stack.fragments, log=self.stack.log, consents=self.stack.consents)

    @property
    def reader(self) -> ProfileReader:
        return ProfileReader(self.stack.identities, self.stack.fragments)

    def sealer(self) -> Sealer:
        generations = count(self.random.randrange(1, 2**39))
        return Sealer(
            self.stack.identities,
            _Counting(self),
            self.holdings,
            rules=lambda: self.rules,
            clock=lambda: self.now,
            generations=lambda: next(generations),
        )

    # what happens

    def meet(self, user: str, device: str | None = None) -> str:
        """``user_id:…`` signs in, or ``email:…`` is left, on a device: a new one unless said."""
        device = device or f"d{next(self._number)}"
        self.devices.setdefault(user, []).append(device)
        if self.random.random() < 0.6:
            self.browse(device)
        namespace, _, value = user.partition(":")
        said = {"userId": value} if namespace == "user_id" else {}
        traits = self._traits() | ({"email": value} if namespace == "email" else {})
        self._deliver(identify(message_id=self._id(), minute=self._minute(), anonymousId=device, traits=traits, **said))
        return device

    def browse(self, device: str) -> None:
        name = self.random.choice(["Product Viewed", "Product Added", "Order Completed", f"Rare {self.random.randrange(4)}"])
        event = track(name, message_id=self._id(), minute=self._minute(), anonymousId=device)
        self._deliver(event if self.random.random() < 0.7 else event | {"context": {"traits": self._traits()}})
        if self.random.random() < 0.2:
            say = identify(message_id=self._id(), minute=self._minute(), anonymousId=device, traits=self._traits())
            self._deliver(say if self.random.random() < 0.5 else say | {"type": "group", "groupId": f"g{self.random.randrange(3)}"})

    def part(self, texts: Collection[str]) -> None:
        named = tuple(Identifier.parse(each) for each in texts)
        split, transition = self.operator.split(named, rules=RULES, by="lea", why="not hers", at=self.now)
        self.splits.append(split.id)
        self._follow(transition)

    def lift(self, split_id: str) -> None:
        self.splits.remove(split_id)
        self._follow(self.operator.lift(split_id, rules=RULES, by="lea", why="hers", at=self.now))

    @property
    def operator(self) -> Operator:
        return Operator(self.stack.identities, KEY)

    def _follow(self, transition: Transition) -> None:
        follow([transition], stores=self.stores, key=KEY, rules=RULES)

    def _deliver(self, message: dict[str, object]) -> None:
        self.now += timedelta(minutes=1)
        report = self.stack.deliver(item(message))
        assert not report.parked, report.parked

    def _id(self) -> str:
        return f"m{next(self._number)}"

    def _minute(self) -> float:
        return self.random.randrange(4_000)

    def _traits(self) -> dict[str, object]:
        return {self.random.choice(["plan", "city", "size"]): self.random.choice([None, "a", "b", self.random.randrange(9)])}

    # what must hold

    def expect_same(self, text: str) -> Profile:
        """The brief reading knows what the whole one does. Returns it."""
        return expect_same(self.reader, prs(text))

    def expect_sums(self) -> None:
        """Every bundle that a reader would use counts what is sealed in it, once, and nothing else."""
        sealed: dict[str, list[str]] = {}
        for own in {prs(f"anonymous_id:{each}") for theirs in self.devices.values() for each in theirs}:
            stored = self.stack.fragments.load([own]).get(own)
            if stored is not None and stored.seal is not None:
                bundle = bundle_of(stored.seal, self.stack.fragments)
                sealed.setdefault(bundle.holder if bundle else "", []).append(own)
        for bundle in self._used():
            if bundle.count:
                members = sealed[bundle.holder]
                sums = total(stored.fragment for stored in self.stack.fragments.load(members).values())
                assert {name: tally.times for name, tally in bundle.total.tallies.items()} == {
                    name: tally.times for name, tally in sums.tallies.items()
                }
                assert bundle.count == len(members)
                assert not {*members} & {*bundle.awake}

    def _used(self) -> list[Bundle]:
        paths = climb(self.stack.identities, [prs(each) for each in self.devices])
        roots = {root.person_id: root for root in (paths.root_of(prs(each)) for each in self.devices)}
        return [bundle for root in roots.values() for bundle in reach(root, self.stack.identities, self.stack.fragments).bundles]


def expect_same(reader: ProfileReader, own_id: str) -> Profile:
    whole, brief = reader.snapshot(own_id), reader.brief(own_id)
    for name in ("id", "traits", "occurrences", "first_seen", "last_seen", "groups", "removed_traits", "version", "shape"):
        assert getattr(brief, name) == getattr(whole, name), name
    assert brief.identifiers.items() <= whole.identifiers.items()
    resting = brief.at_rest.devices if brief.at_rest else 0
    assert len(brief.identifiers) + resting == len(whole.identifiers)
    left_out = {each.partition for each in whole.logs} - {each.partition for each in brief.logs}
    assert left_out <= whole.identifiers.keys() - brief.identifiers.keys()
    return brief


class _Counting:
    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crowd.stack.fragments, name)

    def put(self, bundle: Bundle, *, sealed: Sequence[StoredFragment] = (), absorbed: Sequence[Bundle] = ()) -> None:
        self._crowd.stack.fragments.put(bundle, sealed=sealed, absorbed=absorbed)
        self._crowd.absorbed += len(absorbed)
