"""A fragment as it is stored: it comes back whole, and a typical one is one write unit."""

import random
from dataclasses import replace
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.adapters.aws.items.bundles import fragment_item
from ariane.conditions.series import Base, Entry, Observed, Run, Settings, ValueTally
from ariane.profiles.compact import Reader, Writer
from ariane.profiles.fragments import Fragment, StoredFragment, Tally, Trait, Unreadable, decode, encode
from ariane.profiles.once import LATE_RING, MARK_BYTES, RING, Recent, Trace
from cli.bench.units import KB, item_size

INSTANTS = st.integers(-(10**13), 10**14)
MARKS = st.integers(0, 256**MARK_BYTES - 1)
TRACES = st.builds(Trace, MARKS, st.integers(0, 10**14))
NAMES = st.text(min_size=1, max_size=12)
VALUES: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9) | st.just({"city": "Évry"})


SCALARS = st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
KEYS = st.integers(0, 2**32 - 1).map(lambda number: f"{number:08x}")


@st.composite
def bases(draw: st.DrawFn) -> Base:
    return Base(
        times=draw(st.integers(0, 10**6)),
        first=draw(st.none() | INSTANTS),
        last=draw(st.none() | INSTANTS),
        total=draw(AMOUNTS),
        low=draw(st.none() | AMOUNTS),
        high=draw(st.none() | AMOUNTS),
        values=draw(st.dictionaries(SCALARS, st.builds(ValueTally, st.integers(1, 99), INSTANTS, INSTANTS), max_size=4)),
        is_partial=draw(st.booleans()),
    )


@st.composite
def observed(draw: st.DrawFn) -> Observed:
    entries = tuple(
        sorted(draw(st.lists(st.builds(Entry, INSTANTS, st.lists(SCALARS, max_size=3).map(tuple)), max_size=6)), key=itemgetter(0))
    )
    if draw(st.booleans()):
        return Observed(entries)
    return Observed(entries, draw(bases()), draw(INSTANTS))


@st.composite
def settings_of(draw: st.DrawFn) -> Settings:
    edges = sorted(draw(st.sets(INSTANTS, max_size=8)))
    runs = zip(edges[::2], edges[1::2], strict=False)
    return Settings(tuple(Run(first, last, draw(VALUES), draw(st.integers(0, 2))) for first, last in runs), draw(st.none() | INSTANTS))


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    first, last = sorted((draw(INSTANTS), draw(INSTANTS)))
    return Tally(draw(st.integers(1, 10**9)), first, last)


FRAGMENTS = st.builds(
    Fragment,
    person_id=st.just("prs_a"),
    identifier=st.none() | NAMES,
    traits=st.dictionaries(NAMES, st.builds(Trait, VALUES, INSTANTS, st.integers(0, 3)), max_size=6),
    tallies=st.dictionaries(NAMES, tallies(), max_size=6),
    groups=st.dictionaries(NAMES, INSTANTS, max_size=3),
    first_seen=st.none() | INSTANTS,
    last_seen=st.none() | INSTANTS,
    recent=st.builds(
        Recent,
        ring=st.lists(TRACES, max_size=RING).map(tuple),
        late=st.lists(TRACES, max_size=LATE_RING).map(tuple),
        watermark=st.none() | st.integers(0, 10**14),
        span=st.integers(0, 10**12),
    ),
    known=st.lists(st.builds(Trace, st.integers(0, 2**64 - 1), st.integers(0, 10**14)), max_size=8).map(tuple),
    overflow=st.dictionaries(st.sampled_from(["trait_size", "groups"]), st.integers(1, 99)),
    routing=st.integers(0, 9),
    generation=st.integers(0, 2**40),
    feeds=st.lists(NAMES, max_size=3).map(tuple),
    observed=st.dictionaries(KEYS, observed(), max_size=3),
    settings=st.dictionaries(NAMES, settings_of(), max_size=3),
    observes=st.integers(0, 200),
)


