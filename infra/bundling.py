"""The Lambda code assets, made without Docker: locked dependencies for the target platform, our code, and .pyc files that count."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from infra.stage import Stage

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "functions"
REQUIREMENTS = ROOT / "requirements" / "lambda.txt"
COLLECT_REQUIREMENTS = ROOT / "requirements" / "collect.txt"
PYTHON = (3, 13)
LAMBDA_PLATFORM = "aarch64-manylinux_2_28"
# Lambda refuses 250 MB; cold starts suffer long before. What we ship is half of this: growth past it is a decision, not an accident.
LIMIT_MB = 60
BOTOCORE_SERVICES = frozenset({"dynamodb", "events", "s3", "sesv2", "sns", "sqs", "ssm"})
# The languages that a template may ask Babel to format numbers and dates in; all of them would be 32 MB.
BABEL_LANGUAGES = frozenset({"root", "de", "en", "es", "fr", "it", "nl", "pt"})


class AssetTooLarge(RuntimeError):
    """The bundle outgrew its limit; the message names the largest parts."""


class WrongPython(RuntimeError):
    """Compiled files of another minor version would be ignored at run time, silently."""


@jsii.implements(cdk.ILocalBundling)
class Bundler:
    """Fills an asset. It raises rather than let CDK fall back on Docker."""

    def __init__(self, *, requirements: Path, sources: Path, for_this_machine: bool, limit_mb: float = LIMIT_MB) -> None:
        self._requirements = requirements
        self._sources = sources
        self._for_this_machine = for_this_machine
        self._limit_mb = limit_mb

    def try_bundle(self, output_dir: str, options: cdk.BundlingOptions) -> bool:  # noqa: ARG002
        self.bundle(Path(output_dir))
        return True

    def bundle(self, output: Path) -> None:
        if sys.version_info[:2] != PYTHON:
            raise WrongPython(f"bundle with Python {PYTHON[0]}.{PYTHON[1]}, not {sys.version_info[0]}.{sys.version_info[1]}")
        self._install(output)
        for useless in list(_useless(output)):
            _remove(useless)
        shutil.copytree(self._sources, output, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        _compile(output)
        _weigh(output, self._limit_mb)

    def _install(self, output: Path) -> None:
        platform = [] if self._for_this_machine else ["--python-platform", LAMBDA_PLATFORM]
        version = f"{PYTHON[0]}.{PYTHON[1]}"
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(output), "-r", str(self._requirements)]
        _run([*install, "--require-hashes", "--no-deps", "--only-binary", ":all:", "--python-version", version, *platform])


def lambda_code(stage: Stage, *, requirements: Path = REQUIREMENTS) -> lambda_.Code:
    """One asset: pass the same object to every function that shares it."""
    # CDK knows an asset that it has staged by its options, and cannot see into the bundler: the environment tells two apart.
    named = {"REQUIREMENTS": requirements.name}
    bundler = Bundler(requirements=requirements, sources=SOURCES, for_this_machine=stage.on_this_machine)
    return lambda_.Code.from_asset(
        str(SOURCES),
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        exclude=["**/__pycache__", "**/*.pyc"],
        # The image is never pulled: the local bundler answers or raises.
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("none"), environment=named, local=cast(cdk.ILocalBundling, bundler)
        ),
    )


def _useless(output: Path) -> Iterator[Path]:
    yield from (output / name for name in (".lock", "bin"))
    yield from output.rglob("__pycache__")
    yield from (path for path in output.glob("*.dist-info/*") if path.name in {"RECORD", "INSTALLER", "REQUESTED"})
    data = output / "botocore" / "data"
    if data.is_dir():
        yield from (path for path in data.iterdir() if path.is_dir() and path.name not in BOTOCORE_SERVICES)
        yield from data.rglob("examples-1.json")
    locales = output / "babel" / "locale-data"
    if locales.is_dir():
        yield from (path for path in locales.glob("*.dat") if path.stem.split("_")[0] not in BABEL_LANGUAGES)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _compile(output: Path) -> None:
    """Unchecked: the CDK CLI dates every file to 1980, and Python recompiles at each cold start what looks older than its source."""
    places = ["-s", str(output), "-p", "/var/task"]
    mode = ["--invalidation-mode", "unchecked-hash"]
    # A fixed hash seed: the order of a set constant is written into the file, and so into the asset's hash.
    _run([sys.executable, "-m", "compileall", "-q", *mode, *places, str(output)], PYTHONHASHSEED="0")


def _weigh(output: Path, limit_mb: float) -> None:
    sizes = {part: _size(part) for part in output.iterdir()}
    total = sum(sizes.values()) / 1e6
    if total > limit_mb:
        largest = sorted(sizes, key=lambda part: sizes[part], reverse=True)[:5]
        named = ", ".join(f"{part.name} {sizes[part] / 1e6:.1f}" for part in largest)
        raise AssetTooLarge(f"the asset has {total:.1f} MB unzipped, over the {limit_mb} MB allowed; the largest: {named}")


def _size(part: Path) -> int:
    files = part.rglob("*") if part.is_dir() else (part,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _run(command: list[str], **environment: str) -> None:
    subprocess.run(command, check=True, env={**os.environ, **environment})
