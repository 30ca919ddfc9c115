"""Who comes to the simulated shop, and how often they do what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

WEIGHTS: Mapping[str, float] = {
    "browse": 4,
    "add": 4,
    "login": 4,
    "order": 3,
    "sign_up": 1.5,
    "close": 0.6,
    "grant": 4,
    "withdraw": 1.5,
    "alias": 0.8,
    "till": 1,
    "imported": 0.7,
    "old": 0.7,
    "invalid": 0.8,
    "broken": 0.3,
    "twin": 0.7,
    "repeat": 2.5,
    "nameless": 0.5,
    "tablet": 0,
    "devices": 0,
    "mistyped": 0,
    "form": 0,
    "signed": 0,
    "hub": 0,
    "known_before": 0,
    "rename": 0,
    "unmerge": 0,
    "lift": 0,
    "link": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How often what happens, relative to each other; and how much in all."""

    people: int = 3
    actions: int = 14
    minutes: float = 30
    """Over how long the actions spread, in a few bursts."""
    weights: Mapping[str, float] = field(default_factory=dict)
    busy: int = 0
    """Events of one visitor that come in a row: above 40 they roll the ring."""
    shared: float = 0.3
    """Chance that somebody shares an address with another."""
    known: float = 0.8
    """Chance that somebody is known from the start."""
    is_republished: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    user: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    devices: tuple[str, ...]
    carts: tuple[str, ...]


def people_of(random: Random, mix: Mix) -> list[Person]:
    people: list[Person] = []
    for number in range(1, mix.people + 1):
        emails = [f"p{number}@shop.example", f"p{number}.bis@shop.example"]
        phones = [f"+336123456{number:02}", f"+336123457{number:02}"]
        devices = [f"browser-{number}", f"phone-{number}"]
        if people and random.random() < mix.shared:
            other = random.choice(people)
            shared = random.choice((emails, phones, devices))
            shared[1] = random.choice({id(emails): other.emails, id(phones): other.phones, id(devices): other.devices}[id(shared)])
        carts = (f"c{number}", random.choice((f"c{number}-b", "shared-cart")))
        people.append(Person(f"u{number}", tuple(emails), tuple(phones), tuple(devices), carts))
    return people
