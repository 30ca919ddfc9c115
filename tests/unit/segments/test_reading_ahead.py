"""People who are evaluated together are read together, and nothing comes out other than one by one."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from ariane.errors import Conflict
from ariane.segments.deciding import EXITED
from ariane.segments.jobs import PersonJob, message_of
from tests.builders.profiles import NOON, identify, item, track
from tests.builders.segments import SegmentWorld, segment, view_of

PEOPLE = 20
LATELY = segment("lately", {"performed": "Product Viewed", "within": "1 hour"})


class Counting:
    """A port, with its calls counted."""

    def __init__(self, name: str, port: Any, calls: Counter[str]) -> None:
        self._name, self._port, self._calls = name, port, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found) or name.startswith("_"):
            return found

        def called(*given: Any, **named: Any) -> Any:
            self._calls[f"{self._name}.{name}"] += 1
            return found(*given, **named)

        return called


def crowd(*, is_known: bool) -> tuple[SegmentWorld, Counter[str]]:
    """Whose time is over at one instant, half an hour from now, with the calls to the stores counted from now on."""
    here = SegmentWorld(view_of(LATELY))
    here.now = NOON + timedelta(minutes=31)
    for number in range(PEOPLE):
        who: dict[str, Any] = {"anonymousId": f"a{number}"}
        if is_known:
            here.happen(item(identify(message_id=f"i{number}", userId=f"u{number}", **who)))
        here.happen(item(track(message_id=f"v{number}", **who)))
    calls: Counter[str] = Counter()
    for name in ("identities", "fragments", "announcer"):
        setattr(here.stack, name, Counting(name, getattr(here.stack, name), calls))
    here.rows = Counting("rows", here.rows, calls)
    return here, calls


@pytest.mark.parametrize(("is_known", "members"), [(False, 0), (True, PEOPLE)])
def test_an_exit_by_time_alone_is_a_commit_and_its_telling_and_all_else_is_shared(is_known: bool, members: int) -> None:
    here, calls = crowd(is_known=is_known)
    assert len(here.members("lately")) == PEOPLE
    calls.clear()
    here.pass_time(timedelta(minutes=30))

    assert here.members("lately") == set()
    assert len(here.facts(EXITED)) == PEOPLE
    tens = PEOPLE // 10
    assert calls["rows.commit"] == calls["rows.announced"] == PEOPLE
    assert calls["identities.members"] == members
    assert calls["fragments.load"] == calls["rows.load"] == tens
    assert calls["identities.heads"] <= tens + 1, "once to know whom the messages are about"
    assert calls["announcer.publish"] == 1


def test_whoever_is_written_meanwhile_is_read_again() -> None:
    here, _ = crowd(is_known=False)
    commit = here.rows.commit
    refused: list[str] = []

    def once(change: Any) -> None:
        if change.row.person not in refused:
            refused.append(change.row.person)
            raise Conflict("row_changed", "")
        commit(change)

    here.rows.commit = once
    here.pass_time(timedelta(minutes=30))
    assert len({*refused}) == PEOPLE
    assert here.members("lately") == set()
    assert len(here.facts(EXITED)) == PEOPLE


def test_what_cannot_be_read_together_fails_alone() -> None:
    here, _ = crowd(is_known=False)
    load, broken = here.rows.load, sorted(here.rows.rows)[0]

    def read(people: Any) -> Any:
        if broken in people:
            raise ValueError("not what was written")
        return load(people)

    here.rows.load = read
    here.now += timedelta(minutes=30)
    people = sorted(here.rows.rows)
    taken = here.worker.take({each: message_of(PersonJob(person=each, cause="time")) for each in people})
    assert taken.failed == {broken: "ValueError"}
    assert taken.written == PEOPLE - 1
