"""What of an event is kept as an assertion: beside who is who, how far its clock and its signature are to be believed."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from ariane.adapters.memory.identities import MemoryIdentities
from ariane.events.model import Event, SourceKind, event_of
from ariane.identity.explaining import accounts_of
from ariane.identity.facts import learn, witness_of
from ariane.identity.linking import Linker, assertion_of
from ariane.identity.model import Assertion, Evidence
from ariane.identity.reference import in_order
from ariane.identity.rules import Identifier
from tests.builders.identity_worlds import says
from tests.builders.profiles import KEY, NOON, RULES, identify, item, prs

NAMES = tuple(map(Identifier.parse, ("user_id:u1", "anonymous_id:a1")))


def said(*, late_by: timedelta = timedelta(), kind: SourceKind = SourceKind.BROWSER, signature: Any = None) -> Assertion:
    context: dict[str, Any] = {"context": {"signature": signature}} if signature is not None else {}
    return assertion_of(heard(identify(message_id="i1", userId="u1", anonymousId="a1", **context), late_by, kind), NAMES)


def heard(message: dict[str, Any], late_by: timedelta, kind: SourceKind) -> Event:
    return event_of(item(message, kind=kind, received_minute=late_by.total_seconds() / 60), message)


@pytest.mark.parametrize(
    ("late_by", "is_told", "is_clamped"),
    [
        (timedelta(0), False, False),
        (timedelta(minutes=5), False, False),
        (timedelta(minutes=5, milliseconds=1), True, False),
        (timedelta(hours=23, minutes=10), True, False),
        (timedelta(hours=24), True, True),
    ],
)
def test_a_public_source_that_tells_late_is_remembered_with_the_moment(late_by: timedelta, is_told: bool, is_clamped: bool) -> None:
    found = said(late_by=late_by)

    assert (found.received_at, found.is_clamped) == (NOON + late_by if is_told else None, is_clamped)


def test_a_trusted_source_may_tell_of_long_ago() -> None:
    assert said(late_by=timedelta(days=900), kind=SourceKind.IMPORT).received_at is None


@pytest.mark.parametrize(
    ("mark", "word", "is_trusted"),
    [
        (None, None, False),
        ({"verified": True}, "verified", True),
        ({"verified": False, "reason": "expired"}, "expired", False),
        ({"verified": False, "reason": "forged"}, "forged", False),
        ({"verified": False, "reason": "malformed"}, "malformed", False),
        ({"verified": False, "reason": ["x"]}, None, False),
        ("v1.1.aa", None, False),
    ],
)
def test_what_became_of_a_signature_is_remembered(mark: Any, word: str | None, is_trusted: bool) -> None:
    found = said(signature=mark)

    assert (found.signature, found.is_trusted) == (word, is_trusted)


def test_what_is_told_beside_decides_nothing() -> None:
    plain, told = said(), replace(said(), received_at=NOON + timedelta(hours=2), signature="expired")

    assert (plain, hash(plain), plain.order, plain.digest) == (told, hash(told), told.order, told.digest)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_copies_the_earliest_stands_with_its_own_word_whatever_the_order(order: tuple[int, ...]) -> None:
    """The same event in three requests; of copies at one time the one that was received first is told."""
    hours = (3, 2, 4)
    copies = [replace(said(), received_at=NOON + timedelta(hours=each)) for each in hours]
    store = MemoryIdentities()
    for place in order:
        Linker(store, KEY).take(copies[place], rules=RULES, cause=f"log/{place}")

    (stored,) = store.assertions_under(prs("user_id:u1"))
    (standing,) = in_order([copies[place] for place in order])
    assert stored.received_at == standing.received_at == NOON + timedelta(hours=2)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_copy_that_was_received_earlier_changes_nobody_also_where_it_was_refused(order: tuple[int, ...]) -> None:
    late = says("user_id:u2", "email:a@b.fr", minute=3, message_id="refused")
    said = [
        says("user_id:u1", "email:a@b.fr", minute=1, message_id="first"),
        *(replace(late, received_at=NOON + timedelta(hours=hours)) for hours in (9, 8)),
        says("user_id:u3", "email:a@b.fr", minute=2, message_id="refused too"),
    ]
    store = MemoryIdentities()
    for place in order:
        Linker(store, KEY).take(said[place], rules=RULES, cause=f"log/{place}")

    assert store.heads([prs("email:a@b.fr")])[prs("email:a@b.fr")].parent == prs("user_id:u1")
    (kept,) = store.assertions_under(prs("user_id:u2"))
    assert kept.received_at == NOON + timedelta(hours=8)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_device_remembers_its_first_two_accounts_whatever_the_order(order: tuple[int, ...]) -> None:
    said = [says(f"user_id:u{minute}", "anonymous_id:kiosk", minute=minute, message_id=f"login-{minute}") for minute in range(4)]
    store, known = MemoryIdentities(), Evidence()
    for place in order:
        Linker(store, KEY).take(said[place], rules=RULES, cause=f"log/{place}")
        known = learn(known, Identifier.parse("anonymous_id:kiosk"), witness_of(said[place], RULES), RULES)

    stored = store.heads([prs("anonymous_id:kiosk")])[prs("anonymous_id:kiosk")].evidence
    assert [*map(str, accounts_of(stored))] == [*map(str, accounts_of(known))] == ["user_id:u0", "user_id:u1"]
