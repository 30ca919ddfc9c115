"""`ariane identity replay`, as typed: dry runs on files, and applying on a stage in an emulated account."""

import io
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import orjson
import pytest
from moto import mock_aws
from rich.console import Console

from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.event_items import attributes_of
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.replay_states import DynamoReplayStates
from ariane.definitions.publish import StoredDocument
from ariane.definitions.yaml_source import read_yaml
from ariane.events.model import LogItem, SourceKind
from ariane.identity.linking import Linker
from ariane.identity.rule_evidence import Side
from ariane.identity.rule_replay import RuleReplay
from ariane.identity.rules import Rules
from ariane.identity.trees import climb
from cli import identity_replay
from cli.main import main
from cli.reading_pace import ReadingPace
from cli.replay_course import ConsoleCourse
from cli.rule_stack import RuleStack
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import KEY, identify, item, prs
from tests.builders.rule_changes import events_of_item

type Shell = Callable[..., tuple[int, str, str]]
OLD = """\
namespaces:
  user_id: {priority: 1, limit: 1, unique: true}
  email: {priority: 2, normalise: email}
  anonymous_id: {priority: 9, limit: none, device: true}
"""
NEW = OLD + "blocked: {values: [till@shop.fr]}\n"


def at_the_till(number: int) -> dict[str, Any]:
    return identify(message_id=f"m{number}", minute=number, anonymousId=f"a{number}", traits={"email": "till@shop.fr"})


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Shell:
    """(exit code, output, errors); the output is no terminal."""

    def run(*arguments: object, given: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", "identity", "replay", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsysbinary.readouterr()
        return int(ended.value.code or 0), printed.out.decode(), printed.err.decode()

    return run


@pytest.fixture
def files(tmp_path: Path) -> Mapping[str, Path]:
    found = {"old": tmp_path / "old.yaml", "new": tmp_path / "new.yaml", "log": tmp_path / "events.jsonl"}
    found["old"].write_text(OLD)
    found["new"].write_text(NEW)
    found["log"].write_bytes(b"".join(orjson.dumps(at_the_till(number)) + b"\n" for number in (1, 2, 3)))
    return found


def test_a_dry_run_on_files_tells_counts_first_then_lists(shell: Shell, files: Mapping[str, Path]) -> None:
    given = ("--dry-run", "--events", files["log"], "--from", files["old"], "--rules", files["new"])
    code, out, err = shell(*given)
    assert (code, err) == (0, "")
    counts, *lists = out.split("\n\n")
    assert counts.splitlines() == [
        "3 events read: 1 person now, 3 under the new rules",
        "1 person would be taken apart into several",
        "3 events would be another person's",
        "1 identifier would not count any more",
        "1 identifier would be blocked: 3 events and 1 person would lose one",
        "Warning: 1 of 1 email identifiers (100.0 %) would be blocked: 3 events (100.0 %) and 1 person would lose one. By pattern: "
        "a blocked value, a placeholder, or malformed 1. If that is not meant, make the pattern narrower.",
    ]
    assert [each.splitlines()[0] for each in lists] == counts.splitlines()[1:4]
    assert "  anonymous_id:a1  |  anonymous_id:a2  |  anonymous_id:a3\n" in out
    assert "  email:till@shop.fr: blocked, a placeholder or malformed, 3 events\n" in out
    assert "  1 event: email:till@shop.fr → anonymous_id:a1\n" in out

    code, out, _ = shell(*given, "--json", "--limit", 1)
    found = orjson.loads(out)
    assert code == 0
    assert (found["counts"]["splits"], found["counts"]["events_rehomed"]) == (1, 3)
    assert found["splits"] == [[["anonymous_id:a1"], ["anonymous_id:a2"], ["anonymous_id:a3"]]]
    expected = {"from": {"identifier": "email:till@shop.fr"}, "to": {"identifier": "anonymous_id:a1"}, "events": 1}
    assert found["events_rehomed"] == [expected]


def test_lists_are_cut_and_say_so(shell: Shell, files: Mapping[str, Path]) -> None:
    lines = [identify(message_id=f"m{each}", userId=f"u{each}", traits={"email": f"e{each}@x.fr"}) for each in range(5)]
    files["log"].write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in lines))
    files["new"].write_text(OLD.replace("  email: {priority: 2, normalise: email}\n", ""))
    code, out, _ = shell("--dry-run", "--events", files["log"], "--from", files["old"], "--rules", files["new"], "--limit", 2)
    assert code == 0
    assert out.endswith("1 event\n  … and 3 more (--limit, or --json for all)\n")
    assert out.count("  email:e") == 2
    _, out, _ = shell("--dry-run", "--events", files["log"], "--from", files["old"], "--rules", files["new"], "--json")
    assert len(orjson.loads(out)["identifiers_stopped"]) == 5


