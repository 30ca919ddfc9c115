"""`ariane identity resolve` and `ariane events export`, as typed."""

import io
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import orjson
import pytest
from moto import mock_aws

from ariane.adapters.aws.event_items import attributes_of
from ariane.events.model import LogItem
from cli import events as export
from cli.local.home import PROJECT
from cli.main import main
from tests.builders.events import a_log_item
from tests.builders.profiles import identify, item, track

type Shell = Callable[..., tuple[int, str, str]]
REGION = "eu-west-3"
RULES = """\
namespaces:
  user_id: {priority: 1, limit: 1, unique: true}
  email: {priority: 2, normalise: email}
  phone: {priority: 3, normalise: phone}
  anonymous_id: {priority: 9, limit: none, device: true}
"""
LOGIN = b'{"type": "identify", "messageId": "m1", "timestamp": "2026-11-22T12:00:00Z", "anonymousId": "a1", "userId": "u1"}\n'


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Shell:
    """(exit code, output, errors); the output is no terminal."""

    def run(*arguments: object, given: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsysbinary.readouterr()
        return int(ended.value.code or 0), printed.out.decode(), printed.err.decode()

    return run


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "identity.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LOGIN)
    return path


def test_a_file_is_resolved_by_the_rules_of_a_file_or_of_a_brand(shell: Shell, rules: Path, log: Path) -> None:
    code, out, err = shell("identity", "resolve", "--rules", rules, log)

    assert (code, err) == (0, "")
    report = orjson.loads(out)
    assert list(report) == ["profiles", "demoted", "quarantined"]
    assert [each["identifiers"] for each in report["profiles"]] == [["user_id:u1", "anonymous_id:a1"]]
    assert shell("identity", "resolve", "--brand", rules.parent, log) == (code, out, err)
    assert shell("identity", "resolve", "--rules", rules, "-", given=LOGIN) == (code, out, err)


def test_a_brands_sources_say_how_national_numbers_are_read(shell: Shell, rules: Path, log: Path) -> None:
    (rules.parent / "sources.yaml").write_text("sources:\n  till: {kind: store, default_country: IT}\n")
    log.write_bytes(
        b'{"type": "page", "timestamp": "2026-11-22T12:00:00Z", "sourceName": "till", "context": {"traits": {"phone": "06 1234 5678"}}}'
    )

    (profile,) = orjson.loads(shell("identity", "resolve", "--brand", rules.parent, log)[1])["profiles"]
    assert profile["identifiers"] == ["phone:+390612345678"]
    code, _, err = shell("identity", "resolve", "--rules", rules, log)
    assert (code, "events.jsonl:1: no_usable_identifier" in err) == (1, True)


def test_bad_lines_end_it_with_their_numbers_unless_they_are_to_be_skipped(shell: Shell, rules: Path, log: Path) -> None:
    log.write_bytes(b"{\n" + LOGIN + b'{"type": "sale"}\n')
    code, out, err = shell("identity", "resolve", "--rules", rules, log)

    assert (code, out) == (1, "")
    assert "2 lines cannot be taken in" in err
    assert f"{log}:1: invalid_json: " in err
    assert f"{log}:3: unknown_type: type is none of " in err

    code, out, err = shell("identity", "resolve", "--rules", rules, log, "--skip-invalid")
    assert (code, err) == (0, "")
    assert [(each["line"], each["code"]) for each in orjson.loads(out)["rejected"]] == [(1, "invalid_json"), (3, "unknown_type")]


def test_of_thousands_of_bad_lines_the_first_are_told(shell: Shell, rules: Path, log: Path) -> None:
    log.write_bytes(b"{\n" * 3_000)
    _, _, err = shell("identity", "resolve", "--rules", rules, log)

    assert err.count("invalid_json") == 20
    assert "3,000 lines cannot" in err
    assert err.endswith("… and 2,980 more\n")


def test_what_is_left_out_is_told(shell: Shell, rules: Path, log: Path) -> None:
    log.write_bytes(LOGIN.replace(b'"userId"', b'"context": {"bot": true}, "userId"'))

    assert "Left out: 1 event of bots" in shell("identity", "resolve", "--rules", rules, log)[2]


def test_what_is_wrong_with_the_rules_or_the_files_is_told(shell: Shell, rules: Path, log: Path) -> None:
    def told(*arguments: object) -> str:
        code, out, err = shell("identity", "resolve", *arguments)
        assert (code, out) == (1, "")
        return err

    assert "either --rules FILE or --brand DIR" in told(log)
    assert "either --rules FILE or --brand DIR" in told("--rules", rules, "--brand", rules.parent, log)
    assert "missing.yaml cannot be read: No such file" in told("--rules", "missing.yaml", log)
    assert "missing.jsonl cannot be read: No such file" in told("--rules", rules, "missing.jsonl")
    rules.write_text(RULES.replace("priority: 2", "priority: 0"))
    assert "identity.yaml:3:" in told("--rules", rules, log)
    rules.write_text(RULES)
    (rules.parent / "sources.yaml").write_text("sources: {till: {kind: shop}}\n")
    assert "sources.yaml:1:" in told("--brand", rules.parent, log)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Puts items into the Events table of a stack."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        keys: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        kinds: Any = [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}]
        client.create_table(TableName="events", KeySchema=keys, AttributeDefinitions=kinds, BillingMode="PAY_PER_REQUEST")
        deployment = SimpleNamespace(dynamodb=client, output={"EventsTable": "events"}.__getitem__)
        monkeypatch.setattr(export, "find", lambda _: deployment)

        def put(*items: LogItem, **damage: Any) -> None:
            for each in items:
                attributes: Any = attributes_of(each, retention=timedelta(days=1))
                packed = {"b": {"B": b64decode(attributes["b"]["B"])}}
                client.put_item(TableName="events", Item=attributes | packed | damage)

        yield put


def exported(out: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in out.splitlines()]


def test_the_log_is_exported_a_message_a_line_and_resolved_from_there(shell: Shell, rules: Path, stored: Callable[..., None]) -> None:
    messages = track(message_id="m1"), identify(message_id="m2", minute=1, anonymousId="a1", userId="u1")
    stored(item(*messages, source="shop"), item(track(message_id="m3", minute=2, anonymousId="b1")))
    code, out, err = shell("events", "export")

    assert (code, err) == (0, "")
    lines = {each["messageId"]: each for each in exported(out)}
    assert lines.keys() == {"m1", "m2", "m3"}
    assert lines["m1"].items() >= {**messages[0], "source": "browser", "sourceName": "shop"}.items()
    report = orjson.loads(shell("identity", "resolve", "--rules", rules, "-", given=out.encode())[1])
    assert [each["events"] for each in report["profiles"]] == [["m1", "m2"], ["m3"]]


def test_a_stretch_of_time_is_exported_by_the_events_own_times(shell: Shell, stored: Callable[..., None]) -> None:
    stored(item(*(track(message_id=f"m{minute}", minute=minute) for minute in range(4))))

    out = shell("events", "export", "--since", "2026-11-22T12:01:00", "--until", "2026-11-22T12:03:00")[1]
    assert [each["messageId"] for each in exported(out)] == ["m1", "m2"]
    assert shell("events", "export", "--until", "2026-11-22")[1] == ""


def test_an_item_that_cannot_be_read_is_told_and_stops_nothing(shell: Shell, stored: Callable[..., None]) -> None:
    stored(a_log_item(), b={"B": b"nonsense"})
    stored(item(track(message_id="m1")))
    code, out, err = shell("events", "export")

    assert (code, [each["messageId"] for each in exported(out)]) == (1, ["m1"])
    assert "1 items of the log cannot be read" in err


def test_one_persons_events_come_from_their_timeline(shell: Shell, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = {"receivedAt": "2026-11-22T12:05:00.000Z", "source": "shop", "kind": "browser", "identifier": "user_id:u1"}
    page = {
        "type": "page",
        "event": "Home",
        "name": "Home",
        "messageId": "m1",
        "timestamp": "2026-11-22T12:00:00.000Z",
        "anonymousId": "a1",
    }
    order = {"type": "track", "event": "Order Completed", "messageId": "m2", "timestamp": "2026-11-22T12:01:00.000Z", "userId": "u1"}
    client = SimpleNamespace(events=lambda _: iter([{**order, **around}, {**page, **around}]))
    monkeypatch.setattr(export, "find", lambda _: None)
    monkeypatch.setattr(export, "connect", lambda _: client)
    out = shell("events", "export", "--profile", "user_id:u1")[1]

    kept = {"source": "browser", "sourceName": "shop", "receivedAt": around["receivedAt"]}
    assert exported(out) == [order | kept, {name: value for name, value in page.items() if name != "event"} | kept]
    assert shell("identity", "resolve", "--rules", rules, "-", given=out.encode())[0] == 0
    assert exported(shell("events", "export", "--profile", "user_id:u1", "--since", "2026-11-22T12:01:00")[1]) == [order | kept]


def test_the_documents_example_prints_what_it_says(shell: Shell, tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "concepts" / "identity-reference.md").read_text("utf-8")
    lines, printed = (page.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("jsonl", "json"))
    example = tmp_path / "events.jsonl"
    example.write_text(lines, "utf-8")

    assert len(lines.splitlines()) == 10
    assert orjson.loads(shell("identity", "resolve", "--brand", PROJECT / "brand", example)[1]) == orjson.loads(printed)
