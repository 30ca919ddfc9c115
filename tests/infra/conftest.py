"""One synth per stage and process. The built-in template validation takes ten seconds: off here, on in test_gate."""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.node import use_bundled_node
from tests.infra.templates import ROOT, Synthesised, read

os.environ["CDK_VALIDATION"] = "false"
use_bundled_node()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for all of these (``--dist loadgroup``): each process that takes one starts Node and synthesises anew."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("infra"))


def context(**options: object) -> dict[str, object]:
    """cdk.json's, which a plain App does not read; no stack bundles its assets."""
    settings = json.loads((ROOT / "cdk.json").read_text())["context"]
    return {**settings, "aws:cdk:bundling-stacks": [], "aws:cdk:enable-path-metadata": True, **options}


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Synthesised]:
    import aws_cdk as cdk

    from infra.application import compose

    @cache
    def synth(stage: str) -> Synthesised:
        folder: Path = tmp_path_factory.mktemp(stage)
        app = cdk.App(context=context(stage=stage), outdir=str(folder))
        compose(app, root=ROOT)
        app.synth()
        return read(folder, stage)

    return synth


@pytest.fixture(scope="session")
def prod(synthesise: Callable[[str], Synthesised]) -> Synthesised:
    return synthesise("prod")


@pytest.fixture(scope="session")
def dev(synthesise: Callable[[str], Synthesised]) -> Synthesised:
    return synthesise("dev")


@pytest.fixture(scope="session")
def local(synthesise: Callable[[str], Synthesised]) -> Synthesised:
    return synthesise("local")
