"""`ariane segments …`, as typed: what a terminal, a file and a program are given."""

import io
import sys
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest

from cli import segment_backfills, segment_exports, segments
from cli.main import main
from cli.profile_api import ProfileApi
from cli.segment_tables import sparkline
from cli.segment_watch import changes, members_now

type Shell = Callable[..., tuple[int, str, str]]
SEGMENT = """\
name: buyers
condition:
  performed: Order Completed
  within: 30 days
"""
ORDER = {"type": "track", "event": "Order Completed", "messageId": "m1", "timestamp": "2026-11-01T12:00:00Z", "userId": "u1"}
SUMMARY: dict[str, Any] = {
    "name": "buyers",
    "label": "Buyers",
    "description": None,
    "version": "c0ffee",
    "published_at": "2026-11-22T12:00:00.000Z",
    "announce": True,
    "members": 12345,
    "members_at": "2026-11-22T12:34:56.000Z",
    "backfill": {"state": "missing", "ended_at": None},
    "counts": [{"day": "2026-11-21", "count": 1, "at": "2026-11-21T00:01:00.000Z"}, {"day": "2026-11-22", "count": 9, "at": "…"}],
}
MEMBER = {"id": "prs_a", "since": "2026-11-22T12:00:00.000Z", "identifiers": [{"type": "user_id", "value": "u1"}]}
LAST = {"has_more": False, "next": ""}


class Answers:
    """Pages by path, the next of them each time; the last again and again."""

    def __init__(self, **pages: Any) -> None:
        self.pages: dict[str, list[Any]] = {}
        self.asked: list[httpx.Request] = []

    def of(self, path: str, *bodies: Any) -> None:
        self.pages[path] = [*bodies]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        bodies = self.pages.get(request.url.path)
        if bodies is None:
            return httpx.Response(404, json={"code": "segment_unknown", "message": "no such segment is published"})
        return httpx.Response(200, json=bodies.pop(0) if len(bodies) > 1 else bodies[0])

    @property
    def api(self) -> ProfileApi:
        api = ProfileApi("https://api.shop.example", "tok_secret")
        api._http = httpx.Client(base_url="https://api.shop.example", transport=httpx.MockTransport(self))
        return api


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    found = Answers()
    for module in (segments, segment_backfills, segment_exports):
        monkeypatch.setattr(module, "find", lambda _stage: SimpleNamespace())
        monkeypatch.setattr(module, "connect", lambda _deployment: found.api)
    return found


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """(exit code, output, errors); no terminal."""

    def run(*arguments: object, given: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", "segments", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def brand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A brand's folder with one segment; the working directory has none."""
    folder = tmp_path / "brand"
    (folder / "segments").mkdir(parents=True)
    (folder / "identity.yaml").write_text("namespaces:\n  user_id: {priority: 1, limit: 1, unique: true}\n")
    (folder / "segments" / "buyers.yaml").write_text(SEGMENT)
    (tmp_path / "events.jsonl").write_bytes(orjson.dumps(ORDER) + b"\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return folder


def test_a_file_of_events_is_evaluated_with_the_brand_that_the_segment_is_part_of(shell: Shell, brand: Path) -> None:
    path, events = brand / "segments" / "buyers.yaml", brand.parent / "events.jsonl"
    code, out, err = shell("evaluate", path, events, "--at", "2026-11-10T00:00:00Z")

    assert (code, err) == (0, "")
    assert orjson.loads(out)["members"][0]["identifiers"] == ["user_id:u1"]
    assert shell("evaluate", path, "-", "--at", "2026-11-10", given=events.read_bytes()) == (code, out, err)
    later = orjson.loads(shell("evaluate", path, events, "--at", "2026-12-31T00:00:00Z")[1])
    assert (later["members"], [each["change"] for each in later["changes"]]) == ([], ["entered", "exited"])


def test_a_nested_segment_and_a_computed_trait_are_the_brands(shell: Shell, brand: Path, tmp_path: Path) -> None:
    (brand / "traits.yaml").write_text("computed:\n  orders: {count: Order Completed}\n")
    own = tmp_path / "own.yaml"
    own.write_text("name: own\ncondition:\n  all:\n    - segment: buyers\n    - {trait: orders, equals: 1}\n")
    code, out, _ = shell("evaluate", own, tmp_path / "events.jsonl", "--at", "2026-11-10", "--brand", brand)

    assert code == 0
    assert len(orjson.loads(out)["members"]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\ncondition:\n  performd: A\n", "own.yaml:3:3: condition"),
        ("name: x\ncondition:\n  performed: A\n  within: 0 days\n", "own.yaml:4:11: condition.within: '0 days' is no time at all"),
        ("name: x\ncondition:\n  segment: nobody\n", "own.yaml:3:12: condition.segment"),
        ("name: x\ncondition:\n  segment: x\n", "names itself"),
        ("name: [\n", "own.yaml:2:1"),
        ("name: x\n", "condition: is required"),
    ],
)
def test_a_fault_of_the_segment_names_file_line_and_field(shell: Shell, brand: Path, tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    code, out, err = shell("evaluate", own, tmp_path / "events.jsonl", "--brand", brand)

    assert (code, out) == (1, "")
    assert said in err


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (b"{\n", "events.jsonl:1: invalid_json"),
        (orjson.dumps(ORDER) + b"\n" + orjson.dumps({**ORDER, "userId": None}), "events.jsonl:2: no_usable_identifier"),
        (b"\n\n", "there is no event"),
        (b"\x1f\x8b\x08", "binary"),
    ],
)
def test_a_fault_of_the_events_names_file_and_line(shell: Shell, brand: Path, lines: bytes, said: str) -> None:
    events = brand.parent / "events.jsonl"
    events.write_bytes(lines)
    code, out, err = shell("evaluate", brand / "segments" / "buyers.yaml", events)

    assert (code, out) == (1, "")
    assert said in err


