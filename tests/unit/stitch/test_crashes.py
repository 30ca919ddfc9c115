"""Stitching survives a crash before and after every call that it makes, redelivery, and other stitchers at work on the same people."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.errors import Conflict
from ariane.events.model import LogItem, SourceKind
from ariane.profiles.stitching import StreamRecord
from tests.builders.profiles import Stack, identify, item, prs, track


class Crash(BaseException):
    """Like the end of the process: nothing of ours catches it."""


class Faulty:
    """A port that runs ``before`` and ``after`` around every call."""

    def __init__(self, port: Any, around: Callable[[str], None]) -> None:
        self._port = port
        self._around = around

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._around("before " + name)
            result = method(*args, **kwargs)
            self._around("after " + name)
            return result

        return call


PORTS = ("identities", "fragments", "log", "announcer", "rejects", "consents")


def faulty(stack: Stack, around: Callable[[str], None]) -> Stack:
    """The same stores, each behind ``around``."""
    ports: dict[str, Any] = {port: Faulty(getattr(stack, port), around) for port in PORTS}
    return replace(stack, **ports)


def a_day() -> list[LogItem]:
    """A login, a late copy, a consent, two identities that meet, a poison record."""
    browse = [track("Product Added", message_id=f"b{number}", minute=100 + number) for number in range(45)]
    consent = {"topic": "offers", "channel": "email", "email": "a@b.fr"}
    poison = item(track(message_id="bad", anonymousId="a9"))
    broken = replace(poison, messages=({name: value for name, value in poison.messages[0].items() if name != "messageId"},))
    return [
        item(track("Product Viewed", message_id="early")),
        item(*browse),
        item(track("Product Viewed", message_id="early"), salt="again"),
        item(track("Product Added", message_id="b44", minute=144), salt="again"),
        item(identify(message_id="i1", minute=200, userId="u1", anonymousId="a1", traits={"email": "a@b.fr"})),
        item(identify(message_id="i2", minute=201, userId="u2", traits={"email": "c@b.fr", "phone": "+33612345678"})),
        item(track("Consent Granted", message_id="c1", minute=202, userId="u1", anonymousId=None, properties=consent)),
        broken,
        item(identify(message_id="i3", minute=203, userId="u1", traits={"phone": "+33612345678"}), source="till", kind=SourceKind.STORE),
    ]


def state(stack: Stack) -> Any:
    people = ["user_id:u1", "user_id:u2", "anonymous_id:a1", "email:a@b.fr", "email:c@b.fr"]
    consents = stack.consents.states([prs(text) for text in people])
    rejects, _ = stack.rejects.of_day("2026-11-25")
    timeline = sorted(stack.timeline())
    return [stack.profile(text) for text in people], consents, [each.reject for each in rejects], timeline


def announced(stack: Stack) -> set[str]:
    return {f"{fact.kind} {fact.detail['cause']}" for fact in stack.announcer.facts}


def delivered(stack: Stack, records: list[StreamRecord], around: Callable[[str], None], *, size: int) -> None:
    """As Lambda does it: a batch that fails comes again, whole, before the next."""
    worker = faulty(stack, around)
    for start in range(0, len(records), size):
        while True:
            try:
                worker.stitch(records[start : start + size])
                break
            except Crash:
                continue


@pytest.mark.parametrize("size", [1, 4, 20])
def test_a_crash_at_any_call_leaves_the_same_state_and_everything_announced(size: int) -> None:
    sound = Stack()
    calls: list[str] = []
    delivered(sound, sound.write(*a_day()), calls.append, size=size)
    expected, expected_facts = state(sound), announced(sound)
    assert expected[0][0].occurrences["Product Added"].count == 45
    assert expected[0][0].occurrences["Product Viewed"].count == 1
    assert len({profile.id for profile in expected[0]}) == 1
    assert len(expected[2]) == 1
    assert any("Profile Merged" in fact for fact in expected_facts)
    assert len(calls) > 50
    for fatal in range(len(calls)):
        stack = Stack()
        numbers = count()

        def around(_: str, numbers: Iterator[int] = numbers, fatal: int = fatal) -> None:
            if next(numbers) == fatal:
                raise Crash

        delivered(stack, stack.write(*a_day()), around, size=size)
        assert state(stack) == expected, calls[fatal]
        assert announced(stack) == expected_facts, calls[fatal]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_many_crashes_and_redeliveries_leave_the_same_state(data: st.DataObject) -> None:
    sound = Stack()
    sound.deliver(*a_day())
    stack = Stack()
    records = stack.write(*a_day())
    crashes = data.draw(st.lists(st.integers(1, 120), max_size=12))
    numbers = count()
    fatal = {sum(crashes[: place + 1]) for place in range(len(crashes))}

    def around(_: str) -> None:
        if next(numbers) in fatal:
            raise Crash

    delivered(stack, records, around, size=data.draw(st.integers(1, 10)))
    stack.stitch(records)
    assert state(stack)[2:] == state(sound)[2:]
    assert [profile.identifiers for profile in state(stack)[0]] == [profile.identifiers for profile in state(sound)[0]]
    assert [profile.occurrences for profile in state(stack)[0]] == [profile.occurrences for profile in state(sound)[0]]
    assert announced(stack) == announced(sound)


def test_two_stitchers_that_merge_overlapping_sets_at_once_end_in_one_root() -> None:
    """The second stitcher does its whole work at each of the first one's calls in turn."""
    mine = item(identify(message_id="m1", userId="u1", anonymousId="a1", traits={"email": "a@b.fr"}))
    theirs = item(identify(message_id="m2", minute=1, userId="u2", anonymousId="a2", traits={"email": "a@b.fr"}))
    last = item(identify(message_id="m3", minute=2, userId="u3", anonymousId="a1"), source="other")
    calls: list[str] = []
    sound = Stack()
    faulty(sound, calls.append).stitch(sound.write(mine))
    for moment in range(len(calls)):
        stack = Stack()
        first, second, third = (stack.write(each) for each in (mine, theirs, last))
        numbers = count()

        def around(_: str, stack: Stack = stack, moment: int = moment, numbers: Iterator[int] = numbers) -> None:
            if next(numbers) == moment:
                stack.stitch(second)  # noqa: B023
                stack.stitch(third)  # noqa: B023

        faulty(stack, around).stitch(first)
        people = ["user_id:u1", "user_id:u2", "user_id:u3", "anonymous_id:a1", "anonymous_id:a2", "email:a@b.fr"]
        assert len({stack.profile(text).id for text in people}) == 1, calls[moment]
        assert len(stack.profile("email:a@b.fr").identifiers) == 6


def test_a_second_writer_of_the_same_fragment_loses_nothing() -> None:
    """The same batch, delivered to two workers at once."""
    stack = Stack()
    records = stack.write(item(track(message_id="m1")), item(track(message_id="m2", minute=1)))
    is_first = [True]

    def around(name: str) -> None:
        if name == "before save" and is_first.pop() if is_first else False:
            stack.stitch(records)

    faulty(stack, around).stitch(records)
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 2
    assert sorted(stack.timeline()) == ["m1", "m2"]


def test_a_fragment_that_never_stands_still_asks_for_another_delivery() -> None:
    stack = Stack()
    records = stack.write(item(track(message_id="m1")))

    def around(name: str) -> None:
        if name == "before save":
            raise Conflict("fragment_changed", "again")

    with pytest.raises(Exception, match="fragment_contended"):
        faulty(stack, around).stitch(records)
    assert stack.fragments.load([prs("anonymous_id:a1")]) == {}
