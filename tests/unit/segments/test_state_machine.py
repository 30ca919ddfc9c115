"""Whatever happens, in whatever order and however often: at the end of every run each person is in the segments that their whole history
says, since the instant that it says; as if what was parted had never been one."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import precondition, rule

from ariane.events.model import Message
from ariane.identity.rules import Rules
from ariane.instants import to_millis
from tests.builders.profiles import NOON
from tests.faults.contracts import Kind
from tests.faults.identity_world import Town
from tests.faults.killing import until_done
from tests.faults.segment_brand import SETS
from tests.faults.segment_town import MOST_ROUNDS, SegmentTown
from tests.unit.identity import test_state_machine
from tests.unit.identity.test_state_machine import BROWSERS, EXAMPLES, SOURCES, USERS

_LATER = timedelta(hours=12)
"""The town's own time: no event is of the future."""
_MOST_INSTANTS = 6


class Deed(NamedTuple):
    name: str
    who: Mapping[str, str]
    product: str | None
    total: Any
    minute: int

    def message(self, own: str) -> Message:
        properties = {key: value for key, value in (("product_id", self.product), ("total", self.total)) if value is not None}
        return {"type": "track", "event": self.name, "messageId": own, "properties": properties, **self.who}


_DEEDS = st.lists(
    st.builds(
        Deed,
        name=st.sampled_from(["Order Completed", "Order Completed", "Product Added", "Product Viewed", "Product Removed"]),
        who=st.sampled_from([*({"userId": each} for each in USERS), *({"anonymousId": each} for each in BROWSERS)]),
        product=st.sampled_from(["p1", "p2", None]),
        total=st.sampled_from([10, "20", 35, None]),
        minute=st.one_of(st.integers(0, 30), st.integers(690, 719)),
    ),
    min_size=2,
    max_size=5,
)


class SegmentMachine(test_state_machine.IdentityMachine):
    town: Any
    worker: Any

    def settled(self, rules: Rules) -> Town:
        town = SegmentTown(rules, now=NOON + _LATER)
        town.publish(0)
        self.is_changed = False
        return town

    # what is done

    @rule(deeds=_DEEDS, source=st.sampled_from(sorted(SOURCES)), is_held=st.booleans())
    def does(self, deeds: Sequence[Deed], source: str, is_held: bool) -> None:
        for deed in deeds:
            self.serial += 1
            self._write(self._dated(deed.message(f"d{self.serial}"), deed.minute, deed.minute), source, salt=0)
        if not is_held:
            self._deliver_all()

    @rule(deeds=_DEEDS, user=st.sampled_from(USERS), browser=st.sampled_from(BROWSERS), plan=st.sampled_from(["free", "gold", None]))
    def logs_in(self, deeds: Sequence[Deed], user: str, browser: str, plan: str | None) -> None:
        """After what they did without a name; then they are one."""
        self.does([deed._replace(who={"anonymousId": browser}) for deed in deeds], "web", is_held=False)
        self.serial += 1
        minute = deeds[-1].minute
        message: Message = {
            "type": "identify",
            "messageId": f"d{self.serial}",
            "userId": user,
            "anonymousId": browser,
            "traits": {"plan": plan},
        }
        self._write(self._dated(message, minute, minute), "web", salt=0)
        self._deliver_all()

    # what follows

    @rule(place=st.integers(0, 1_000), is_again=st.booleans())
    def evaluates(self, place: int, is_again: bool) -> None:
        """One message of the queue, perhaps twice."""
        body = self.town.next_body(place)
        if body is not None:
            until_done(lambda: self._take(body))
            if is_again:
                self.town.put_back(body)

    def _take(self, body: str) -> None:
        """What fails comes again."""
        while self.worker.evaluating.take({"1": body}).failed:
            pass

    @rule(minutes=st.sampled_from([1, 5, 11, 40]))
    def time_passes(self, minutes: int) -> None:
        self.town.now += timedelta(minutes=minutes)
        self._passes()
        until_done(lambda: self.worker.tick())

    @precondition(lambda self: not self.is_changed)
    @rule(number=st.integers(0, 5 * len(SETS)))
    def publishes(self, number: int) -> None:
        """Now and then. Who asks for the new definitions to be looked at in the past does so before the next change."""
        if number >= len(SETS):
            return
        self.is_changed = True
        self._passes()
        self.town.publish(number)

    @precondition(lambda self: self.is_changed)
    @rule(announces=st.booleans())
    def backfills(self, announces: bool) -> None:
        self.is_changed = False
        until_done(lambda: self.worker.backfill_desk.start_backfill(announce=announces))

    @precondition(lambda self: not self.is_changed)
    @rule()
    def settles(self) -> None:
        """What is said so far is all that there is, for now."""
        self._deliver_all()
        assert self._at_rest() == []

    # the end

    def problems(self) -> list[str]:
        if self.is_changed:
            self.backfills(False)
        found = [*super().problems(), *self._at_rest()]
        for _ in range(_MOST_INSTANTS):
            at = self.town.next_change()
            if found or at is None:
                return found
            self._look_at(at - 1)
            found += [f"a moment too early: {each}" for each in self._at_rest()]
            self._look_at(at)
            found += [f"when it was due: {each}" for each in self._at_rest()]
        return found

    def _look_at(self, millis: int) -> None:
        self.town.pass_to(millis)
        self.worker.now = self.town.now
        self.worker.tick()

    def _at_rest(self) -> list[str]:
        """With everything done that waits, and that is due by now."""
        self.armed.arm(None, Kind.FAIL)
        for _ in range(MOST_ROUNDS):
            if self.town.background_queue.messages:
                self.works()
                continue
            body = self.town.next_body(0)
            if body is None:
                due = [row for row in self.town.segment_rows.rows.values() if row.due is not None and row.due <= to_millis(self.town.now)]
                if not due:
                    found: list[str] = self.town.segment_problems()
                    return found
                self.worker.now = self.town.now
                self.worker.tick()
                continue
            self._take(body)
        return ["seg: there is always something left to do"]


SegmentMachine.TestCase.settings = settings(
    max_examples=EXAMPLES or 40,
    stateful_step_count=30,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestSegmentMachine = SegmentMachine.TestCase