def test_rules_that_change_nothing_say_so_and_nothing_else(shell: Shell, files: Mapping[str, Path]) -> None:
    code, out, _ = shell("--dry-run", "--events", files["log"], "--from", files["old"], "--rules", files["old"])
    assert (code, out) == (0, "3 events read: 1 person now, 1 under the new rules\nNothing would change\n")


def test_bad_lines_are_left_out_where_that_is_asked_for(shell: Shell, files: Mapping[str, Path]) -> None:
    files["log"].write_bytes(b"junk\n" + files["log"].read_bytes())
    given = ("--dry-run", "--events", files["log"], "--from", files["old"], "--rules", files["new"])
    code, out, err = shell(*given)
    assert (code, out) == (1, "")
    assert "events.jsonl:1: invalid_json" in err
    code, out, err = shell(*given, "--skip-invalid")
    assert (code, out.splitlines()[0]) == (0, "3 events read: 1 person now, 3 under the new rules")
    assert "Left out: 1 line that" in err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "say either --dry-run or --apply"),
        (("--dry-run", "--apply"), "say either --dry-run or --apply"),
        (("--apply", "--rules", "new.yaml"), "--events and --rules are for --dry-run"),
        (("--dry-run", "--events", "-", "--from", "old.yaml"), "not standard input"),
        (("--dry-run", "--skip-invalid"), "--skip-invalid is for the lines of --events"),
        (("--dry-run", "--take-over"), "--take-over is for --apply"),
    ],
)
def test_what_cannot_be_meant_is_refused(shell: Shell, arguments: tuple[str, ...], problem: str) -> None:
    code, out, err = shell(*arguments)
    assert (code, out) == (1, "")
    assert problem in err


def test_bad_lines_and_bad_rules_are_named(shell: Shell, files: Mapping[str, Path]) -> None:
    files["log"].write_bytes(b"junk\n")
    code, _, err = shell("--dry-run", "--events", files["log"], "--from", files["old"], "--rules", files["new"])
    assert code == 1
    assert "events.jsonl:1: invalid_json" in err
    files["new"].write_text(OLD.replace("priority: 2", "priority: 1"))
    code, _, err = shell("--dry-run", "--events", files["log"], "--from", files["old"], "--rules", files["new"])
    assert code == 1
    assert "new.yaml:3" in err


# a stage


