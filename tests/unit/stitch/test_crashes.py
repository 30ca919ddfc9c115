"""Stitching survives a crash before and after every call that it makes, redelivery, and other stitchers at work on the same people."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import batched
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.errors import Conflict
from ariane.events.model import LogItem, SourceKind
from tests.builders.profiles import Stack, identify, item, prs, track
from tests.faults.killing import KILLS, Scenario, assert_same_end, played, until_done
from tests.faults.shim import Call, Shim

PORTS = ("identities", "fragments", "log", "announcer", "rejects", "consents")


def worker(stack: Stack, shim: Shim) -> Stack:
    """The same stores, each behind the shim."""
    ports: dict[str, Any] = {port: shim.wrap(port, getattr(stack, port)) for port in PORTS}
    return replace(stack, **ports)


def at_call(number: int, act: Callable[[], object]) -> Shim:
    """``act`` is done just before the call, or after the last."""

    def around(call: Call, perform: Callable[[], Any]) -> Any:
        if call.number == number:
            act()
        return perform()

    return Shim(around)


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
        item(identify(message_id="i2", minute=201, anonymousId="a2", traits={"email": "c@b.fr", "phone": "+33612345678"})),
        item(track("Consent Granted", message_id="c1", minute=202, userId="u1", anonymousId=None, properties=consent)),
        broken,
        item(identify(message_id="i3", minute=203, userId="u1", traits={"phone": "+33612345678"}), source="till", kind=SourceKind.STORE),
    ]


def state(stack: Stack) -> Any:
    people = ["user_id:u1", "anonymous_id:a2", "anonymous_id:a1", "email:a@b.fr", "email:c@b.fr"]
    consents = stack.consents.states([prs(text) for text in people])
    rejects, _ = stack.rejects.of_day("2026-11-25")
    timeline = sorted(stack.timeline())
    return [stack.profile(text) for text in people], consents, [each.reject for each in rejects], timeline


def announced(stack: Stack) -> set[str]:
    return {f"{fact.kind} {fact.detail['cause']}" for fact in stack.announcer.facts}


def deliver(stack: Stack, shim: Shim, *, size: int, again: bool = False) -> None:
    """As Lambda does it: a batch that fails comes again, whole, before the next."""
    records = stack.write(*a_day())
    for batch in batched(records, size, strict=False):
        until_done(partial(worker(stack, shim).stitch, batch))
    if again:
        stack.stitch(records)


def day(size: int, *, again: bool = False) -> Scenario[Stack]:
    return Scenario(Stack, partial(deliver, size=size, again=again), lambda stack: (state(stack), announced(stack)))


@pytest.mark.parametrize("size", [1, 4, 20])
def test_a_crash_at_any_call_leaves_the_same_state_and_everything_announced(size: int) -> None:
    scenario = day(size)
    (profiles, _, rejects, _), facts = played(scenario).end
    assert profiles[0].occurrences["Product Added"].count == 45
    assert profiles[0].occurrences["Product Viewed"].count == 1
    assert len({profile.id for profile in profiles}) == 1
    assert len(rejects) == 1
    assert any("Profile Merged" in fact for fact in facts)
    assert assert_same_end(scenario, KILLS) > 50


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_many_crashes_and_redeliveries_leave_the_same_state(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 10))
    plan = data.draw(st.dictionaries(st.integers(0, 300), st.sampled_from(KILLS), max_size=12))
    (profiles, *others), facts = played(day(size, again=True), plan).end
    (sound_profiles, *sound_others), sound_facts = played(day(100)).end
    assert (others, facts) == (sound_others, sound_facts)
    assert [profile.identifiers for profile in profiles] == [profile.identifiers for profile in sound_profiles]
    assert [profile.occurrences for profile in profiles] == [profile.occurrences for profile in sound_profiles]


def test_two_stitchers_that_merge_overlapping_sets_at_once_end_in_one_root() -> None:
    """The second stitcher does its whole work at each of the first one's calls in turn."""
    mine = item(identify(message_id="m1", userId="u1", anonymousId="a1", traits={"email": "a@b.fr"}))
    theirs = item(identify(message_id="m2", minute=1, anonymousId="a2", traits={"email": "a@b.fr"}))
    last = item(identify(message_id="m3", minute=2, anonymousId="a1", traits={"phone": "+33612345678"}), source="other")
    sound, shim = Stack(), at_call(-1, list)
    worker(sound, shim).stitch(sound.write(mine))
    assert len(shim.calls) > 5
    for call in shim.calls:
        stack = Stack()
        first, second, third = (stack.write(each) for each in (mine, theirs, last))
        interruption = at_call(call.number, lambda stack=stack, both=(second, third): [stack.stitch(each) for each in both])  # type: ignore[misc]
        worker(stack, interruption).stitch(first)
        people = ["user_id:u1", "phone:+33612345678", "anonymous_id:a1", "anonymous_id:a2", "email:a@b.fr"]
        assert len({stack.profile(text).id for text in people}) == 1, call
        assert len(stack.profile("email:a@b.fr").identifiers) == 5


def before_saves(act: Callable[[], object]) -> Shim:
    def around(call: Call, perform: Callable[[], Any]) -> Any:
        if call.method == "save":
            act()
        return perform()

    return Shim(around)


def test_a_second_writer_of_the_same_fragment_loses_nothing() -> None:
    """The same batch, delivered to two workers at once."""
    stack = Stack()
    records = stack.write(item(track(message_id="m1")), item(track(message_id="m2", minute=1)))
    second = iter([partial(stack.stitch, records)])

    worker(stack, before_saves(lambda: next(second, list)())).stitch(records)

    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 2
    assert sorted(stack.timeline()) == ["m1", "m2"]


def test_a_fragment_that_never_stands_still_asks_for_another_delivery() -> None:
    stack = Stack()
    records = stack.write(item(track(message_id="m1")))

    def changed() -> None:
        raise Conflict("fragment_changed", "again")

    with pytest.raises(Exception, match="fragment_contended"):
        worker(stack, before_saves(changed)).stitch(records)
    assert stack.fragments.load([prs("anonymous_id:a1")]) == {}
