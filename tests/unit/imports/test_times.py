"""A time that nobody can mean is refused: what is in the log by mistake counts from then on."""

import pytest

from tests.builders.imports import ImportWorld

TILL = """\
source: till
rules:
  - event: Order Completed
    timestamp: at
    identifiers: {user_id: customer}
    properties: {order_id: order}
"""
CARDS = """\
source: till
rules:
  - identify: true
    timestamp: at
    identifiers: {user_id: customer}
    traits: {expires_at: {column: expires, type: instant}}
"""


def test_a_time_in_the_future_refuses_its_line_and_a_clock_that_is_fast_does_not() -> None:
    world = ImportWorld()
    done = world.imported(TILL, b"order,customer,at\no1,u1,2026-11-24T13:00:00\no2,u1,2026-11-23T11:00:00\no3,u1,2026-11-22T11:00:00\n")

    assert world.refused(done.id) == [(2, "not_a_time")]
    assert "future" in world.reports.published[done.id].decode()
    assert sorted(message["properties"]["order_id"] for message in world.messages()) == ["o2", "o3"]


def test_a_refused_time_comes_in_when_it_has_passed() -> None:
    world = ImportWorld()
    first = world.imported(TILL, b"order,customer,at\no1,u1,2026-12-24\n")
    world.now = world.now.replace(month=12, day=25)
    world.imported(TILL, world.reports.published[first.id])
    assert [message["timestamp"] for message in world.messages()] == ["2026-12-24T00:00:00.000Z"]


def test_what_an_import_looks_at_later_is_judged_as_when_it_began() -> None:
    """A chunk that is done again must come to the same."""
    world = ImportWorld()
    identity = world.begin(TILL, b"order,customer,at\no1,u1,2026-12-24\n")
    world.now = world.now.replace(month=12, day=25)
    world.run(identity)
    assert world.refused(identity) == [(2, "not_a_time")]


def test_other_instants_may_lie_in_the_future() -> None:
    world = ImportWorld()
    done = world.imported(CARDS, b"customer,at,expires\nu1,2026-01-01,2031-01-01\n")
    assert done.progress.accepted == 1


@pytest.mark.parametrize("kind", ["event: Order Completed", "identify: true"])
def test_a_time_of_the_mapping_itself_is_held_to_the_same(kind: str) -> None:
    world = ImportWorld()
    mapping = (
        f"source: till\nrules:\n  - {kind}\n    timestamp: {{value: '2031-01-01T00:00:00Z'}}\n    identifiers: {{user_id: customer}}\n"
    )
    done = world.imported(mapping, b"customer\nu1\n")
    assert world.refused(done.id) == [(2, "not_a_time")]
