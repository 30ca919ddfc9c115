"""Which traits a profile takes: reserved ones typed, and of several sources what the brand's best one says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.conditions.observing import Observing
from ariane.conditions.series import Run
from ariane.profiles.applying import apply
from ariane.profiles.fold import fold
from ariane.profiles.fragments import Fragment, Trait, decode, encode
from ariane.profiles.reserved_traits import MISTYPED, RESERVED, Typed, typed
from tests.builders.observing import PLAN
from tests.builders.profiles import NOON, RULES, Stack, event_in, identify, item, prs

KEPT: list[tuple[str, Any, Any]] = [
    ("email", "ada@shop.example", "ada@shop.example"),
    ("age", "41", 41),
    ("age", "41.5", 41.5),
    ("age", 41, 41),
    ("phone", 33612345678, "33612345678"),
    ("birthday", "1987-05-12", "1987-05-12"),
    ("createdAt", "2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"),
    ("createdAt", 1_764_000_000, "2025-11-24T16:00:00.000Z"),
    ("createdAt", 1_764_000_000_000, "2025-11-24T16:00:00.000Z"),
    ("address", {"city": "Lyon", "postalCode": 69003}, {"city": "Lyon", "postalCode": "69003"}),
    ("company", {"name": "Shop"}, {"name": "Shop"}),
    ("email", None, None),
    ("shoe_size", {"eu": [38, 39]}, {"eu": [38, 39]}),
]
KEPT_OUT: list[tuple[str, Any]] = [
    ("email", {"value": "x"}),
    ("email", 5),
    ("age", "forty"),
    ("age", True),
    ("birthday", "12/05/1987"),
    ("birthday", 1e300),
    ("createdAt", True),
    ("firstName", ["Ada"]),
    ("address", "1, rue de la Paix"),
    ("address", {"city": ["Lyon"]}),
    ("company", "Shop"),
]


@pytest.mark.parametrize(("name", "said", "kept"), KEPT)
def test_a_value_of_its_type_is_taken(name: str, said: object, kept: object) -> None:
    assert typed(name, said) == Typed(kept)


@pytest.mark.parametrize(("name", "said"), KEPT_OUT)
def test_a_value_of_another_type_is_kept_out_and_counted(name: str, said: object) -> None:
    fragment = apply(Fragment(person_id="p"), [event_in(identify(message_id="m", userId="u", traits={name: said, "plan": "gold"}))], PLAN)
    assert set(fragment.traits) == {"plan"}
    assert fragment.overflow == {"trait_type": 1}


def test_of_an_address_the_wrong_part_alone_is_left_out() -> None:
    assert typed("address", {"city": {"x": 1}, "country": "FR", "floor": 3}) == Typed({"country": "FR", "floor": 3}, is_whole=False)


def test_a_mistyped_value_does_not_hide_what_was_known() -> None:
    events = [event_in(identify(message_id=f"{n}", minute=n, userId="u", traits={"age": age})) for n, age in enumerate([41, "old"])]
    assert apply(Fragment(person_id="p"), events).traits["age"].value == 41


@given(st.sampled_from(sorted(RESERVED)), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda each: st.lists(each)))
def test_nothing_that_is_said_of_a_reserved_trait_breaks_anything(name: str, said: object) -> None:
    value, is_whole = typed(name, said)
    assert value is not MISTYPED or not is_whole


PRECEDENCE = Observing(epoch=1, traits={"plan": 1}, precedence={"plan": ("crm", "site")})


def told(said: list[tuple[int, str, str | None]]) -> Stack:
    stack = Stack(observing=PRECEDENCE)
    for minute, source, plan in said:
        stack.deliver(item(identify(message_id=f"m{minute}", minute=minute, userId="u", traits={"plan": plan}), source=source))
    return stack


@pytest.mark.parametrize(
    ("said", "plan"),
    [
        ([(1, "crm", "gold"), (2, "site", "free")], "gold"),
        ([(1, "site", "free"), (2, "till", "silver")], "free"),
        ([(1, "site", "free"), (2, "crm", "gold"), (3, "crm", "silver")], "silver"),
        ([(1, "till", "free"), (2, "till", "silver")], "silver"),
        ([(1, "crm", "gold"), (2, "site", None)], "gold"),
        ([(1, "site", "free"), (2, "crm", None), (3, "site", "free")], None),
    ],
)
def test_the_best_source_that_has_spoken_decides(said: list[tuple[int, str, str | None]], plan: str | None) -> None:
    for order in (said, said[::-1]):
        profile = told(order).profile("user_id:u")
        assert profile.traits.get("plan") == plan
        assert profile.settings["plan"].runs[-1].value == plan


def test_a_rank_is_stored_only_where_there_is_one() -> None:
    ranked = Fragment(person_id="p", traits={"plan": Trait("gold", 5, 2), "city": Trait("Lyon", 5)})
    assert decode("p", encode(ranked)) == ranked
    assert fold("p", {}, [ranked, Fragment(person_id="q", traits={"plan": Trait("free", 9)})], version=0).traits["plan"] == "gold"


def test_a_trait_s_history_is_kept_as_runs() -> None:
    runs = told([(1, "till", "free"), (2, "till", "free"), (4, "till", "gold")]).profile("user_id:u").settings["plan"].runs
    noon = int(NOON.timestamp() * 1000)
    assert runs == (Run(noon + 60_000, noon + 120_000, "free"), Run(noon + 240_000, noon + 240_000, "gold"))


def test_a_person_is_identified_since_the_first_event_through_an_identifier_that_identifies() -> None:
    stack = Stack()
    stack.deliver(item(identify(message_id="a", minute=1, anonymousId="a1")))
    assert stack.profile("anonymous_id:a1").identified_at(RULES) is None
    stack.deliver(item(identify(message_id="b", minute=9, userId="u", anonymousId="a1")))
    profile = stack.profile("user_id:u")
    assert profile.identified_at(RULES) == profile.last_seen != profile.first_seen
    assert prs("anonymous_id:a1") in profile.identifiers
