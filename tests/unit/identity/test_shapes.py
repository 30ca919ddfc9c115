"""What a root keeps of how its tree has changed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ariane.identity.commits import Child, Commit
from ariane.identity.model import Head, Merged, Summary, Transition
from ariane.identity.shapes import MOST_READ_APART, SMALL, affected_by, shaped

AT = datetime(2026, 11, 22, tzinfo=UTC)


def union(children: int, *absorbed: Head, count: int = 100, newest: tuple[str, ...] = ()) -> Commit:
    """A root that has ``children`` with these."""
    root = Head(person_id="r", version=5, children=children, summary=Summary(counts={"anonymous_id": count}), newest=newest)
    told = Transition(cause="c", at=AT, merged=(Merged(into="r", absorbed=tuple(each.person_id for each in absorbed), cause="c", at=AT),))
    return Commit(heads=(root, *absorbed), joined=tuple(Child("r", each.person_id, "a:1") for each in absorbed), transition=("r", told))


def joined(person: str, *, children: int = 0) -> Head:
    return Head(person_id=person, parent="r", version=1, children=children)


def root_of(commit: Commit) -> Head:
    return next(head for head in commit.heads if head.person_id == "r")


def sealing(commit: Commit) -> tuple[str, ...]:
    return commit.transition[1].sealing if commit.transition else ()


def test_who_joins_a_root_of_many_is_kept_the_latest_last() -> None:
    after = root_of(shaped(union(SMALL + 3, joined("b"), joined("a"), newest=("x",))))
    assert (after.newest, after.reshaped) == (("x", "a", "b"), 0)


def test_a_root_of_few_keeps_nothing() -> None:
    assert root_of(shaped(union(SMALL, joined("a")))) == root_of(union(SMALL, joined("a")))


def test_only_the_last_are_kept() -> None:
    known = tuple(f"n{number}" for number in range(32))
    assert root_of(shaped(union(90, joined("a"), newest=known))).newest == (*known[1:], "a")


def test_taking_apart_makes_another_number_of_every_tree_that_it_changes() -> None:
    commit = replace(union(30, joined("a"), newest=("x",)), left=(Child("q", "a", "a:1"),))
    other = Head(person_id="s", version=9, children=40, reshaped=3, newest=("y",))
    after = {head.person_id: head for head in shaped(replace(commit, heads=(*commit.heads, other)), {"r"}).heads}
    assert (after["r"].reshaped, after["r"].newest) == (6, ())
    assert after["s"] == other


def test_whose_tree_is_another_is_told_from_both_forests() -> None:
    before = {"r": None, "a": "r", "b": "r", "q": None, "c": "q"}
    after = {"r": None, "a": "r", "b": "q", "q": None, "c": "q"}
    assert affected_by(before, after) == {"r", "q", "b"}
    assert affected_by(before, before) == set()


@pytest.mark.parametrize(("children", "count", "expected"), [(24, 25, ("r",)), (25, 26, ()), (32, 33, ("r",)), (24, MOST_READ_APART, ())])
def test_a_person_of_many_is_summed_up_now_and_then_as_it_grows(children: int, count: int, expected: tuple[str, ...]) -> None:
    assert sealing(shaped(union(children, joined("a"), count=count))) == expected


def test_a_person_who_brings_many_is_summed_up_at_once() -> None:
    assert sealing(shaped(union(2, joined("a", children=40)))) == ("r",)
    assert sealing(shaped(union(2, joined("a")))) == ()


def test_a_commit_that_moves_nobody_stays_as_it_is() -> None:
    commit = Commit(heads=(Head(person_id="r", version=5, children=30),))
    assert shaped(commit) == commit
