"""Which event a line is: the same line in a later file is the same event, and what says something else is another one."""

import pytest

from ariane.imports.model import Import
from tests.builders.imports import ImportWorld

OPT_IN = """\
source: till
rules:
  - event: Consent Granted
    timestamp: {value: 2025-01-01T00:00:00Z}
    identifiers: {email: email}
    properties: {topic: {value: offers}, channel: {value: email}, email: email}
"""
OPT_OUT = OPT_IN.replace("Granted", "Withdrawn").replace("2025", "2026")
NEWSLETTER = OPT_IN.replace("offers", "newsletter")
CONTACTS = "source: till\nkey: [id]\nrules: [{identify: true, identifiers: {user_id: id}, traits: {city: city}}]\n"
CONSENTS = OPT_IN.replace("rules:", "key: [id]\nrules:").replace("email: email}\n    prop", "user_id: id}\n    prop")
RECEIPTS = """\
source: till
group: {by: [receipt]}
rules:
  - event: Order Completed
    timestamp: sold
    identifiers: {user_id: customer}
    properties: {order_id: receipt, total: {sum: [price]}}
"""
LINES = RECEIPTS.replace("group: {by: [receipt]}\n", "").replace("{sum: [price]}", "{column: price, type: number}")
KEYED = LINES.replace("rules:", "key: [receipt]\nrules:")
LOYALTY = "source: till\nrules: [{identify: true, identifiers: {loyalty_card: card}, traits: {tier: tier}}]\n"
LOYALTY_BY_CARD = LOYALTY.replace("rules:", "key: [card]\nrules:")


def ids(world: ImportWorld) -> set[object]:
    return {message["messageId"] for message in world.messages()}


def imported(world: ImportWorld, *files: tuple[str, str]) -> list[Import]:
    return [world.imported(mapping, content.encode()) for mapping, content in files]


@pytest.mark.parametrize(
    ("first", "second", "content"),
    [
        (OPT_IN, OPT_OUT, "email\na@example.com\n"),
        (OPT_IN, NEWSLETTER, "email\na@example.com\n"),
        (CONTACTS, CONSENTS, "id,city,email\nc1,Lyon,a@example.com\n"),
    ],
    ids=["opting in and out", "two topics", "traits and consents by one key"],
)
def test_one_line_by_two_mappings_that_say_different_things_is_two_events(first: str, second: str, content: str) -> None:
    world = ImportWorld()
    imported(world, (first, content), (second, content))

    assert len(ids(world)) == 2


@pytest.mark.parametrize("mapping", [RECEIPTS, KEYED, LINES], ids=["grouped", "keyed", "whole lines"])
def test_receipts_whose_numbers_begin_again_are_other_orders(mapping: str) -> None:
    world = ImportWorld()
    head = "receipt,customer,sold,price\n"
    imported(world, (mapping, f"{head}1001,u1,2024-05-01,10\n"), (mapping, f"{head}1001,u1,2025-05-01,10\n"))

    assert len(ids(world)) == 2


@pytest.mark.parametrize("mapping", [RECEIPTS, KEYED, LINES], ids=["grouped", "keyed", "whole lines"])
def test_a_later_file_that_has_the_orders_of_before_brings_the_new_ones_alone(mapping: str) -> None:
    world = ImportWorld()
    year = "receipt,customer,sold,price\n1001,u1,2024-05-01,10\n1002,u1,2024-06-01,5\n1001,u1,2025-05-01,10\n"
    imported(world, (mapping, year))
    before = ids(world)

    imported(world, (mapping, "receipt,customer,sold,price\n1001,u1,2025-05-01,10\n1002,u1,2025-06-01,5\n"))

    assert len(ids(world) - before) == 1


@pytest.mark.parametrize("mapping", [RECEIPTS, KEYED, LINES], ids=["grouped", "keyed", "whole lines"])
def test_a_line_that_was_corrected_in_the_report_is_known_in_the_next_export(mapping: str) -> None:
    world = ImportWorld()
    head = "receipt,customer,sold,price\n"
    (first,) = imported(world, (mapping, f"{head}T7,u1,2025-05-01,abc\n"))
    world.imported(mapping, world.reports.published[first.id].replace(b"abc", b"15"))
    imported(world, (mapping, f"{head}T6,u1,2025-04-01,10\nT7,u1,2025-05-01,15\n"))

    assert sorted(str(message["properties"]["order_id"]) for message in world.messages()) in (["T6", "T7"], ["T6", "T7", "T7"])
    assert len(ids(world)) == 2


@pytest.mark.parametrize("mapping", [LOYALTY, LOYALTY_BY_CARD], ids=["whole lines", "keyed"])
def test_a_trait_can_return_to_what_it_was_in_a_file_of_before(mapping: str) -> None:
    world = ImportWorld()
    for month, tier in enumerate(["silver", "gold", "silver"], start=1):
        world.imported(mapping, f"card,tier\nLC1,{tier}\n".encode(), name=f"{month}.csv", as_of=f"2026-0{month}-01T00:00:00Z")

    told = sorted((str(message["timestamp"])[:7], message["traits"]["tier"]) for message in world.messages())
    assert told == [("2026-01", "silver"), ("2026-02", "gold"), ("2026-03", "silver")]
    assert len(ids(world)) == 3


def test_the_same_traits_of_the_same_time_are_one_event_in_whatever_file() -> None:
    world = ImportWorld()
    for lines in ("LC1,gold\n", "LC0,gold\nLC1,gold\n"):
        world.imported(LOYALTY, f"card,tier\n{lines}".encode(), as_of="2026-01-01T00:00:00Z")

    assert len(ids(world)) == 2


def test_without_a_key_a_corrected_line_that_equals_another_is_that_line() -> None:
    """Otherwise the next export, which has it once corrected, would bring it a second time."""
    world = ImportWorld()
    head = "receipt,customer,sold,price\n"
    (first,) = imported(world, (LINES, f"{head}T1,u1,2025-05-01,10\nT1,u1,2025-05-99,10\n"))
    again = world.imported(LINES, world.reports.published[first.id].replace(b"05-99", b"05-01"))

    assert len(ids(world)) == 1
    assert (again.progress.accepted, again.progress.copies) == (1, 1)