def test_bad_lines_can_be_left_out_and_an_instant_must_be_one(shell: Shell, brand: Path) -> None:
    path, events = brand / "segments" / "buyers.yaml", brand.parent / "events.jsonl"
    events.write_bytes(events.read_bytes() + b"{\n")

    assert orjson.loads(shell("evaluate", path, events, "--skip-invalid")[1])["rejected"][0]["line"] == 2
    assert "--at takes" in shell("evaluate", path, events, "--at", "yesterday")[2]


def test_segments_are_listed_for_people_and_for_programs(shell: Shell, answers: Answers) -> None:
    answers.of("/v1/segments", {"data": [SUMMARY], "cursor": LAST})
    code, out, err = shell("list")

    assert (code, out.splitlines()[1].split("\t")) == (0, ["buyers", "Buyers", "12,345", "2026-11-22 12:34 UTC", "▁█", "c0ffee", "needed"])
    assert "`ariane segments backfill`" in err
    assert orjson.loads(shell("list", "--json")[1]) == [SUMMARY]


def test_a_segment_is_shown_in_words(shell: Shell, answers: Answers) -> None:
    shown = {**SUMMARY, "words": ["Order Completed: at least once"], "persona": "Buys when it rains.\n", "condition": {}}
    answers.of("/v1/segments/buyers", shown)
    code, out, _ = shell("show", "buyers")

    assert code == 0
    for said in ("Buyers (buyers)", "Order Completed: at least once", "12,345 members now", "2026-11-22          9", "Buys when it rains."):
        assert said in out
    assert "no such segment" in shell("show", "nobody")[2]


def test_members_are_a_line_each(shell: Shell, answers: Answers) -> None:
    more = {"data": [MEMBER], "cursor": {"has_more": True, "next": "n"}}
    answers.of("/v1/segments/buyers/members", more, {"data": [{**MEMBER, "id": "prs_b"}], "cursor": LAST})
    code, out, _ = shell("members", "buyers", "--json")

    assert code == 0
    assert [orjson.loads(line)["id"] for line in out.splitlines()] == ["prs_a", "prs_b"]
    answers.of("/v1/segments/buyers/members", {"data": [MEMBER], "cursor": LAST})
    assert "user_id:u1" in shell("members", "buyers", "--limit", "1")[1]


