"""A segment by a file of events: members and changes to the instant."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from ariane.conditions.catalogue import Catalogue
from ariane.conditions.model import Condition
from ariane.identity.ids import DRY_RUN_KEY, person_id
from ariane.identity.rules import Identifier, Rules
from ariane.instants import format_instant
from ariane.segments.files import Question, SegmentRun

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORDER = "Order Completed"
_ANY: TypeAdapter[Any] = TypeAdapter(Condition)


def condition(document: Mapping[str, Any]) -> Any:
    return _ANY.validate_json(orjson.dumps(document))


def moment(hours: float) -> str:
    return format_instant(NOON + timedelta(hours=hours))


def event(hours: float = 0, name: str | None = ORDER, **fields: Any) -> bytes:
    given = {
        "type": "track",
        "event": name,
        "messageId": f"{name}{hours}{fields.get('userId')}",
        "timestamp": moment(hours),
        "userId": "u1",
    }
    return orjson.dumps({key: value for key, value in (given | fields).items() if value is not None})


def evaluated(asked: Mapping[str, Any], *lines: bytes, at: float = 10_000, segments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    named = {name: condition(each) for name, each in (segments or {}).items()}
    question = Question(
        condition=condition(asked), catalogue=Catalogue(segments=named), rules=Rules.from_document({}), at=NOON + timedelta(hours=at)
    )
    run = SegmentRun(question)
    for line in lines:
        run.file.add(line)
    assert run.file.rejected == []
    return run.report()


def changes(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(each["at"], each["change"]) for each in report["changes"]]


def prs(text: str) -> str:
    return person_id(Identifier.parse(text), DRY_RUN_KEY)


def test_entries_and_exits_are_told_to_the_millisecond() -> None:
    report = evaluated({"performed": ORDER, "within": "1 day"}, event(0), event(2), event(50, "Product Viewed"))

    assert report["members"] == []
    assert report["changes"] == [
        {"id": prs("user_id:u1"), "at": moment(0), "change": "entered"},
        {"id": prs("user_id:u1"), "at": format_instant(NOON + timedelta(hours=26, milliseconds=1)), "change": "exited"},
    ]


def test_members_are_named_with_their_identifiers() -> None:
    report = evaluated({"performed": ORDER}, event(0, anonymousId="a1"), event(1, userId="u2", name="Page"))

    assert report["members"] == [{"id": prs("user_id:u1"), "identifiers": ["user_id:u1", "anonymous_id:a1"]}]


def test_what_happens_after_the_instant_has_not_happened() -> None:
    lines = (event(0, userId=None, anonymousId="a1"), event(5, "Login", anonymousId="a1"), event(6))
    before = evaluated({"performed": ORDER, "times": {"gte": 2}}, *lines, at=5.5)
    after = evaluated({"performed": ORDER, "times": {"gte": 2}}, *lines, at=6)

    assert (before["members"], before["changes"]) == ([], [])
    assert changes(after) == [(moment(6), "entered")]


def test_the_instant_itself_is_in_the_answer() -> None:
    assert changes(evaluated({"performed": ORDER}, event(3), at=3)) == [(moment(3), "entered")]


def test_the_order_of_lines_and_copies_change_nothing() -> None:
    lines = [event(hour, properties={"total": 40}) for hour in range(5)]
    asked = {"performed": ORDER, "sum": {"property": "total", "gte": 100}, "within": "2 days"}

    assert evaluated(asked, *lines) == evaluated(asked, *reversed(lines), lines[0])
    assert changes(evaluated(asked, *lines))[0] == (moment(2), "entered")


def test_who_always_passes_enters_when_first_seen() -> None:
    report = evaluated({"not": {"performed": ORDER}}, event(1, "Product Viewed"), event(3))

    assert changes(report) == [(moment(1), "entered"), (moment(3), "exited")]


def test_traits_computed_traits_and_nested_segments_count_over_time() -> None:
    lines = (
        event(0, name=None, type="identify", traits={"plan": "free"}),
        event(1, properties={"total": 60}),
        event(2, properties={"total": 60}),
        event(30, name=None, type="identify", traits={"plan": "pro"}),
    )
    segments = {"good": {"trait": "lifetime_value", "gte": 100}}

    assert changes(evaluated({"all": [{"segment": "good"}, {"trait": "plan", "equals": "free"}]}, *lines, segments=segments)) == [
        (moment(2), "entered"),
        (moment(30), "exited"),
    ]
    assert changes(evaluated({"trait": "lifecycle", "equals": "retention"}, *lines)) == [(moment(2), "entered")]
    assert changes(evaluated({"segment": "good", "for": "1 day"}, *lines, segments=segments)) == [(moment(26), "entered")]


def test_consents_count_as_they_stood_at_each_time() -> None:
    about = {"topic": "offers", "channel": "email", "email": "a@b.fr"}
    lines = (
        event(0, name=None, type="identify", traits={"email": "a@b.fr"}),
        event(1, "Consent Granted", properties=about),
        event(2, "Consent Granted", properties=about),
        event(30, "Consent Withdrawn", properties={"topic": "offers"}),
    )
    asked = {"consent": {"topic": "offers", "channel": "email", "is": "granted"}}

    assert changes(evaluated(asked, *lines)) == [(moment(1), "entered"), (moment(30), "exited")]
    assert changes(evaluated({"not": asked}, *lines)) == [(moment(0), "entered"), (moment(1), "exited"), (moment(30), "entered")]
    assert changes(evaluated({"segment": "open", "for": "1 day"}, *lines, segments={"open": asked})) == [
        (moment(25), "entered"),
        (moment(30), "exited"),
    ]


def test_a_decision_counts_for_whoever_has_the_address() -> None:
    lines = (
        event(0, name=None, type="identify", traits={"email": "a@b.fr"}),
        event(1, "Consent Granted", userId="clerk", properties={"topic": "offers", "channel": "email", "email": "A@B.fr"}),
    )
    report = evaluated({"consent": {"topic": "offers", "channel": "email"}}, *lines)

    assert [each["id"] for each in report["members"]] == [prs("user_id:u1")]


def test_a_bucket_draws_by_the_roots_identifier() -> None:
    lines = [event(0, userId=f"u{number}") for number in range(200)]

    assert 5 < len(evaluated({"bucket": {"salt": "s", "percent": 20}}, *lines)["members"]) < 80


def test_anniversaries_are_days_of_the_persons_time_zone() -> None:
    report = evaluated(
        {"trait": "birthday", "anniversary": {}},
        event(0, name=None, type="identify", traits={"birthday": "1990-11-24", "timezone": "America/New_York"}),
        at=24 * 5,
    )
    assert changes(report) == [("2026-11-24T05:00:00.000Z", "entered"), ("2026-11-25T05:00:00.000Z", "exited")]


@pytest.mark.parametrize("line", [b"{", b"[]", orjson.dumps({"type": "track", "timestamp": "2026-11-22T12:00:00Z"})])
def test_bad_lines_are_kept_with_their_number_and_code(line: bytes) -> None:
    question = Question(condition=condition({"performed": ORDER}), catalogue=Catalogue(), rules=Rules.from_document({}), at=NOON)
    run = SegmentRun(question)
    run.file.add(event(0))
    run.file.add(line)

    assert [each.line for each in run.file.rejected] == [2]
    assert len(run.report()["members"]) == 1
