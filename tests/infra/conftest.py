"""One synth per stage and process. The built-in template validation takes ten seconds: off here, on in test_gate."""

import json
import os
from pathlib import Path
from typing import Protocol

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


class Synthesise(Protocol):
    def __call__(self, stage: str, **options: object) -> Synthesised:
        """The stage's templates, with these options over its preset; each combination once a session."""
        ...


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    import aws_cdk as cdk

    from infra.application import compose

    made: dict[str, Synthesised] = {}

    def synth(stage: str, **options: object) -> Synthesised:
        name = json.dumps([stage, options], sort_keys=True)
        if name not in made:
            folder = tmp_path_factory.mktemp(stage)
            app = cdk.App(context=context(stage=stage, **options), outdir=str(folder))
            compose(app, root=ROOT)
            app.synth()
            made[name] = read(folder, stage)
        return made[name]

    return synth


@pytest.fixture(scope="session")
def prod(synthesise: Synthesise) -> Synthesised:
    return synthesise("prod")


@pytest.fixture(scope="session")
def dev(synthesise: Synthesise) -> Synthesised:
    return synthesise("dev")


@pytest.fixture(scope="session")
def local(synthesise: Synthesise) -> Synthesised:
    return synthesise("local")
