"""The API's imports and objects, and ``ariane import`` over them: through the API's own function, over memory."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import orjson
import pytest

from cli import imports as commands
from cli import objects as object_commands
from cli.main import main
from cli.profile_api import ProfileApi
from handlers.api import build
from tests.builders.imports import NOW, ImportWorld

MAPPING = {
    "source": "till",
    "rules": [
        {"when": [{"property": "kind", "equals": "stock"}], "object": "stock", "key": ["id"], "properties": {"n": "n"}},
        {
            "event": "Order Completed",
            "timestamp": "at",
            "identifiers": {"user_id": "id"},
            "properties": {"total": {"column": "n", "type": "number"}},
        },
    ],
}
FILE = {"name": "f.csv", "size": 10, "sha256": "a" * 64}
type Shell = Callable[..., tuple[int, str, str]]


class Unasked:
    def __getattr__(self, name: str) -> Any:
        return NOW if name == "clock" else self


class Api:
    def __init__(self) -> None:
        self.world = ImportWorld()
        self.scopes = "*"
        self._app = build(Unasked(), imports=lambda: self.world.desk)  # type: ignore[arg-type]

    def ask(self, method: str, path: str, body: bytes | None = None, query: dict[str, str] | None = None) -> tuple[int, Any]:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "queryStringParameters": query or {},
            "headers": {},
            "body": None if body is None else body.decode(),
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "authorizer": {"lambda": {"token": "crm", "scopes": self.scopes}},
            },
        }
        answer = self._app.resolve(event, Unasked())  # type: ignore[arg-type]
        return int(answer["statusCode"]), orjson.loads(answer["body"])

    def served(self, request: httpx.Request) -> httpx.Response:
        """The API, and the bucket: a file that arrives is taken in at once."""
        if request.url.host == "files.example":
            return self._bucket(request)
        status, body = self.ask(request.method, unquote(request.url.path), request.read() or None, dict(request.url.params))
        return httpx.Response(status, json=body)

    def _bucket(self, request: httpx.Request) -> httpx.Response:
        identity, _, is_report = request.url.path[1:].partition("/")
        if is_report:
            return httpx.Response(200, content=self.world.reports.published[identity])
        self.world.uploads.files[identity] = request.read()
        self.world.run(identity)
        return httpx.Response(200)


@pytest.fixture
def api() -> Api:
    return Api()


def begun(api: Api, **changes: Any) -> tuple[int, Any]:
    return api.ask("POST", "/v1/imports", orjson.dumps({"mapping": MAPPING, "file": FILE, **changes}))


def test_a_begun_import_says_where_its_file_goes(api: Api) -> None:
    status, made = begun(api)

    assert status == 200
    assert made["state"] == "awaiting_upload"
    assert made["by"] == "crm"
    assert made["upload"]["headers"] == {"content-length": "10"}
    assert api.ask("GET", f"/v1/imports/{made['id']}")[1]["progress"]["lines"] == 0
    assert [each["id"] for each in api.ask("GET", "/v1/imports")[1]["data"]] == [made["id"]]
    assert begun(api)[1]["id"] == made["id"]


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"mapping": {"source": "till"}}, "invalid_mapping", "rules"),
        ({"mapping": {**MAPPING, "source": "backend"}}, "source_unknown", "backend"),
        ({"mapping": {**MAPPING, "source": "nosuch"}}, "source_unknown", "nosuch"),
        ({"file": None}, "invalid_import", "file"),
        ({"file": {**FILE, "size": 0}}, "empty_file", "size"),
        ({"file": {**FILE, "size": 6 * 1024**3}}, "file_too_large", "size"),
        *(({"file": {**FILE, "size": size}}, "invalid_import", "size") for size in ("10", 1.5, True, None, -1)),
        ({"file": {**FILE, "sha256": "x"}}, "invalid_import", "sha256"),
        ({"file": {**FILE, "name": ""}}, "invalid_import", "name"),
        ({"as_of": "yesterday"}, "invalid_import", "as_of"),
    ],
)
def test_what_is_wrong_with_a_request_is_named(api: Api, changes: dict[str, Any], code: str, word: str) -> None:
    status, told = begun(api, **changes)
    assert (status, told["code"]) == (400, code)
    assert word in told["message"]
    assert api.ask("GET", "/v1/imports")[1]["data"] == []


def test_scopes_are_asked_for(api: Api) -> None:
    api.scopes = "imports:read"
    assert begun(api)[0] == 403
    assert api.ask("GET", "/v1/imports")[0] == 200
    api.scopes = "imports:write"
    assert begun(api)[0] == 200
    for path in ("/v1/imports", "/v1/imports/x", "/v1/imports/x/rejects", "/v1/objects/stock", "/v1/objects/stock/k"):
        assert api.ask("GET", path)[0] == 403


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/imports/imp_nosuch", 404, "import_not_found"),
        ("/v1/imports/imp_nosuch/rejects", 404, "import_not_found"),
        ("/v1/objects/stock/nosuch", 404, "object_not_found"),
    ],
)
def test_what_is_not_there_is_said(api: Api, path: str, status: int, code: str) -> None:
    answered, told = api.ask("GET", path)
    assert (answered, told["code"]) == (status, code)


def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    assert api.ask("POST", "/v1/imports", b"{")[1]["code"] == "invalid_json"
    assert api.ask("POST", "/v1/imports", b"[]")[1]["code"] == "invalid_import"


@pytest.fixture
def shell(api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """(exit code, output, errors)."""
    transport = httpx.MockTransport(api.served)
    client = ProfileApi("https://api.shop.example", "tok_secret")
    client._http = httpx.Client(base_url="https://api.shop.example", transport=transport)
    for module in (commands, object_commands):
        monkeypatch.setattr(module, "find", lambda _: None)
        monkeypatch.setattr(module, "connect", lambda _: client)
    plain = httpx.Client(transport=transport)
    monkeypatch.setattr(httpx, "put", plain.put)
    monkeypatch.setattr(httpx, "stream", plain.stream)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_bytes(orjson.dumps(MAPPING))
    (tmp_path / "f.csv").write_text("kind,id,at,n\norder,u1,2026-01-01,5\norder,u1,soon,5\nstock,sku,,3\n")
    return tmp_path


def test_the_command_uploads_waits_and_leaves_the_refused_lines(files: Path, shell: Shell, api: Api) -> None:
    code, out, _ = shell("import", str(files / "f.csv"), "--mapping", str(files / "m.yaml"))

    assert code == 1
    assert "3 lines, 2 accepted, 1 rejected" in out
    report = files / "f.csv.rejected"
    assert report.read_text().splitlines()[1].endswith(",order,u1,soon,5")
    assert len(api.world.messages()) == 1

    report.write_text(report.read_text().replace("soon", "2026-01-02"))
    code, out, _ = shell("import", str(report), "--mapping", str(files / "m.yaml"))
    assert code == 0
    assert len(api.world.messages()) == 2


def test_refused_lines_may_be_allowed(files: Path, shell: Shell) -> None:
    assert shell("import", str(files / "f.csv"), "-m", str(files / "m.yaml"), "--allow-rejects")[0] == 0


def test_a_failed_import_says_why(files: Path, shell: Shell) -> None:
    (files / "f.csv").write_text("id,id\n1,2\n")
    code, _, said = shell("import", str(files / "f.csv"), "-m", str(files / "m.yaml"))
    assert code == 1
    assert "duplicate_header" in said


def test_a_mapping_that_is_wrong_is_said_by_its_line_before_anything_is_sent(files: Path, shell: Shell, api: Api) -> None:
    (files / "m.yaml").write_text("source: till\nrules:\n  - event: E\n    timstamp: at\n")
    code, _, said = shell("import", str(files / "f.csv"), "-m", str(files / "m.yaml"))
    assert code == 1
    assert "m.yaml:4:5: rules[0].timstamp: is not a known key here; did you mean 'timestamp'?" in said
    assert api.world.imports.all() == []


def test_a_dry_run_needs_no_stack_and_shows_what_lines_become(files: Path, shell: Shell, api: Api) -> None:
    code, out, said = shell("import", str(files / "f.csv"), "-m", str(files / "m.yaml"), "--dry-run", "3", "--brand", str(files))
    lines = [orjson.loads(line) for line in out.splitlines()]
    assert code == 0
    assert lines[0]["event"]["properties"] == {"total": 5}
    assert lines[1]["code"] == "not_a_time"
    assert (lines[2]["object"], lines[2]["key"]) == ("stock", "sku")
    assert "is not looked at" in " ".join(said.split())
    assert api.world.imports.all() == []


def test_imports_and_objects_are_listed_and_shown(files: Path, shell: Shell) -> None:
    assert "Nothing was imported yet" in shell("imports", "list")[1]
    shell("import", str(files / "f.csv"), "-m", str(files / "m.yaml"))
    (listed,) = orjson.loads(shell("imports", "list", "--json")[1])
    assert listed["state"] == "done"
    assert "1 rejected" in shell("imports", "show", listed["id"])[1]
    assert shell("imports", "rejects", listed["id"], "--into", str(files / "again.csv"))[0] == 0
    assert (files / "again.csv").read_bytes() == (files / "f.csv.rejected").read_bytes()
    assert "sku" in shell("objects", "list", "stock")[1]
    assert orjson.loads(shell("objects", "show", "stock", "sku")[1])["properties"] == {"n": "3"}
    assert "There are no products" in shell("objects", "list", "products")[1]
