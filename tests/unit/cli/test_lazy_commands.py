"""What a command loads: its own, and nothing that another needs. Each in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from cli.command_table import COMMANDS, loaded
from cli.local.home import PROJECT, Home, Ports, Run, Stack

HEAVY = ("aws_cdk", "boto3", "botocore", "duckdb", "playwright", "segment", "sqlglot")
AFTERWARDS = """
import sys
from cli.main import main
sys.argv = ["ariane", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    print("\\nENDED", ended.code)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def run(home: Path, *arguments: str) -> tuple[int, set[str], str]:
    """(exit code, top-level modules, errors)."""
    environment = {"ARIANE_HOME": str(home), "PYTHONPATH": f"{PROJECT}:{PROJECT / 'functions'}", "PATH": ""}
    command = [sys.executable, "-c", AFTERWARDS, *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    *_, ended, modules = done.stdout.splitlines()
    return int(ended.removeprefix("ENDED ").replace("None", "0")), set(modules.split()), done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Of a local run that no longer answers."""
    ports = Ports(emulator=1, collect=1, profile=1, outbox=1)
    home = Home(tmp_path)
    home.write_run(Run(ports=ports, time_scale=1.0, children=()))
    home.write_stack(Stack(collect_url=ports.collect_url, api_url=ports.api_url, write_keys={}, api_token="t", region="eu-west-3"))
    return home


def test_help_loads_no_command(tmp_path: Path) -> None:
    code, modules, _ = run(tmp_path, "--help")

    assert code == 0
    assert not modules & {*HEAVY, "httpx", "pydantic", "rich", "yaml"}


def test_check_loads_what_reads_a_brand(tmp_path: Path) -> None:
    code, modules, _ = run(tmp_path, "check")

    assert code == 0
    assert {"pydantic", "yaml"} <= modules
    assert not modules & set(HEAVY)


@pytest.mark.parametrize(
    "command",
    [("profile", "show", "user_id:u1"), ("messages", "user_id:u1"), ("segments", "list"), ("imports", "list"), ("rejects", "list")],
)
def test_looking_up_on_this_machine_loads_an_http_client(home: Home, command: tuple[str, ...]) -> None:
    code, modules, said = run(home.path, *command)

    assert (code, "does not answer" in said) == (1, True)
    assert "httpx" in modules
    assert not modules & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    found = loaded(name)

    assert found.name == name
    assert " ".join((found.help or "").replace("``", "`").split()).startswith(COMMANDS[name].help.removesuffix("."))


def test_a_misspelled_command_is_told_the_one_that_was_meant(tmp_path: Path) -> None:
    code, _, said = run(tmp_path, "segmets")

    assert code == 2
    assert "Did you mean 'segments'" in said
    assert orjson.loads(run(tmp_path, "segmets", "--json")[2])["error"]["code"] == "usage"
