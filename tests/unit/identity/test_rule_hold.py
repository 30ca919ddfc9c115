"""Two processes that change identity rules, one that dies, rules that are published in the middle: one change is carried out at a time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from ariane.errors import Conflict, Retryable
from ariane.identity import rule_work
from ariane.identity.model import Merged, Parted
from ariane.identity.rule_hold import LEASE
from ariane.identity.rule_replay import RuleReplay
from ariane.identity.rules import Rules
from tests.builders.profiles import NOON
from tests.builders.rule_changes import RuleWorld, a_document, a_world


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def a_change(seed: int) -> tuple[RuleWorld, Mapping[str, Any]]:
    """With the rules of before; the new ones are published."""
    random = Random(seed)
    world = a_world(random, events=9)
    before, world.document = world.document, a_document(random)
    return world, before


def partitions(world: RuleWorld, before: Mapping[str, Any]) -> list[str]:
    _, found = world.replay().forecast(Rules.from_document(before), world.rules)
    return list(found)


def begun(world: RuleWorld, before: Mapping[str, Any], clock: Clock, *, holder: str) -> RuleReplay:
    replay = world.replay(holder=holder, clock=clock)
    replay.begin(before, world.document, partitions(world, before))
    return replay


def test_one_that_comes_while_another_is_at_work_is_told_who_and_changes_nothing(clock: Clock) -> None:
    world, before = a_change(4)
    begun(world, before, clock, holder="lea@till (process 7)")
    state = world.states.latest()
    other = world.replay(holder="ben@desk (process 9)", clock=clock)
    for act in (other.expect_free, lambda: other.run(state), lambda: other.begin(before, world.document, [])):
        with pytest.raises(Conflict, match=r"^replay_held: lea@till \(process 7\) applies identity rules since 2026-.* UTC"):
            act()
    assert world.states.latest() == state


def test_one_that_died_is_gone_on_with_as_soon_as_it_is_known_to_be_gone(clock: Clock) -> None:
    world, before = a_change(4)
    begun(world, before, clock, holder="dead")
    other = world.replay(holder="ben", clock=clock)
    clock.now += LEASE - timedelta(seconds=1)
    with pytest.raises(Conflict, match=r"replay_held"):
        other.run(world.states.latest())
    clock.now += timedelta(seconds=1)
    assert other.run(world.states.latest()).is_settled
    world.check()
    assert world.states.applied() == world.document


def test_whoever_takes_over_needs_not_wait_and_the_other_stops_at_its_next_step(clock: Clock) -> None:
    world, before = a_change(5)
    first = begun(world, before, clock, holder="lea")

    class Overtaken:
        is_done = False

        def at(self, phase: str, done: int, total: int | None) -> None:
            if phase == "reading" and not self.is_done:
                self.is_done = True
                other = world.replay(holder="ben", clock=clock, is_taking_over=True)
                assert other.run(world.states.latest()).is_settled

    first = world.replay(holder="lea", clock=clock, course=Overtaken())
    with pytest.raises(Conflict, match=r"^replay_overtaken: ben applies identity rules now"):
        first.run(world.states.latest())
    world.check()
    state = world.states.latest()
    assert (state.held_by, state.ended_at) == ("ben", NOON)
    assert world.states.applied() == world.document


def test_one_that_slept_past_its_time_stops_before_it_changes_anybody(clock: Clock) -> None:
    world, before = a_change(5)
    begun(world, before, clock, holder="lea")
    third: Mapping[str, Any] = {**world.document, "component_limit": 3, "blocked": {"values": ["e1@x.fr"]}}

    class Asleep:
        is_done = False

        def at(self, phase: str, done: int, total: int | None) -> None:
            if phase == "checking" and not self.is_done:
                self.is_done = True
                clock.now += 2 * LEASE
                followed, world.document = world.document, third
                assert begun(world, followed, clock, holder="ben").run(world.states.latest()).is_settled

    with pytest.raises(Conflict, match=r"rules_changed|replay_overtaken"):
        world.replay(holder="lea", clock=clock, course=Asleep()).run(world.states.latest())
    world.check()
    assert world.states.applied() == third


@pytest.mark.parametrize("phase", ["reading", "checking", "renewing"])
def test_rules_that_are_published_in_the_middle_stop_it_and_the_next_one_begins_at_once(clock: Clock, phase: str) -> None:
    world, before = a_change(5)
    mine = world.document
    begun(world, before, clock, holder="lea")

    class Published:
        def at(self, now: str, done: int, total: int | None) -> None:
            if now == phase:
                world.document = a_document(Random(77))

    with pytest.raises(Conflict, match=r"^rules_changed: "):
        world.replay(holder="lea", clock=clock, course=Published()).run(world.states.latest())
    assert world.document != mine
    assert world.states.latest().held_until is None
    assert world.states.applied() is None
    assert begun(world, before, clock, holder="ben").run(world.states.latest()).is_settled
    world.check()
    assert world.states.applied() == world.document


def test_rules_that_are_published_while_the_partitions_are_sought_are_not_begun_with(clock: Clock) -> None:
    world, before = a_change(5)
    mine = world.document
    world.document = a_document(Random(77))
    with pytest.raises(Conflict, match=r"^rules_changed: "):
        world.replay(clock=clock).begin(before, mine, [])
    assert world.states.latest() is None


def test_partitions_of_a_change_that_never_ended_are_folded_again_by_the_next(clock: Clock) -> None:
    """It may have folded their events into whose they never became."""
    world, before = a_change(5)
    replay = world.replay(holder="lea", clock=clock)
    replay.begin(before, world.document, ["prs_1", "prs_2"])
    world.document = before
    clock.now += LEASE
    other = world.replay(holder="ben", clock=clock)
    assert other.run(other.begin(before, before, ["prs_2", "prs_3"])).is_settled
    assert [each for each in world.consequences.refolded if each in ("prs_1", "prs_2", "prs_3")] == ["prs_1", "prs_2", "prs_3"]

    assert other.run(other.begin(before, before, ["prs_4"])).refolded == 1


def test_one_at_work_is_heard_of_however_long_it_reads(clock: Clock) -> None:
    world, before = a_change(5)
    begun(world, before, clock, holder="lea")

    class Slow:
        def at(self, phase: str, done: int, total: int | None) -> None:
            clock.now += timedelta(minutes=2)
            with pytest.raises(Conflict, match=r"replay_held: lea"):
                world.replay(holder="ben", clock=clock).expect_free()

    assert world.replay(holder="lea", clock=clock, course=Slow()).run(world.states.latest()).is_settled


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, Retryable])
def test_one_that_is_stopped_lets_go_and_the_next_goes_on_at_once(clock: Clock, end: type[BaseException]) -> None:
    world, before = a_change(5)
    begun(world, before, clock, holder="lea")

    class Stopped:
        def at(self, phase: str, done: int, total: int | None) -> None:
            raise end("table_busy", "wait") if end is Retryable else end

    with pytest.raises(end):
        world.replay(holder="lea", clock=clock, course=Stopped()).run(world.states.latest())
    assert world.replay(holder="ben", clock=clock).run(world.states.latest()).is_settled
    world.check()


class Forgetful:
    """Saves, and loses the answer: the client repeats the call, and meets its own first attempt."""

    def __init__(self, states: Any) -> None:
        self._states = states

    def __getattr__(self, name: str) -> Any:
        return getattr(self._states, name)

    def save(self, state: Any) -> None:
        self._states.save(state)
        self._states.save(state)


def test_its_own_write_whose_answer_was_lost_is_no_other_process(clock: Clock) -> None:
    world, before = a_change(5)
    replay = world.replay(wrap=lambda name, port: Forgetful(port) if name == "states" else port, clock=clock)
    state = replay.begin(before, world.document, partitions(world, before))
    assert replay.run(state).is_settled
    world.check()


# killed


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """Ports of one process, whose calls are counted together; one of them is the last, before it does anything or after it did."""

    def __init__(self, last: int | None, *, is_after: bool) -> None:
        self.calls = 0
        self._last = last
        self._is_after = is_after

    def wrap(self, _: str, port: Any) -> Any:
        return _Port(self, port)

    def call(self, act: Any) -> Any:
        self.calls += 1
        if self._last is not None and self.calls > self._last:
            raise Killed
        if self.calls != self._last:
            return act()
        if self._is_after:
            act()
        raise Killed


class _Port:
    def __init__(self, life: Mortal, port: Any) -> None:
        self._life = life
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *given, **named: self._life.call(lambda: method(*given, **named))


def applied_by(world: RuleWorld, before: Mapping[str, Any], life: Mortal, clock: Clock, holder: str) -> None:
    """What the command does once the rules are published: from the forecast on, or on with what is under way."""
    replay = world.replay(wrap=life.wrap, clock=clock, holder=holder)
    state = replay.expect_free()
    if state is None or state.ended_at is not None or state.after != world.document:
        followed = world.states.applied() or before
        _, found = replay.forecast(Rules.from_document(followed), world.rules)
        state = replay.begin(followed, world.document, found)
    assert replay.run(state).is_settled


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("is_republished", [False, True])
def test_one_dies_for_ever_at_any_call_and_another_takes_over(
    is_after: bool, is_republished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_work, "_BATCH", 2)
    monkeypatch.setattr(rule_work, "PARTITIONS", 2)
    sound, before = a_change(5)
    life = Mortal(None, is_after=False)
    applied_by(sound, before, life, Clock(), "lea")
    assert life.calls > 60
    for last in range(1, life.calls + 1):
        world, before = a_change(5)
        clock = Clock()
        with pytest.raises(Killed):
            applied_by(world, before, Mortal(last, is_after=is_after), clock, "lea")
        if is_republished:
            world.document = a_document(Random(77))
        clock.now += LEASE
        applied_by(world, before, Mortal(None, is_after=False), clock, "ben")
        world.check()
        assert world.states.applied() == world.document
        if not is_republished:
            assert told(sound) <= told(world)
            assert set(sound.consequences.refolded) <= set(world.consequences.refolded)


def told(world: RuleWorld) -> set[Merged | Parted]:
    """The times differ: another process did the rest at another moment."""
    announced = world.consequences.announced
    merged = {replace(fact, at=NOON, cause="") for each in announced for fact in each.merged}
    return merged | {replace(fact, at=NOON, cause="") for each in announced for fact in each.parted}


def test_two_that_come_at_the_same_moment_are_one_and_a_refusal(clock: Clock) -> None:
    world, before = a_change(5)

    class Raced:
        """Between reading that nobody is at work and saying that it is."""

        def __init__(self, states: Any) -> None:
            self._states = states

        def __getattr__(self, name: str) -> Any:
            return getattr(self._states, name)

        def save_partitions(self, *given: Any) -> None:
            if self._states.latest() is None:
                begun(world, before, clock, holder="ben")
            self._states.save_partitions(*given)

    replay = world.replay(wrap=lambda name, port: Raced(port) if name == "states" else port, clock=clock, holder="lea")
    with pytest.raises(Conflict, match=r"^replay_overtaken: ben applies"):
        replay.begin(before, world.document, ["prs_1"])
    assert world.replay(holder="ben", clock=clock).run(world.states.latest()).is_settled
    world.check()
