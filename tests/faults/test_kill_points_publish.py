"""Publishing that ends anywhere and is repeated leaves what it would have left at once; a reader in between finds what a pointer names."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.adapters.memory.definitions import MemoryDocuments, MemoryVersions
from ariane.definitions.bundle import Bundle, version_of
from ariane.definitions.publish import Publisher
from ariane.errors import NotFound
from tests.builders.journeys import CART, CONFIRMATION, NOON, journey_of
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

NAMES = ("cart", "confirmation")


def bundle(*texts: str, awaited: tuple[str, ...]) -> Bundle:
    journeys = {}
    for each in map(journey_of, texts):
        content = {"name": each.name, "definition": each.as_json(), "templates": {}}
        journeys[each.name] = {**content, "version": version_of(content)}
    interest = {"entry": [], "awaited": list(awaited), "forward": []}
    documents: dict[str, dict[str, Any]] = {
        "interest": interest,
        "identity": {},
        "messaging": {"name": str(len(texts))},
        "collect": {"sources": {}},
        "profiles": profiles_of(len(texts)),
    }
    return Bundle(documents, journeys)


def profiles_of(number: int) -> dict[str, Any]:
    """A segment of this version, which asks for so much of one series."""
    condition = {"performed": "Order Completed", "times": {"gte": number}}
    series = {"event": "Order Completed", "where": [], "path": None, "keep": [number, None, 0], "epoch": 0}
    return {
        "traits": {"precedence": {}, "computed": {}},
        "segments": {"vip": {"name": "vip", "condition": condition, "version": f"v{number}"}},
        "observing": {"epoch": 0, "series": [series], "traits": {}, "precedence": {}},
    }


FIRST = bundle(CART, CONFIRMATION, awaited=("Order Completed",))
SECOND = bundle(CART.replace("1 hour", "2 hours"), awaited=("Cart Emptied",))
"""Changes one journey and takes the other away."""


@dataclass
class World:
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    versions: MemoryVersions = field(default_factory=MemoryVersions)
    collect: MemoryDocuments = field(default_factory=MemoryDocuments)

    def publisher(self, shim: Shim) -> Publisher:
        return Publisher(
            documents=shim.wrap("documents", self.documents),
            pointers=shim.wrap("pointers", self.documents),
            versions=shim.wrap("versions", self.versions),
            collect=shim.wrap("documents", self.collect),
            clock=lambda: NOON,
        )

    def names_what_is_missing(self) -> list[str]:
        found = []
        for name in NAMES:
            live = self.documents.live(name)
            try:
                _ = live and self.versions.journey(name, live.version)
            except NotFound:
                found.append(name)
        return found


def play(world: World, shim: Shim) -> None:
    def checked() -> None:
        assert world.names_what_is_missing() == []

    for each in (FIRST, SECOND):
        until_done(lambda each=each: world.publisher(shim).publish(each), pause=checked)  # type: ignore[misc]
        checked()


def end(world: World) -> Any:
    return {
        "documents": {name: world.documents.document(name) for name in ("interest", "identity", "messaging", "profiles", "journeys")},
        "collect": world.collect.document("collect"),
        "pointers": {name: world.documents.live(name) for name in NAMES},
        "missing": world.names_what_is_missing(),
    }


SCENARIO = Scenario(World, play, end)


def test_the_scenario_is_what_it_says() -> None:
    sound = sound_run(SCENARIO).end
    assert {name: str(live.state) for name, live in sound["pointers"].items()} == {"cart": "live", "confirmation": "stopped"}
    assert sound["documents"]["profiles"]["observing"]["epoch"] == 2
    assert sound["documents"]["interest"]["awaited"] == ["Cart Emptied", "Order Completed"]


@pytest.mark.parametrize("kinds", [KILLS, PASSING])
def test_a_fault_at_any_call_leaves_the_same_definitions(kinds: tuple[Kind, ...]) -> None:
    assert assert_same_end(SCENARIO, kinds) > 40


@given(plan=plans(calls=40, kinds=tuple(Kind), size=4))
@settings(max_examples=50, deadline=None)
def test_four_faults_of_any_kind_leave_the_same_definitions(plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIO, plan)
