"""Whose events are, said outright: devices that become shared, splits and their lifting, without the assertions that would bring them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

from ariane.identity.commits import Commit
from ariane.identity.model import Evidence, Head, Lifted, Side, Split, Summary
from ariane.identity.rules import Identifier
from ariane.profiles.admission import placed_events
from ariane.profiles.applying import apply
from ariane.profiles.batch_order import in_order_of_sending
from ariane.profiles.fragment_sums import total
from ariane.profiles.fragments import Fragment, Route
from ariane.profiles.homes import HomeReader
from ariane.profiles.refolding import RefoldReport, refold
from ariane.profiles.stitching import Stores
from tests.builders.profiles import KEY, NOON, RULES, Stack, prs

LONG_AGO = NOON - timedelta(days=1_000)


def stores_of(stack: Stack) -> Stores:
    return Stores(identities=stack.identities, fragments=stack.fragments, log=stack.log, consents=stack.consents)


def share(stack: Stack, device: str, *, minute: float) -> None:
    """From then on a second account has used it."""
    head = _head(stack, device)
    evidence = Evidence(accounts={"aaaaaaaaaaaa": LONG_AGO, "bbbbbbbbbbbb": NOON + timedelta(minutes=minute)})
    _commit(stack, replace(head, evidence=evidence))


def split(
    stack: Stack, left: Iterable[str], right: Iterable[str], *, events_to: Side | None, name: str = "spl_1", minute: float = 0
) -> Split:
    left, right = list(left), list(right)
    made = Split(
        id=name,
        left=frozenset(map(Identifier.parse, left)),
        right=frozenset(map(Identifier.parse, right)),
        at=NOON + timedelta(minutes=minute),
        by="ada",
        why="a mistake",
        events_to=events_to,
    )
    heads = [_split_head(stack, text, made, "left") for text in left] + [_split_head(stack, text, made, "right") for text in right]
    stack.identities.commit(Commit(heads=tuple(heads), split=made))
    return made


def lift(stack: Stack, name: str = "spl_1") -> None:
    standing = stack.identities.splits([name])[name]
    stack.identities.commit(Commit(split=replace(standing, lifted=Lifted(at=NOON, by="ada", why="no mistake"))))


def _split_head(stack: Stack, text: str, made: Split, side: str) -> Head:
    head = _head(stack, text)
    summary = head.summary or Summary()
    named: Any = {side: getattr(summary, side) | {made.id}}
    return replace(head, summary=replace(summary, **named))


def _head(stack: Stack, text: str) -> Head:
    own = prs(text)
    found: Head = stack.identities.heads([own]).get(own, Head(person_id=own, identifier=Identifier.parse(text)))
    return found


def _commit(stack: Stack, *heads: Head) -> None:
    stack.identities.commit(Commit(heads=heads))


@dataclass
class Generations:
    """Never the same twice, and the same in every run."""

    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __call__(self) -> int:
        return next(self.numbers)


def refolded(stack: Stack, text: str, *, generations: Any = None) -> RefoldReport:
    own = text if text.startswith("prs_") else prs(text)
    given: Any = {"generations": generations} if generations else {}
    return refold(own, stores=stores_of(stack), key=KEY, rules=RULES, observing=stack.observing, **given)


def knowledge(fragment: Fragment) -> Fragment:
    """What it knows of its person, without what it remembers for itself."""
    return replace(total([fragment]), overflow={})


def stored_by_home(stack: Stack, homes: Iterable[str]) -> dict[str, Fragment]:
    """By person id, what its own row and those of its feeds come to; without those that know nothing."""
    found = {}
    for home in homes:
        own = stack.fragments.load([home]).get(home)
        if own is None:
            continue
        rows = stack.fragments.load_routed([Route(home, feed) for feed in own.fragment.feeds]).values()
        found[home] = knowledge(total([own.fragment, *rows]))
    return {home: fragment for home, fragment in found.items() if fragment != Fragment(person_id="")}


def from_scratch(stack: Stack) -> dict[str, Fragment]:
    """The fold of all that the log shows, event by event, by what the identities now say."""
    reader = HomeReader(stack.identities, rules=lambda: RULES, key=lambda: KEY)
    found: dict[str, Fragment] = {}
    for each in stack.log.items():
        placed = placed_events(each)
        whose = [home.person_id for home in reader([one.event for one in placed])]
        for home in set(whose):
            theirs = [one for one, own in zip(placed, whose, strict=True) if own == home]
            found[home] = apply(found.get(home, Fragment(person_id=home)), in_order_of_sending(theirs), stack.observing)
    return {home: knowledge(fragment) for home, fragment in found.items()}
