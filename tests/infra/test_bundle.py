"""The code asset, really built for this machine; synths in the other tests skip it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ariane.settings import HANDLERS
from infra import bundling
from infra.bundling import AssetTooLarge, Bundler, WrongPython
from tests.infra.templates import ROOT, Synthesised

UNCHECKED_HASH = 0b01


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("asset")
    Bundler(requirements=bundling.REQUIREMENTS, sources=bundling.SOURCES, for_this_machine=True).bundle(output)
    return output


@pytest.fixture(scope="module")
def collect_asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("collect")
    Bundler(requirements=bundling.COLLECT_REQUIREMENTS, sources=bundling.SOURCES, for_this_machine=True).bundle(output)
    return output


def run_alone(asset: Path, program: str) -> subprocess.CompletedProcess[str]:
    """With the standard library and the asset, without this environment's packages."""
    alone = f"import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p] + [{str(asset)!r}]"
    return subprocess.run([sys.executable, "-I", "-S", "-c", f"{alone}; {program}"], capture_output=True, text=True, check=False)


def empty(tmp_path: Path, *, sources: dict[str, str], limit_mb: float) -> Bundler:
    """A bundler without dependencies."""
    folder = tmp_path / "sources"
    folder.mkdir()
    for name, text in sources.items():
        (folder / name).write_text(text)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    return Bundler(requirements=requirements, sources=folder, for_this_machine=True, limit_mb=limit_mb)


@pytest.mark.parametrize("name", sorted(HANDLERS.keys() - {"collect"}))
def test_every_handler_imports_from_the_asset_alone(asset: Path, name: str) -> None:
    done = run_alone(asset, f"import handlers.{name} as module; module.handler")
    assert done.returncode == 0, done.stderr


def test_collect_imports_from_its_small_asset_alone(collect_asset: Path) -> None:
    done = run_alone(collect_asset, "import handlers.collect as module; module.handler; import ariane.wiring.collect")
    assert done.returncode == 0, done.stderr


def test_what_collect_imports_late_is_in_its_small_asset(collect_asset: Path) -> None:
    # The rules of telephone numbers, of international domains and of bots are read when the first comes, not at the cold start.
    assert (collect_asset / "phonenumbers").is_dir()
    email = "from ariane.identity.normalising import _email; assert _email('jeanne@société.fr') == 'jeanne@xn--socit-esab.fr'"
    bots = "from ariane.events.bots import is_bot; assert is_bot('Googlebot/2.1')"
    done = run_alone(collect_asset, f"{email}; {bots}")
    assert done.returncode == 0, done.stderr
    assert not (collect_asset / "boto3").exists()


def test_compiled_files_are_trusted_without_a_look_at_the_source(asset: Path) -> None:
    compiled = list(asset.rglob("*.pyc"))
    assert len(compiled) > 100
    assert {int.from_bytes(file.read_bytes()[4:8], "little") for file in compiled} == {UNCHECKED_HASH}


def test_every_module_is_compiled_for_the_runtimes_minor_version(asset: Path) -> None:
    for module in (asset / "ariane" / "settings.py", asset / "orjson" / "__init__.py", asset / "boto3" / "session.py"):
        assert (module.parent / "__pycache__" / f"{module.stem}.cpython-313.pyc").exists()


def test_compiled_files_name_lambdas_paths_not_this_machines(asset: Path) -> None:
    compiled = (asset / "ariane" / "__pycache__" / "settings.cpython-313.pyc").read_bytes()
    assert b"/var/task/ariane/settings.py" in compiled
    assert str(asset).encode() not in compiled


def test_only_the_services_that_we_call_are_shipped(asset: Path) -> None:
    shipped = {path.name for path in (asset / "botocore" / "data").iterdir() if path.is_dir()}
    assert shipped == bundling.BOTOCORE_SERVICES


def test_tests_and_tools_stay_at_home(asset: Path) -> None:
    assert not (asset / "bin").exists()
    assert not (asset / ".lock").exists()
    assert not (asset / "tests").exists()


def test_an_asset_over_the_limit_is_refused_by_its_largest_parts(tmp_path: Path) -> None:
    bundler = empty(tmp_path, sources={"big.py": "# " + "x" * 2_000_000}, limit_mb=1)
    with pytest.raises(AssetTooLarge, match=r"2\.0 MB unzipped, over the 1 MB allowed; the largest: big\.py 2\.0"):
        bundler.bundle(tmp_path / "out")


def test_an_asset_under_the_limit_passes(tmp_path: Path) -> None:
    empty(tmp_path, sources={"small.py": "x = 1\n"}, limit_mb=1).bundle(tmp_path / "out")
    assert (tmp_path / "out" / "small.py").exists()


def test_another_python_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "PYTHON", (3, 14))
    with pytest.raises(WrongPython, match=r"3\.14, not 3\.13"):
        empty(tmp_path, sources={}, limit_mb=1).bundle(tmp_path / "out")


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    bundler = empty(tmp_path, sources={"names.py": "NAMES = {'a', 'b', 'c'}\nKNOWN = 'a' in {'x', 'y', 'z'}\n"}, limit_mb=1)
    contents = []
    for output in (tmp_path / "first", tmp_path / "second"):
        bundler.bundle(output)
        contents.append({str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]


def test_assertion_tests_skip_the_bundling(prod: Synthesised) -> None:
    assets = json.loads((prod.folder / "Ariane-prod-Platform.assets.json").read_text())["files"].values()
    folders = [
        ROOT / "functions" if not (prod.folder / item["source"]["path"]).exists() else prod.folder / item["source"]["path"]
        for item in assets
    ]
    assert not any((folder / "botocore").exists() for folder in folders)
