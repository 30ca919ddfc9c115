"""Operators who un-merge, lift and link by hand, through the API's own code, and ask again when it does not answer."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from ariane.identity.model import Side
from ariane.identity.rules import Identifier
from ariane.profiles.identity_desk import IdentityDesk, Said
from tests.faults.clients import Sending

if TYPE_CHECKING:
    from tests.faults.world import World

type Act = Callable[[IdentityDesk], object]


@dataclass(slots=True)
class Operators:
    world: "World"
    seed: int
    waiting: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def act(self, sending: Sending) -> None:
        """What exactly is drawn from who is there by then."""
        random = Random(f"{self.seed}/{sending.number}/operator")
        said = getattr(self, f"_{sending.what}")(random)
        if said is not None:
            text, act = said
            self.world.scheduler.note("operator", text)
            self.waiting.append(text)
            self._ask(text, act)

    def _ask(self, text: str, act: Act) -> None:
        self.world.functions.operate(act, lambda code: self._answered(text, act, code))

    def _answered(self, text: str, act: Act, code: str | None) -> None:
        if code is None:
            self.world.scheduler.after(5.0, lambda: self._ask(text, act))
            return
        self.answers[code] += 1
        self.world.scheduler.note("operator", f"hears {code}", text)
        self.waiting.remove(text)

    def _unmerge(self, random: Random) -> tuple[str, Act] | None:
        people = self.world.stores.identities.people()
        if not people:
            return None
        person = random.choice(people)
        some = random.sample(person, random.randint(1, len(person) - 1))
        side = random.choice((None, None, Side.LEFT, Side.RIGHT))
        said = Said(identifiers=tuple(map(Identifier.parse, some)), by="an operator", why="two people", events_to=side)
        return f"un-merges {' '.join(some)} of {' '.join(person)}, events to {side}", lambda desk: desk.unmerge(person[0], said)

    def _lift(self, random: Random) -> tuple[str, Act] | None:
        standing = sorted(each.id for each in self.world.stores.identities.all_splits() if not each.is_lifted)
        if not standing:
            return None
        chosen = random.choice(standing)
        return f"lifts {chosen}", lambda desk: desk.lift(chosen, by="an operator", why="one person")

    def _link(self, random: Random) -> tuple[str, Act] | None:
        people = self.world.stores.identities.people()
        if len(people) < 2:
            return None
        one, other = random.sample(people, 2)
        identifier = random.choice(other)
        said = Said(identifiers=(Identifier.parse(identifier),), by="an operator", why="one person")
        return f"links {one[0]} and {identifier}", lambda desk: desk.link(one[0], said)