@given(FRAGMENTS)
def test_whatever_a_fragment_holds_comes_back(fragment: Fragment) -> None:
    assert decode("prs_a", encode(fragment)) == fragment


@given(FRAGMENTS)
def test_where_no_event_is_another_s_nothing_is_stored_of_whose_they_are(fragment: Fragment) -> None:
    plain = {name: trait._replace(rank=0) for name, trait in fragment.traits.items()}
    fragment = replace(fragment, traits=plain, observed={}, settings={}, observes=0)
    assert encode(replace(fragment, routing=0, generation=0, feeds=()))[0] == 1
    assert encode(replace(fragment, routing=1, generation=0, feeds=()))[0] == 2


@given(FRAGMENTS)
def test_equal_fragments_are_the_same_bytes(fragment: Fragment) -> None:
    assert encode(decode("prs_a", encode(fragment))) == encode(fragment)


@given(st.lists(st.integers(-(2**70), 2**70)), st.lists(st.none() | st.integers(-(2**40), 2**40)))
def test_numbers_of_any_size_and_none_come_back(numbers: list[int], options: list[int | None]) -> None:
    writer = Writer()
    for number in numbers:
        writer.signed(number)
    for option in options:
        writer.optional(option)
    reader = Reader(writer.done())
    assert [reader.signed() for _ in numbers] == numbers
    assert [reader.optional() for _ in options] == options


def test_another_format_is_an_error_and_no_guess() -> None:
    with pytest.raises(Unreadable):
        decode("prs_a", b"\x02" + encode(Fragment(person_id="prs_a"))[1:])


EVENTS = (
    *("Product Viewed", "Product Added", "Product List Viewed", "Products Searched", "Cart Viewed", "Checkout Started", "Order Completed"),
    *("$page", "Product Removed", "Promotion Viewed", "Coupon Applied", "Size Guide Opened", "Store Stock Checked", "Lookbook Opened"),
    "Gift Card Viewed",
)


def known_customer(seed: int) -> Fragment:
    """A full ring of sessions, a dozen traits of three moments, fifteen event names (four of them no standard ones), four known sets."""
    chance = random.Random(seed)
    now = 1_795_000_000_000 + chance.randrange(10**9)
    first = now - chance.randrange(10**9, 3 * 10**10)
    moments = [now]
    for _ in range(RING - 1):
        moments.append(moments[-1] - chance.choice((chance.randrange(2_000, 90_000), chance.randrange(2_000, 90_000), 3_600_000)))
    ring = tuple(Trace(chance.getrandbits(8 * MARK_BYTES), moment) for moment in reversed(moments))
    address = {"city": "Villeurbanne", "country": "FR", "postalCode": "69100"}
    said: list[dict[str, Any]] = [
        {"email": f"camille.durand{seed}@example.fr", "firstName": "Camille", "lastName": "Durand-Lefèvre", "phone": f"+336{seed:08d}"},
        {"birthday": "1987-05-12", "gender": "female", "language": "fr", "address": address, "loyalty_tier": "gold"},
        {"loyalty_card": f"L{seed:07d}", "favourite_store": "Lyon Part-Dieu", "newsletter": True},
    ]
    lasts = {name: now - chance.randrange(9 * 10**8) for name in EVENTS}
    return Fragment(
        person_id="prs_" + "a" * 26,
        identifier=f"user_id:{chance.getrandbits(64):x}",
        traits={name: Trait(value, now - place * 10**8) for place, traits in enumerate(said) for name, value in traits.items()},
        tallies={name: Tally(chance.randrange(2, 300), chance.randrange(first, last), last) for name, last in lasts.items()},
        first_seen=first,
        last_seen=now,
        recent=Recent(ring=ring, watermark=moments[-1] - 5_000, span=60_000),
        known=tuple(Trace(chance.getrandbits(64), first + chance.randrange(10**9)) for _ in range(4)),
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_well_known_customer_is_one_write_unit(seed: int) -> None:
    stored = StoredFragment(fragment=known_customer(seed), version=12_345, sequence="4421584500000000017450439091")
    assert item_size(fragment_item(stored)) < KB