class Stage:
    """Tables in an emulated account, with three visitors whom a till's address has joined."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = boto3.client("dynamodb", region_name=REGION)
        for name in ("identities", "events", "profiles", "privacy", "journeys", "access"):
            make_table(name)
        ssm, bus = boto3.client("ssm", region_name=REGION), boto3.client("events", region_name=REGION)
        ssm.put_parameter(Name="/ariane/test/person-id-key", Value=KEY.decode(), Type="SecureString")
        bus.create_event_bus(Name="bus")
        sqs = boto3.client("sqs", region_name=REGION)
        evaluations = sqs.create_queue(QueueName="evaluate")["QueueUrl"]
        outputs = {f"{name.capitalize()}Table": name for name in ("identities", "events", "profiles", "privacy", "journeys", "access")}
        session = SimpleNamespace(client=lambda name, endpoint_url: boto3.client(name, region_name=REGION))
        deployment = SimpleNamespace(
            stage="test",
            home=None,
            endpoint=None,
            session=session,
            dynamodb=self.client,
            ssm=ssm,
            sqs=sqs,
            output=(outputs | {"BusName": "bus", "EvaluateQueueUrl": evaluations}).get,
        )
        self.documents = DynamoDocuments(self.client, table="journeys")
        self.wanted: Mapping[str, Any] = {**_document(NEW), "countries": {}}
        self.publish({**_document(OLD), "countries": {}})
        monkeypatch.setattr(identity_replay, "find", lambda _: deployment)
        monkeypatch.setattr(RuleStack, "document_of", lambda *_: self.wanted)
        monkeypatch.setattr(RuleStack, "publish", lambda *_, settle: self.publish(self.wanted))

    def publish(self, document: Mapping[str, Any]) -> None:
        before = self.documents.stored("identity")
        self.documents.put("identity", StoredDocument(document, "b", before.revision + 1 if before else 1))

    def published(self) -> Mapping[str, Any] | None:
        return self.documents.document("identity")

    def happen(self, made: LogItem) -> None:
        attributes = attributes_of(made, retention=timedelta(days=760))
        stored: Any = {**attributes, "b": {"B": b64decode(attributes["b"]["B"])}}
        self.client.put_item(TableName="events", Item=stored)
        rules = Rules.from_document(self.published())
        linker = Linker(DynamoIdentities(self.client, table="identities"), KEY)
        for event in events_of_item(made):
            names = Side(rules=rules).names(event)
            linker.link(event, names, rules=rules, cause=f"{made.person_id}/{made.sort}/0")

    def roots(self, *texts: str) -> list[str]:
        store = DynamoIdentities(self.client, table="identities")
        return [climb(store, [prs(each)]).root_of(prs(each)).person_id for each in texts]

    @property
    def states(self) -> DynamoReplayStates:
        return DynamoReplayStates(self.client, table="identities")


def _document(text: str) -> dict[str, Any]:
    found = read_yaml("identity.yaml", text).data
    assert isinstance(found, dict)
    return found


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with mock_aws():
        made = Stage(monkeypatch)
        for number in (1, 2, 3):
            made.happen(item(at_the_till(number), source="backend", kind=SourceKind.SERVER))
        yield made


VISITORS = ("anonymous_id:a1", "anonymous_id:a2", "anonymous_id:a3")


def test_a_dry_run_on_a_stage_changes_nothing(stage: Stage, shell: Shell, files: Mapping[str, Path]) -> None:
    before = stage.client.scan(TableName="identities")["Items"]
    code, out, _ = shell("--dry-run", "--rules", files["new"], "--json")
    assert code == 0
    assert orjson.loads(out)["counts"]["splits"] == 1
    assert stage.client.scan(TableName="identities")["Items"] == before
    assert stage.published() != stage.wanted


def test_applying_asks_publishes_and_makes_what_is_stored_follow(stage: Stage, shell: Shell) -> None:
    code, out, err = shell("--apply", given=b"n\n")
    assert (code, out) == (1, "")
    assert "1 person would be taken apart into several" in err
    assert "Warning: 1 of 1 email identifiers" in err
    assert "nothing was changed" in err
    assert len(set(stage.roots(*VISITORS))) == 1

    code, out, _ = shell("--apply", given=b"y\n")
    assert (code, out) == (0, "Done. Groups of people brought in line: 1; ids whose events were folded again: 1.\n")
    assert stage.roots(*VISITORS) == [prs(each) for each in VISITORS]
    assert stage.published() == stage.states.applied() == stage.wanted

    code, out, _ = shell("--apply", "--yes", "--json")
    assert code == 0
    assert orjson.loads(out) == {
        "rules": Rules.from_document(stage.wanted).digest,
        "renewed": 0,
        "refolded": 0,
        "rounds": 1,
        "settled": True,
    }


def test_what_was_stopped_is_gone_on_with(stage: Stage, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RuleReplay, "run", stopped)
        code, out, err = shell("--apply", "--yes")
    assert (code, out) == (130, "")
    assert "the same command goes on" in err
    assert stage.published() == stage.wanted

    code, out, err = shell("--apply", "--yes")
    assert code == 0
    assert "Going on with the change of rules" in err
    assert "ids whose events were folded again: 1." in out
    assert stage.roots(*VISITORS) == [prs(each) for each in VISITORS]


@pytest.mark.parametrize("call", [3, 9, 14, 19, 24, 29, 34, 39, 44, 49])
def test_it_is_interrupted_at_a_call_and_the_same_command_goes_on(stage: Stage, shell: Shell, call: int) -> None:
    calls = 0

    def interrupted(**_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt

    stage.client.meta.events.register("before-call.dynamodb", interrupted)
    code, out, err = shell("--apply", "--yes")
    assert calls >= call
    assert (code, out) == (130, "")
    assert "the same command goes on" in err
    code, out, _ = shell("--apply", "--yes")
    assert code == 0
    assert stage.roots(*VISITORS) == [prs(each) for each in VISITORS]
    assert stage.published() == stage.states.applied() == stage.wanted
    _, out, _ = shell("--apply", "--yes", "--json")
    assert (orjson.loads(out)["renewed"], orjson.loads(out)["refolded"]) == (0, 0)


def test_one_that_died_is_named_and_may_be_taken_over(stage: Stage, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RuleReplay, "run", lambda *_: 1 / 0)
        patch.setattr("os.getpid", lambda: 4711)
        with pytest.raises(ZeroDivisionError):
            shell("--apply", "--yes")
    code, out, err = shell("--apply", "--yes")
    assert (code, out) == (1, "")
    assert "(process 4711) applies identity rules since" in err
    assert "at once with --take-over" in err
    assert shell("--apply", "--yes", "--take-over")[0] == 0
    assert stage.roots(*VISITORS) == [prs(each) for each in VISITORS]


def test_rules_that_were_published_before_are_made_to_be_followed_too(stage: Stage, shell: Shell) -> None:
    stage.publish(stage.wanted)
    code, out, _ = shell("--apply", "--yes")
    assert code == 0
    assert out == "Done. Groups of people brought in line: 1; ids whose events were folded again: 1.\n"
    assert stage.roots(*VISITORS) == [prs(each) for each in VISITORS]


# how far it is


def test_the_course_tells_its_pace_and_keeps_to_the_rate() -> None:
    now, slept, shown = 0.0, [], io.StringIO()

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)

    course = ConsoleCourse(rate=2, clock=lambda: now, sleep=sleep, console=Console(file=shown, width=200))
    for done in range(1, 13):
        course.at("renewing", done, 20)
    assert sum(slept) == pytest.approx(6.0)
    assert "bringing people in line: groups 10 of 20 (50 %), about 5 s to go, 2 a second" in shown.getvalue()


def test_steps_that_take_long_are_told_one_by_one() -> None:
    now, shown = 0.0, io.StringIO()
    course = ConsoleCourse(rate=None, clock=lambda: now, console=Console(file=shown, width=200))
    for done in (1, 2, 3):
        course.at("refolding", done, 3)
        now += 60
    assert "2 of 3 (66 %)" in shown.getvalue()


@pytest.mark.parametrize(("seconds", "is_told"), [(0.001, False), (1 / 256, True)])
def test_how_far_a_file_is_read_is_told_every_few_seconds_and_a_short_reading_not_at_all(seconds: float, is_told: bool) -> None:
    now, shown = 0.0, io.StringIO()
    pace = ReadingPace(100_000, console=Console(file=shown, width=200), clock=lambda: now)
    for _ in range(1_000):
        now += seconds
        pace.read(100)
    pace.end()
    assert ("512 lines read (51 %), 256 a second" in shown.getvalue()) is is_told
    assert ("all 1,000 lines read (100 %)" in shown.getvalue()) is is_told
    assert bool(shown.getvalue()) is is_told
