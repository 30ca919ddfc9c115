"""Splits in the reference: what an operator's un-merge keeps apart, and whose the events of both sides are."""

from collections.abc import Sequence

import pytest

from ariane.identity.epochs import Reason
from ariane.identity.model import Assertion, Side, Split
from ariane.identity.reference import Resolution, resolve
from tests.builders.identity_worlds import lifted, parts, rules, says

LOOSE = rules(component_limit=50, spread=20)


def solve(*said: Assertion, splits: Sequence[Split]) -> Resolution:
    return resolve(said, splits, LOOSE)


def people(resolution: Resolution) -> set[frozenset[str]]:
    return {frozenset(map(str, each)) for each in resolution.components}


def groups(*texts: str) -> set[frozenset[str]]:
    return {frozenset(each.split()) for each in texts}


def anchor(resolution: Resolution, said: Assertion) -> str:
    return str(resolution.mapped(said.identifiers, said.at).anchor)


def test_a_split_stands_against_all_evidence_until_it_is_lifted() -> None:
    said = [says("email:ea", "phone:pa", source="till"), says("phone:pa", "card:la", minute=1), says("email:ea", "card:la", minute=2)]
    split = parts(["email:ea"], ["phone:pa"])

    assert people(solve(*said, splits=[split])) == groups("email:ea", "phone:pa card:la")
    assert {each.reason for each in solve(*said, splits=[split]).refusals} == {Reason.SPLIT}
    assert people(solve(*said, splits=[lifted(split)])) == groups("email:ea phone:pa card:la")


def test_a_split_keeps_whole_sides_apart_and_links_nobody() -> None:
    found = solve(
        says("email:ea", "email:eb"), says("email:eb", "phone:pb", minute=1), splits=[parts(["email:ea"], ["phone:pa", "phone:pb"])]
    )

    assert people(found) == groups("email:ea email:eb", "phone:pb")


def test_an_event_of_both_sides_is_its_anchors_unless_the_split_says_whose() -> None:
    both = says("email:ea", "phone:pa", "card:la")

    def to(side: Side | None) -> str:
        return anchor(solve(both, splits=[parts(["email:ea"], ["phone:pa", "card:la"], events_to=side)]), both)

    assert (to(None), to(Side.LEFT), to(Side.RIGHT)) == ("email:ea", "email:ea", "phone:pa")


def test_an_event_of_one_side_stays_where_it_is() -> None:
    one = says("email:ea", "card:la")

    assert anchor(solve(one, splits=[parts(["email:ea"], ["phone:pa"], events_to=Side.RIGHT)]), one) == "email:ea"


def test_of_two_splits_the_later_one_says_whose() -> None:
    both = says("email:ea", "phone:pa")
    splits = [
        parts(["email:ea"], ["phone:pa"], name="spl_a", minute=2, events_to=Side.RIGHT),
        parts(["email:ea"], ["phone:pa"], name="spl_b", minute=1, events_to=Side.LEFT),
    ]

    assert anchor(solve(both, splits=splits), both) == "phone:pa"
    assert anchor(solve(both, splits=[lifted(splits[0]), splits[1]]), both) == "email:ea"


@pytest.mark.parametrize(
    ("event", "side", "home"),
    [(("user_id:ua", "email:shop", "card:la"), Side.LEFT, "email:shop"), (("email:shop", "phone:pa", "card:la"), Side.RIGHT, "phone:pa")],
)
def test_a_hub_links_nothing_whatever_a_split_says_of_whose_its_events_are(event: Sequence[str], side: Side, home: str) -> None:
    claims = [says(f"user_id:u{name}", "email:shop", minute=minute) for minute, name in enumerate("abc")]
    both = says(*event, minute=9)
    found = resolve([*claims, both], [parts(["email:shop"], ["user_id:ua", "phone:pa"], events_to=side)], rules(spread=2))

    assert anchor(found, both) == home
    assert all(len(each) == 1 for each in found.components)


def test_of_a_hubs_events_a_split_of_its_neighbours_says_nothing() -> None:
    claims = [says(f"user_id:u{name}", "email:shop", minute=minute) for minute, name in enumerate("abc")]
    both = says("email:shop", "phone:pa", "card:la", minute=9)
    found = resolve([*claims, both], [parts(["phone:pa"], ["card:la"], events_to=Side.RIGHT)], rules(spread=2))

    assert anchor(found, both) == "email:shop"
    assert anchor(resolve([claims[0], both], [parts(["phone:pa"], ["card:la"], events_to=Side.RIGHT)], rules(spread=2)), both) == "card:la"
