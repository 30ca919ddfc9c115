"""Runs that once failed, kept for good.

How one gets here: ``make prove`` prints the smallest run that fails like the seed it found. Put that ``Case`` into ``FOUND``, under a name
that says what it found, before the bug is mended: it must fail here first. A later change of the simulator's script may make a case draw
otherwise; it stays as one more seed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.journeys.enrolment import Enrolment
from ariane.profiles.bundles import Bundle
from ariane.profiles.fragments import RoutedFragment, StoredFragment
from tests.builders.journeys import CART, Theatre, fact, profile
from tests.builders.profiles import Stack, identify, item
from tests.faults.simulator import Case, run

FOUND: dict[str, Case] = {
    "a run whose own write the client repeated did not ask for its message, until the safety net did": Case(seed=8, profile="torn"),
    "the same, of a transactional message": Case(seed=22, profile="consents"),
    "the same, while everything is throttled": Case(seed=8, profile="throttles"),
    "of two assertions of one instant the first to arrive stood": Case(seed=2, profile="kiosk"),
    "a tablet that was shared while its people waited for the background was not folded again": Case(seed=2, profile="crowd"),
    "an event of both sides that came after their un-merge was folded under the wrong one": Case(seed=243, profile="undo"),
}


@pytest.mark.parametrize("found", FOUND)
def test_what_was_found_stays_mended(found: str) -> None:
    assert run(FOUND[found]).problems == []


# what was found, said plainly


class TwiceWritten(MemoryEnrolments):
    """The client lost the answer of a conditional write and repeats it: the second time its own first stands in the way."""

    def save(self, run: Enrolment) -> None:
        super().save(run)
        super().save(run)


def test_a_write_that_the_client_repeated_is_no_reason_not_to_ask_for_the_message() -> None:
    theatre = Theatre(runs=TwiceWritten())
    theatre.publish(CART)
    theatre.enter("cart", fact(cart_id="c1"))
    theatre.pass_time(timedelta(minutes=61))
    (request,) = theatre.send_queue.requests
    assert (request.node, request.visit) == ("2", 2)


def test_another_that_moved_the_run_elsewhere_still_wins() -> None:
    theatre = Theatre()
    theatre.publish(CART)
    theatre.enter("cart", fact(cart_id="c1"))

    class Overtaken(MemoryEnrolments):
        def save(self, run: Enrolment) -> None:
            stood = theatre.only_run()
            theatre.runs.save(replace(stood, lock=stood.lock + 1, due=None, node=None))
            theatre.runs.save(run)

        def get(self, profile: str, sort: str) -> Enrolment | None:
            found: Enrolment | None = theatre.runs.get(profile, sort)
            return found

    theatre.now += timedelta(hours=1)
    run_ = theatre.only_run()
    runner = theatre.runner(runs=Overtaken())
    theatre.deliver({"kind": "due", "profile": run_.profile, "enrolment": run_.sort, "v": run_.lock}, runner)
    assert theatre.send_queue.requests == []


def test_a_repeat_of_the_entry_event_ends_the_second_run_that_a_merge_brought() -> None:
    """Whoever started one of them by an old look at the profile died before it looked again."""
    theatre = Theatre()
    theatre.publish(CART)
    theatre.enter("cart", fact(cart_id="c1"))
    first = theatre.only_run()
    theatre.runs.create(replace(first, profile="prs_b", number=1, entered_at=first.entered_at + timedelta(seconds=1)))
    theatre.profiles.put(profile("prs_a", "prs_b"))
    theatre.enter("cart", fact(cart_id="c1"))
    assert [(run.profile, str(run.status)) for run in theatre.all_runs()] == [("prs_a", "running"), ("prs_b", "merged")]


def test_a_merge_is_announced_though_another_writer_of_the_fragment_came_between() -> None:
    """It merged, and lost the fragment to one that had learnt the same set of identifiers from an earlier event: the next attempt must not
    take the set for known and say nothing."""
    stack = Stack()
    first, other = (
        stack.write(item(identify(message_id=f"i{minute}", minute=minute, userId="u1", anonymousId="a1")))[0] for minute in (1, 0)
    )

    class Overtaken(MemoryFragments):
        is_first = True

        def save(self, stored: StoredFragment, routed: Sequence[RoutedFragment] = (), bundle: Bundle | None = None) -> None:
            if self.is_first:
                self.is_first = False
                stack.stitch([other])
            super().save(stored, routed, bundle)

    stack.fragments = Overtaken()
    stack.stitch([first])
    assert [fact["cause"] for fact in stack.announced("Profile Merged")] == [f"{first.item.person_id}/{first.item.sort}/0"]
