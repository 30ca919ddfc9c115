"""Runs whose version cannot be read any more: they end with a reason, and harm no other."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.memory.definitions import MemoryVersions
from ariane.errors import ArianeError, NotFound, Permanent, Retryable
from ariane.journeys.enrolment import Status
from tests.builders.journeys import CART, CONFIRMATION, NOON, Theatre, fact, merged_into, profile

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class VersionsWithout:
    """As published, but for one journey."""

    def __init__(self, versions: MemoryVersions, journey: str, found: Callable[[], Any]) -> None:
        self._versions = versions
        self._journey = journey
        self._found = found

    def journey(self, name: str, version: str) -> Any:
        return self._found() if name == self._journey else self._versions.journey(name, version)

    def put(self, name: str, version: str, journey: Any) -> None:
        self._versions.put(name, version, journey)


def gone() -> Any:
    raise NotFound("definition_missing", "there is no such object")


def away() -> Any:
    raise Retryable("table_busy", "later")


def garbled() -> Any:
    return {"definition": {"name": "cart"}}


def theatre_without_cart(found: Callable[[], Any]) -> Theatre:
    """A cart's run that waits for an hour, then cannot be read."""
    theatre = Theatre()
    theatre.publish(CART, CONFIRMATION, CONFIRMATION.replace("confirmation", "other").replace("steps:", "steps:\n  - wait: 3 hours"))
    theatre.enter("cart", fact(cart_id="c1"))
    theatre.versions = VersionsWithout(theatre.versions, "cart", found)  # type: ignore[assignment]
    return theatre


def wake_up(theatre: Theatre) -> dict[str, Any]:
    run = theatre.only_run()
    return {"kind": "due", "profile": run.profile, "enrolment": run.sort, "v": run.lock}


@pytest.mark.parametrize(("found", "reason"), [(gone, "definition_missing"), (garbled, "definition_unreadable")])
def test_a_run_a_day_overdue_whose_version_cannot_be_read_ends_with_the_reason(found: Callable[[], Any], reason: str) -> None:
    theatre = theatre_without_cart(found)
    theatre.now = NOON + HOUR + DAY

    assert theatre.deliver(wake_up(theatre)) == Status.EXITED
    run = theatre.only_run()
    assert (run.status, run.reason, run.due) == (Status.EXITED, reason, None)


@pytest.mark.parametrize(("found", "error"), [(gone, NotFound), (garbled, Permanent)])
def test_until_then_people_have_a_day_to_mend_it(found: Callable[[], Any], error: type[ArianeError]) -> None:
    theatre = theatre_without_cart(found)
    theatre.now = NOON + HOUR + DAY - timedelta(seconds=1)

    with pytest.raises(error):
        theatre.deliver(wake_up(theatre))
    assert theatre.only_run().is_running


def test_what_may_work_later_never_ends_a_run() -> None:
    theatre = theatre_without_cart(away)
    theatre.now = NOON + 30 * DAY

    with pytest.raises(Retryable):
        theatre.deliver(wake_up(theatre))
    assert theatre.only_run().is_running


@pytest.mark.parametrize("found", [gone, garbled])
def test_an_exit_ends_the_profiles_other_runs_all_the_same(found: Callable[[], Any]) -> None:
    theatre = theatre_without_cart(found)
    theatre.publish(CART.replace("cart\n", "cart-two\n", 1))
    theatre.enter("cart-two", fact(cart_id="c1"))

    assert theatre.awaited(fact("Order Completed", id="m2", at=NOON)) == "exited 1"
    assert {run.journey: run.status for run in theatre.all_runs()} == {"cart": Status.RUNNING, "cart-two": Status.EXITED}


def test_a_merge_of_two_such_runs_leaves_one() -> None:
    theatre = Theatre()
    theatre.publish(CART)
    for number, who in enumerate(("prs_a", "prs_b")):
        theatre.profiles.put(profile(who))
        theatre.enter("cart", fact(id=f"m{number}", profile=who, cart_id="c1"))
    theatre.versions = VersionsWithout(theatre.versions, "cart", gone)  # type: ignore[assignment]
    theatre.profiles.put(merged_into(profile("prs_a"), "prs_b"))

    assert theatre.merged("prs_a") == "merged 1"
    assert [run.status for run in theatre.all_runs()] == [Status.RUNNING, Status.MERGED]