def test_entries_and_exits_are_told_as_they_happen(answers: Answers) -> None:
    pages = [[], [MEMBER], [MEMBER], []]
    answers.of(
        "/v1/segments/buyers/members",
        *({"data": [{"id": each["id"], "since": each["since"]} for each in page], "cursor": LAST} for page in pages),
    )
    answers.of("/v1/profiles/prs_a", {"identifiers": MEMBER["identifiers"]})
    pauses: list[float] = []
    ticks = count()
    found = list(
        islice(changes(answers.api, "buyers", members_now(answers.api, "buyers"), pause=pauses.append, clock=lambda: float(next(ticks))), 2)
    )

    assert [each.change for each in found] == ["entered", "exited"]
    assert found[0].member == MEMBER
    assert pauses == [3.0, 3.0]


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (2, 1)])
def test_a_backfill_is_waited_for(shell: Shell, answers: Answers, monkeypatch: pytest.MonkeyPatch, failed: int, code: int) -> None:
    monkeypatch.setattr(segment_backfills, "_LOOK_EVERY", 0)
    begun = {"id": "bf_1", "state": "running", "parts": 8, "parts_done": 0, "people": 0, "announce": False}
    ended = {
        "parts_done": 8,
        "people": 4321,
        "written": 17,
        "refolded": 3,
        "failed": failed,
        "failures": [{"person": "prs_x", "code": "broken"}],
    }
    answers.of("/v1/segments/buyers/backfill", begun)
    answers.of("/v1/backfills/bf_1", begun, {**begun, **ended, "state": "done"})
    said = shell("backfill", "buyers", "--wait")

    assert said[0] == code
    assert "4,321 people evaluated, 17 changed, 3 histories read again; nothing was announced" in said[1]
    assert ("prs_x: broken" in said[2]) is bool(failed)


def test_a_backfill_is_resumed_by_its_segment_or_the_latest(shell: Shell, answers: Answers) -> None:
    stuck = {"id": "bf_1", "state": "running", "parts": 8, "parts_done": 5}
    answers.of("/v1/segments/buyers/backfill", stuck)
    answers.of("/v1/backfills", {"data": [stuck]})
    answers.of("/v1/backfills/bf_1/resume", stuck)
    for name in (["buyers"], []):
        code, out, _ = shell("backfill", *name, "--resume")

        assert (code, "Resumed: bf_1, 5 of 8 parts done" in out) == (0, True)
    assert [(each.method, each.url.path) for each in answers.asked if each.method == "POST"] == [("POST", "/v1/backfills/bf_1/resume")] * 2


def test_what_cannot_be_resumed_is_said(shell: Shell, answers: Answers) -> None:
    answers.of("/v1/backfills", {"data": []})
    done = {"id": "bf_2", "state": "done", "people": 3, "written": 1, "refolded": 0, "announce": False}
    answers.of("/v1/segments/buyers/backfill", done)
    answers.of("/v1/backfills/bf_2/resume", done)

    assert "begin one without --resume" in shell("backfill", "--resume")[2]
    assert "leave it out with --resume" in shell("backfill", "buyers", "--resume", "--announce")[2]
    assert "Nothing is left to do: Done: 3 people evaluated" in shell("backfill", "buyers", "--resume")[1]


def test_an_export_is_a_whole_file_of_its_owner_or_none(shell: Shell, answers: Answers, tmp_path: Path) -> None:
    first = {
        "header": "Email\r\n",
        "data": ["a\r\n"],
        "people": 1,
        "left_out": {"no_consent": 2},
        "cursor": {"has_more": True, "next": "n"},
    }
    answers.of("/v1/segments/buyers/export", first, {**first, "data": ["b\r\n"], "left_out": {"no_consent": 1}, "cursor": LAST})
    to = tmp_path / "list.csv"
    code, out, err = shell("export", "buyers", "--format", "google-customer-match", "--consent", "ads", "--out", to)

    assert (code, out, to.read_bytes()) == (0, "", b"Email\r\na\r\nb\r\n")
    assert "2 people of buyers written; left out: 3 did not agree." in err
    assert to.stat().st_mode & 0o077 == 0
    assert dict(answers.asked[0].url.params) == {"format": "google-customer-match", "consent": "ads"}
    assert shell("export", "nobody", "--format", "csv", "--out", tmp_path / "none.csv")[0] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["list.csv"]


@pytest.mark.parametrize(("counts", "bars"), [([], ""), ([3, 3], "▁▁"), ([0, 7, 14], "▁▄█"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█")])
def test_a_sparkline_goes_from_the_smallest_to_the_largest(counts: list[int], bars: str) -> None:
    assert sparkline(counts) == bars
