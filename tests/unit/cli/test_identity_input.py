"""What `ariane identity resolve` and `replay` say of files that are none: one error with its line, nothing on standard output."""

import gzip
import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import pytest

from cli.main import main
from tests.builders.profiles import identify

type Shell = Callable[..., tuple[int, str, str]]

RULES = """\
namespaces:
  user_id: {priority: 1, limit: 1, unique: true}
  email: {priority: 2, normalise: email}
"""
LINE = orjson.dumps(identify(message_id="m1", userId="u1", traits={"email": "a@x.fr"})) + b"\n"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Shell:
    """(exit code, output, errors)"""

    def run(*arguments: object, given: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", "identity", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsysbinary.readouterr()
        return int(ended.value.code or 0), printed.out.decode(), printed.err.decode()

    return run


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text(RULES)
    (tmp_path / "new.yaml").write_text(RULES)
    (tmp_path / "events.jsonl").write_bytes(LINE)
    return tmp_path


COMMANDS = {
    "resolve": ("resolve", "events.jsonl", "--rules", "new.yaml"),
    "replay": ("replay", "--dry-run", "--events", "events.jsonl", "--from", "old.yaml", "--rules", "new.yaml"),
}
EVENTS: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "events.jsonl:1: there is no event"),
    "blanks alone": (b"\n \n\n", "events.jsonl:1: there is no event"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "events.jsonl:3: the file is binary"),
    "binary after lines": (LINE + b"\0\1\2", "events.jsonl:2: the file is binary"),
    "packed": (gzip.compress(LINE, mtime=0), "events.jsonl:1: the file is binary, not one JSON object a line: gunzip -c"),
    "no UTF-8": (LINE + b'{"userId": "\xe9"}\n', "events.jsonl:2: invalid_json"),
    "a line of 5 MB": (LINE + b'{"userId":"' + b"x" * 5_000_000 + b'"}\n' + LINE, "events.jsonl:2: event_too_large"),
    "5 MB without an end": (LINE + b"x" * 5_000_000, "events.jsonl:2: event_too_large"),
    "a list": (b'[{"userId": "u1"}]\n', "events.jsonl:1: invalid_event"),
    "broken": (LINE + b'{"userId": \n', "events.jsonl:2: invalid_json: the line is not JSON: unexpected end"),
}
DOCUMENTS: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "new.yaml:1:1: "),
    "binary": (b"a: 1\nb: \xff\xfe\0", "new.yaml:2:4: cannot be read: the file is not UTF-8"),
    "a list": (b"- a\n- b\n", "new.yaml:1:1: must be keys with values"),
    "a key twice": (b"namespaces:\n  user_id: {priority: 1}\n  user_id: {priority: 2}\n", "new.yaml:3:3: namespaces.user_id: "),
    "no namespaces": (b"component_limit: 5\n", "new.yaml:1:1: namespaces: is required"),
    "empty namespaces": (b"namespaces: {}\n", "new.yaml:1:13: namespaces: must not be empty"),
    "one priority twice": (RULES.replace("priority: 2", "priority: 1").encode(), "new.yaml:3:21: namespaces.email.priority: "),
    "an unknown normaliser": (RULES.replace("normalise: email", "normalise: emial").encode(), "did you mean 'email'?"),
    "limit 0": (RULES.replace("limit: 1", "limit: 0").encode(), "new.yaml:2:33: namespaces.user_id.limit: must be at least 1"),
    "a pattern that matches everything": (RULES.encode() + b"blocked: {patterns: ['.*']}\n", "new.yaml:4:22: blocked.patterns[0]: "),
    "a tab": (b"namespaces:\n\temail: {}\n", "new.yaml:2:1: a tab"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", EVENTS)
def test_events_that_are_none_are_refused_with_their_line(shell: Shell, files: Path, command: str, case: str) -> None:
    content, says = EVENTS[case]
    (files / "events.jsonl").write_bytes(content)
    code, out, err = shell(*COMMANDS[command])
    assert (code, out) == (1, "")
    assert says in err
    assert err.count("events.jsonl:") == 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", DOCUMENTS)
def test_rules_that_are_none_are_refused_with_their_line(shell: Shell, files: Path, command: str, case: str) -> None:
    content, says = DOCUMENTS[case]
    (files / "new.yaml").write_bytes(content)
    code, out, err = shell(*COMMANDS[command])
    assert (code, out) == (1, "")
    assert says in err
    assert err.count("new.yaml:") == 1


def test_a_line_that_is_too_long_is_no_more_than_one_line(shell: Shell, files: Path) -> None:
    (files / "events.jsonl").write_bytes(LINE + b"x" * 5_000_000 + b"\n" + LINE.replace(b'"m1"', b'"m3"'))
    code, out, _ = shell("resolve", "events.jsonl", "--rules", "new.yaml", "--skip-invalid")
    found = orjson.loads(out)
    assert code == 0
    assert [each["line"] for each in found["rejected"]] == [2]
    assert sorted(found["profiles"][0]["events"]) == ["m1", "m3"]


def test_standard_input_without_an_event_is_refused(shell: Shell, files: Path) -> None:
    code, out, err = shell("resolve", "-", "--rules", "new.yaml", given=b"")
    assert (code, out) == (1, "")
    assert "standard input:1: there is no event" in err


def test_thirty_thousand_events_do_not_pass_in_silence(shell: Shell, files: Path) -> None:
    lines = (LINE.replace(b'"m1"', f'"m{number}"'.encode()) for number in range(30_000))
    (files / "events.jsonl").write_bytes(b"".join(lines))
    code, _, err = shell("resolve", "events.jsonl", "--rules", "new.yaml")
    assert code == 0
    assert "Working out who is one person" in err
