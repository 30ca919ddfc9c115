"""Dependencies point inwards: handlers -> wiring -> the product <- adapters."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
PRODUCT = FUNCTIONS / "ariane"
OUTSIDE = ("boto3", "botocore", "aws_lambda_powertools", "aws_cdk")
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not _is_for_types_only(path, node):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_for_types_only(path: Path, node: ast.ImportFrom) -> bool:
    return bool(node.module and node.module.startswith("mypy_boto3_") and "adapters" not in path.parts and "wiring" not in path.parts)


def part_of(path: Path) -> str:
    relative = path.relative_to(FUNCTIONS)
    if relative.parts[0] == "handlers":
        return "handlers"
    return relative.parts[1] if len(relative.parts) > 2 and relative.parts[1] in ("adapters", "wiring") else "product"


def modules(part: str) -> list[Path]:
    found = [path for path in FUNCTIONS.rglob("*.py") if part_of(path) == part]
    assert found, f"no module of {part} found: the test looks in the wrong place"
    return found


def test_the_product_knows_neither_aws_nor_the_environment_nor_its_adapters() -> None:
    for path in modules("product"):
        for name in imports_of(path):
            assert not name.startswith(OUTSIDE), f"{path} imports {name}"
            assert not name.startswith(("ariane.adapters", "ariane.wiring", "handlers", "infra", "cli")), f"{path} imports {name}"
        assert "os.environ" not in path.read_text("utf-8"), f"{path} reads the environment"


def test_adapters_import_no_wiring_and_no_handlers() -> None:
    for path in modules("adapters"):
        assert not [name for name in imports_of(path) if name.startswith(("ariane.wiring", "handlers", "infra", "cli"))], path


def test_handlers_reach_adapters_only_through_wiring() -> None:
    for path in modules("handlers"):
        assert not [name for name in imports_of(path) if name.startswith(("ariane.adapters", "boto3", "botocore", "infra", "cli"))], path


def test_memory_adapters_need_no_aws_library() -> None:
    for path in (PRODUCT / "adapters" / "memory").rglob("*.py"):
        assert not [name for name in imports_of(path) if name.startswith(OUTSIDE)], path


def test_wiring_of_collect_stays_slim() -> None:
    """Cold start: the collector answers people's browsers, so what it imports is counted."""
    for path in _modules_of_collect():
        for name in imports_of(path):
            assert not name.startswith(("boto3", "botocore", "pydantic", "aws_lambda_powertools")), f"{path} imports {name}"


def _modules_of_collect() -> set[Path]:
    seen: set[Path] = set()
    todo = [FUNCTIONS / "handlers" / "collect.py"]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [file for name in imports_of(path) for file in _files_of(name) if file.exists()]
    assert len(seen) > 5, "the walk found next to nothing"
    return seen


def _files_of(name: str) -> list[Path]:
    base = FUNCTIONS.joinpath(*name.split("."))
    return [base.with_suffix(".py"), base / "__init__.py"]


@pytest.mark.parametrize("root", ["functions", "infra", "cli", "tests"])
def test_no_folder_or_module_is_a_junk_drawer(root: str) -> None:
    top = Path(__file__).parents[2] / root
    names = {path.stem for path in top.rglob("*.py")} | {path.name for path in top.rglob("*") if path.is_dir()}
    assert not names & FORBIDDEN_NAMES


@pytest.mark.parametrize("root", ["functions", "infra", "cli"])
def test_files_and_functions_stay_short(root: str) -> None:
    for path in (Path(__file__).parents[2] / root).rglob("*.py"):
        source = path.read_text("utf-8")
        assert source.count("\n") <= 300, f"{path} has {source.count(chr(10))} lines"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                assert node.end_lineno - node.lineno < 40, f"{path}:{node.lineno} {node.name} is too long"


def test_every_adapter_of_aws_has_its_twin_in_memory() -> None:
    """What implements no port has none: the parts that adapters share, and what only CloudFormation calls."""
    shared_parts = {
        "access_rows",
        "at_a_time",
        "queue_batches",
        "batch_get",
        "custom_resource",
        "errors",
        "event_items",
        "provider_errors",
        "reject_items",
        "secrets",
        "signature",
        "signed_bucket",
        "signed_client",
        "table_scan",
    }

    def names(kind: str) -> set[str]:
        return {path.stem for path in (PRODUCT / "adapters" / kind).glob("*.py")} - {"__init__"}

    assert names("aws") - shared_parts <= names("memory")


READ_BY_THE_STANDARD_LIBRARY = {"tzdata"}
"""Time zones: Lambda's own image need not have them."""
ONLY_WHERE_FILES_ARE_CHECKED = {f"ariane/definitions/{name}.py": {"pyyaml"} for name in ("yaml_source", "wording")}
"""Another test holds that no function imports them."""
FOR_TYPES = ("mypy_boto3_", "_typeshed")


def required(name: str) -> set[str]:
    """The direct requirements of ``requirements/{name}.in``, as pip spells them."""
    lines = (FUNCTIONS.parent / "requirements" / f"{name}.in").read_text("utf-8").splitlines()
    return {spelled(re.split(r"[\[<>=~; ]", line)[0]) for line in lines if line and line[0] not in "#-"}


def spelled(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


@cache
def _known() -> Mapping[str, list[str]]:
    """Reads every installed package: half a second."""
    return packages_distributions()


def distributions_of(path: Path) -> set[str]:
    """What a module imports of other people's, as distributions."""
    names = {name.partition(".")[0] for name in imports_of(path)}
    foreign = {name for name in names if name not in sys.stdlib_module_names and not name.startswith((*FOR_TYPES, "ariane", "handlers"))}
    known = _known()
    return {spelled(known[name][0]) if name in known else name for name in foreign}


def test_what_the_functions_import_is_required_by_name() -> None:
    """A package that only comes along with another one goes when that one no longer needs it."""
    required_by_name = required("lambda")
    for path in FUNCTIONS.rglob("*.py"):
        allowed = required_by_name | ONLY_WHERE_FILES_ARE_CHECKED.get(path.relative_to(FUNCTIONS).as_posix(), set())
        assert distributions_of(path) <= allowed, f"{path} imports {distributions_of(path) - allowed}"


def test_what_is_required_by_name_is_imported() -> None:
    imported = {name for path in FUNCTIONS.rglob("*.py") for name in distributions_of(path)}

    assert required("lambda") - READ_BY_THE_STANDARD_LIBRARY <= imported
    assert required("collect") <= imported


def test_what_collect_imports_is_in_its_small_lock() -> None:
    lock = (FUNCTIONS.parent / "requirements" / "collect.txt").read_text("utf-8")
    locked = {spelled(name) for name in re.findall(r"^([A-Za-z0-9_.\-]+)==", lock, re.MULTILINE)}
    for path in _modules_of_collect():
        assert distributions_of(path) <= locked, f"{path} imports {distributions_of(path) - locked}"
