"""A file comes in whole and once, whatever happens between any two calls: its message comes again, and it goes on behind the checkpoint."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from ariane.adapters.memory.overflow import MemoryOverflow
from ariane.imports import importing
from ariane.imports.importing import Importer
from ariane.imports.model import State
from tests.builders.imports import ImportWorld
from tests.faults.contracts import Kind
from tests.faults.killing import KILLS, PASSING, Scenario, assert_same_end, assert_survives, plans, sound_run, until_done
from tests.faults.shim import Shim

MAPPING = """\
source: till
rules:
  - when: [{property: kind, equals: stock}]
    object: stock
    key: [id]
    timestamp: at
    properties: {quantity: {column: n, type: integer}}
  - event: Order Completed
    timestamp: at
    identifiers: {user_id: id}
    properties: {total: {column: n, type: number}}
"""
ORDER = b"order,u1,2026-01-01,5\n"
CONTENT = (
    b"kind,id,at,n\n"
    + ORDER * 2
    + b"order,u2,2026-02-30,5\n"
    + ORDER
    + b"stock,sku,2026-01-01,3\nstock,sku,2026-01-02,4\norder,,2026-01-01,5\norder,u2,2026-01-03,6\n"
)
KEYED = MAPPING.replace("rules:", "key: [row]\nrules:")
"""A run begins at its checkpoint."""
ROWS = b"kind,id,at,n,row\n" + b"".join(b'%s,"row\n%d"\n\n' % (line, at) for at, line in enumerate(CONTENT.splitlines()[1:]))
_PORTS = ("imports", "uploads", "reports", "objects", "log")


@pytest.fixture(autouse=True)
def chunks_of_two() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "MOST_TAKEN", 2)
        yield


class World(ImportWorld):
    def __init__(self, mapping: str = MAPPING, content: bytes = CONTENT) -> None:
        super().__init__()
        self.overflow = MemoryOverflow()
        self.id = self.begin(mapping, content)
        self.queue.put(self.id)


def takes_in(world: World, shim: Shim) -> None:
    """Every run has time for one chunk; each message comes until it is done with, also one that was put twice."""
    wrapped = {name: shim.wrap(name, getattr(world, name)) for name in _PORTS}
    queue, overflow = shim.wrap("import_queue", world.queue), shim.wrap("overflow", world.overflow)
    while world.queue.ids:
        identity = world.queue.ids.pop(0)
        until_done(lambda: Importer(world.ports(**wrapped, queue=queue, overflow=overflow)).run(identity, lambda: False))  # noqa: B023


def end(world: World) -> Any:
    found = world.imports.get(world.id)
    assert found is not None
    progress = found.progress
    kept = {(item.person_id, item.sort): item for item in [*world.overflow.items, *world.log.items()]}
    stored = world.objects.get("stock", "sku")
    return {
        "state": found.state,
        "log": sorted([*key, sorted(message["messageId"] for message in item.messages)] for key, item in kept.items()),
        "counts": [progress.lines, progress.accepted, progress.rejected, progress.events, progress.objects, progress.bytes],
        "report": world.reports.published[world.id].decode(),
        "stock": stored.properties if stored else None,
    }


SCENARIO = Scenario(World, takes_in, end)
ENTERED = Scenario(lambda: World(KEYED, ROWS), takes_in, end)


def test_the_scenario_is_what_it_says() -> None:
    sound = sound_run(SCENARIO).end
    assert sound["state"] is State.DONE
    assert sound["counts"] == [8, 6, 2, 4, 2, len(CONTENT)]
    assert len({message for _, _, messages in sound["log"] for message in messages}) == 4
    assert len(sound["report"].splitlines()) == 3
    assert sound["stock"] == {"quantity": 4}
    entered = sound_run(ENTERED).end
    assert entered["counts"] == [8, 6, 2, 4, 2, len(ROWS)]
    assert {name: entered[name] for name in ("state", "stock")} == {name: sound[name] for name in ("state", "stock")}


@pytest.mark.parametrize("scenario", [SCENARIO, ENTERED])
def test_a_kill_at_any_call_loses_and_doubles_nothing(scenario: Scenario[World]) -> None:
    assert assert_same_end(scenario, KILLS) >= 60


@pytest.mark.parametrize("scenario", [SCENARIO, ENTERED])
def test_a_call_that_fails_in_any_way_loses_and_doubles_nothing(scenario: Scenario[World]) -> None:
    assert_same_end(scenario, PASSING)


@given(plan=plans(calls=60, kinds=tuple(Kind), size=3))
@settings(max_examples=60, deadline=None)
def test_three_faults_of_any_kind_lose_and_double_nothing(plan: dict[int, Kind]) -> None:
    assert_survives(SCENARIO, plan)
