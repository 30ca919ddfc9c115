"""`ariane rejects`, through the API's own function."""

import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest

from ariane.adapters.memory.reject_counter import MemoryRejectCounter
from ariane.events.rejects import Tally
from ariane.profiles.parking import RejectParking
from cli import rejects as commands
from cli.main import main
from tests.builders.events import RECEIVED, a_log_item, a_message
from tests.builders.reject_desk import CARD, Desk

type Shell = Callable[..., tuple[int, str, str]]
LONG = "a trait with a very long name " * 5


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.world.post("/v1/batch", {"batch": [CARD, a_message(event=None)], "context": {"locale": "fr-FR"}})
    return desk


@pytest.fixture
def shell(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """(exit code, output, errors); the output is no terminal."""
    monkeypatch.setattr(commands, "find", lambda _: None)
    monkeypatch.setattr(commands, "connect", lambda _: desk.client())
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def test_a_list_has_each_refusal_on_one_line_where_nobody_wraps(shell: Shell) -> None:
    code, out, _ = shell("rejects", "list", "--day", "2026-11-22")

    assert code == 0
    (line,) = [line for line in out.splitlines() if "no_usable_identifier" in line]
    assert "2026-11-22/" in line
    assert "the event names nobody: userId, anonymousId, an external id or a trait that a rule names" in line
    assert len([line for line in out.splitlines() if "2026-11-22/" in line]) == 2


def test_a_list_is_narrowed_and_limited(shell: Shell) -> None:
    def codes(*options: str) -> list[str]:
        return [each["code"] for each in orjson.loads(shell("rejects", "list", "--day", "2026-11-22", "--json", *options)[1])]

    assert sorted(codes()) == ["event_missing", "no_usable_identifier"]
    assert codes("--code", "event_missing") == ["event_missing"]
    assert codes("--source", "till") == []
    assert len(codes("--limit", "1")) == 1


def test_one_is_shown_with_reason_transport_and_body(shell: Shell, desk: Desk) -> None:
    identity = next(stored.id for stored in desk.open() if stored.reject.code == "no_usable_identifier")
    _, out, _ = shell("rejects", "show", identity)

    assert "the event names nobody" in out
    assert '{"locale":"fr-FR"}' in out
    assert '  "event": "Product Viewed"' in out


def test_statistics_count_what_was_not_kept_too_and_format_numbers(shell: Shell, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    MemoryRejectCounter(desk.world.rejects).add("2026-11-22", "site", Tally(Counter(event_missing=12_345), Counter(event_missing=2_345)))

    monkeypatch.setattr(commands, "utc_now", lambda: RECEIVED + timedelta(days=2))
    _, out, _ = shell("rejects", "stats", "--days", "3")
    assert "12,345 refused from 2026-11-22 to 2026-11-24, of which 2,345 counted and not kept." in out
    assert [word in out for word in ("event_missing", "site", "2026-11-22")] == [True] * 3
    assert "0 refused" in shell("rejects", "stats", "--days", "1")[1]


def test_a_retry_of_a_day_says_what_became_of_each_and_fails_while_one_is_refused(shell: Shell, desk: Desk) -> None:
    desk.declare()
    code, out, _ = shell("rejects", "retry", "--day", "2026-11-22")

    assert code == 1
    assert "accepted, events: 1" in out
    assert "still refused: event_missing: a track needs event" in out
    assert out.endswith("Done: 1 accepted, 1 still refused.\n")
    assert len(desk.logged()) == 1


def test_a_dry_run_changes_nothing(shell: Shell, desk: Desk) -> None:
    desk.declare()
    code, out, _ = shell("rejects", "retry", "--day", "2026-11-22", "--code", "no_usable_identifier", "--dry-run")

    assert code == 0
    assert out.endswith("A dry run, nothing was done: 1 accepted.\n")
    assert (len(desk.open()), desk.logged()) == (2, [])


def test_retries_by_id_are_told_as_json_to_programs(shell: Shell, desk: Desk) -> None:
    desk.declare()
    identity = next(stored.id for stored in desk.open() if stored.reject.code == "no_usable_identifier")
    code, out, _ = shell("rejects", "retry", identity, "--json")

    assert code == 0
    assert [(each["id"], each["outcome"]) for each in orjson.loads(out)] == [(identity, "accepted")]


def test_more_than_a_page_of_a_day_is_retried(shell: Shell, desk: Desk) -> None:
    desk.world.post("/v1/batch", {"batch": [CARD | {"messageId": f"c-{number}"} for number in range(130)]})
    desk.declare()
    code, out, _ = shell("rejects", "retry", "--day", "2026-11-22", "--code", "no_usable_identifier")

    assert (code, out.splitlines()[-1]) == (0, "Done: 131 accepted.")


def test_a_parked_record_is_handed_over(shell: Shell, desk: Desk) -> None:
    desk.world.log.append(a_log_item())
    RejectParking(desk.world.rejects, clock=lambda: RECEIVED).park(a_log_item(), code="stitch_failed", reason="KeyError")
    code, out, _ = shell("rejects", "retry", "--day", "2026-11-22", "--code", "stitch_failed")

    assert (code, len(desk.queue.keys)) == (0, 1)
    assert "handed to stitch" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retry",), "say which"),
        (("retry", "a/b", "--day", "2026-11-22"), "say which"),
        (("show", "nonsense"), "is no reject"),
        (("show", "2026-11-22/0"), "there is no such reject"),
        (("list", "--day", "today"), "day is written 2026-11-22"),
    ],
)
def test_what_is_wrong_is_told_and_fails(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = shell("rejects", *arguments)

    assert code == 1
    assert said in err
