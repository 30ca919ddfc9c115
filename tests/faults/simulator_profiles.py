"""What is simulated: who comes how often to do what, in which weather."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.faults.clients_people import WEIGHTS, Mix
from tests.faults.contracts import Kind
from tests.faults.scheduler import Latency
from tests.faults.world import Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    name: str
    mix: Mix
    weather: Weather
    unsubscribing: float = 0.2
    """Share of e-mails whose reader uses the link."""
    provoking: float = 0.1
    """Share of decisions on a message during which the person acts."""


IDENTITY: dict[str, float] = {
    "tablet": 4,
    "devices": 3,
    "mistyped": 3,
    "form": 4,
    "signed": 3,
    "hub": 3,
    "known_before": 4,
    "rename": 1.5,
    "unmerge": 1.5,
    "lift": 1,
    "link": 0.7,
}
_ONLY: dict[str, float] = dict.fromkeys(WEIGHTS, 0.0)
_MEETING: Mapping[str, float] = _ONLY | {
    "form": 6,
    "login": 4,
    "known_before": 6,
    "devices": 4,
    "rename": 2,
    "hub": 2,
    "mistyped": 2,
    "signed": 3,
}
PROFILES: Mapping[str, Options] = {
    each.name: each
    for each in (
        Options(name="mixed", mix=Mix(), weather=Weather()),
        Options(name="fine weather", mix=Mix(), weather=Weather(faults=0, kills=0, losses=0)),
        Options(name="duplicates", mix=Mix(weights={"repeat": 9, "twin": 3}), weather=Weather(duplicates=0.5, losses=0.3, eager=0.3)),
        Options(
            name="merges",
            mix=Mix(people=4, weights={"login": 12, "alias": 3, "order": 5, "add": 9, "sign_up": 5}, shared=0.8, minutes=10),
            weather=Weather(shards=4, faults=0.06, latency=Latency(instant=0.7, long=0.06)),
            provoking=0.5,
        ),
        Options(
            name="consents",
            mix=Mix(people=3, weights={"grant": 9, "withdraw": 5, "add": 8, "login": 6, "sign_up": 5}, shared=0.6, minutes=12),
            weather=Weather(duplicates=0.2, latency=Latency(instant=0.5, long=0.08)),
            unsubscribing=0.4,
            provoking=0.6,
        ),
        Options(
            name="exits",
            mix=Mix(
                people=3, weights=_ONLY | {"add": 9, "order": 4, "sign_up": 6, "login": 4, "grant": 3, "repeat": 2}, known=1, minutes=25
            ),
            weather=Weather(kills=0.02, duplicates=0.2, latency=Latency(long=0.06)),
            provoking=0.3,
        ),
        Options(
            name="races",
            mix=Mix(people=2, actions=12, weights=_ONLY | {"add": 5, "sign_up": 4, "grant": 2}, known=1, minutes=8),
            weather=Weather(
                faults=0.01, kills=0.005, losses=0, duplicates=0.1, latency=Latency(instant=0.4, long=0.2, longest=5), shards=3
            ),
            provoking=0.9,
        ),
        Options(
            name="lost answers",
            mix=Mix(people=3, weights={"add": 7, "sign_up": 5}, known=1),
            weather=Weather(
                faults=0.2, kills=0.03, without=frozenset(set(Kind) - {Kind.LOST, Kind.KILL_AFTER}), duplicates=0.4, losses=0.3
            ),
        ),
        Options(name="busy", mix=Mix(people=3, actions=12, busy=70, minutes=5), weather=Weather(faults=0.04, kills=0.015)),
        Options(
            name="torn",
            mix=Mix(people=3, actions=16, minutes=4, weights={"repeat": 0, "nameless": 0}),
            weather=Weather(is_torn=True, shards=3),
        ),
        Options(name="slow", mix=Mix(), weather=Weather(latency=Latency(instant=0.3, long=0.15, longest=12), skew=1.5)),
        Options(name="kills", mix=Mix(), weather=Weather(faults=0.02, kills=0.06, is_refusing=True)),
        Options(
            name="identity",
            mix=Mix(people=4, actions=22, weights=IDENTITY, shared=0.6, known=0.5, minutes=12),
            weather=Weather(identity="tight", shards=3, latency=Latency(instant=0.5, long=0.06)),
        ),
        Options(
            name="meetings",
            mix=Mix(people=2, actions=24, weights=_MEETING, shared=0.9, known=0.3, minutes=2),
            weather=Weather(shards=6, faults=0.02, latency=Latency(instant=0.4, long=0.2, longest=6), most_tries=1),
        ),
        Options(
            name="undo",
            mix=Mix(people=3, actions=20, weights=IDENTITY | {"unmerge": 5, "lift": 4, "link": 2}, shared=0.8, minutes=8),
            weather=Weather(shards=3, kills=0.02, latency=Latency(instant=0.5, long=0.1)),
        ),
        Options(
            name="kiosk",
            mix=Mix(
                people=4, actions=18, weights=_ONLY | {"tablet": 9, "devices": 4, "known_before": 4, "grant": 2, "repeat": 2}, minutes=8
            ),
            weather=Weather(shards=4, kills=0.02, duplicates=0.3, latency=Latency(instant=0.5, long=0.1)),
        ),
        Options(
            name="crowd",
            mix=Mix(people=4, actions=22, weights=IDENTITY | {"unmerge": 2, "lift": 1}, shared=0.8, known=0.5, minutes=10),
            weather=Weather(identity="tight", shards=3, faults=0.05, most_assertions=4, most_refolded=3),
        ),
        Options(
            name="new rules",
            mix=Mix(
                people=4,
                actions=34,
                weights=_ONLY | IDENTITY | {"grant": 2, "withdraw": 1, "browse": 2, "new_rules": 3},
                shared=0.8,
                minutes=5,
            ),
            weather=Weather(
                identity="tight", shards=3, faults=0.002, kills=0.002, latency=Latency(instant=0.3, long=0.3, longest=8), most_tries=2
            ),
        ),
        Options(
            name="segments",
            mix=Mix(
                people=3,
                actions=24,
                weights=IDENTITY | {"order": 8, "add": 8, "browse": 6, "sign_up": 3, "backfill": 2},
                shared=0.6,
                minutes=40,
            ),
            weather=Weather(shards=3, has_segments=True, latency=Latency(instant=0.6, long=0.05)),
        ),
        Options(
            name="segments undone",
            mix=Mix(
                people=3,
                actions=24,
                weights={**_MEETING, "order": 5, "add": 5, "unmerge": 5, "lift": 4, "backfill": 2},
                shared=0.8,
                minutes=12,
            ),
            weather=Weather(shards=3, has_segments=True, kills=0.02, latency=Latency(instant=0.5, long=0.1)),
        ),
        Options(name="throttles", mix=Mix(weights={"order": 6, "invalid": 4}), weather=Weather(faults=0.15, kills=0.005, shards=3)),
    )
}
