"""``ariane check`` and ``ariane publish``: the brand's definitions, from file to running version."""

import os
from collections.abc import Sequence
from pathlib import Path

import typer

from ariane.definitions.problems import BrandInvalid, Problem
from cli import cdk
from cli.brand_choice import BrandOption, chosen
from cli.command_options import JsonOption, StageOption
from cli.deployment import Deployment, find
from cli.local import templates
from cli.local.home import default_home
from cli.local.options import Options
from cli.published_segments import SegmentChanges, published_profiles
from cli.report import Progress, out, print_json


def check(brand: BrandOption = None, as_json: JsonOption = False) -> None:
    """Validate the definitions; every problem with its file and line. Exit code 1 if there is one."""
    folder = chosen(brand)
    problems = _problems(folder)
    if as_json:
        print_json([problem.as_json() for problem in problems])
    else:
        for problem in problems:
            print(problem)
        said = f"{len(problems)} problem(s)" if problems else f"No problem in {folder}."
        out.print(said, markup=False, highlight=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)


def publish(stage: StageOption = None, brand: BrandOption = None) -> None:
    """Publish the definitions as new versions: deploys the brand stack alone, touches no function."""
    folder = chosen(brand)
    problems = _problems(folder)
    if problems:
        raise BrandInvalid(problems)
    deployment = find(stage)
    before = published_profiles(deployment)
    _deploy(deployment, folder)
    for sentence in SegmentChanges.between(before, published_profiles(deployment)).sentences():
        out.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _deploy(deployment: Deployment, brand: Path) -> None:
    progress, home = Progress(), default_home()
    with progress.step(f"Publishing {brand.name} to stage {deployment.stage}"):
        if deployment.home is not None and (run := home.run()) is not None:
            templates.publish(home, options=Options(brand=brand.resolve(), time_scale=run.time_scale), ports=run.ports)
            return
        cdk.run(
            [
                "deploy",
                f"Ariane-{deployment.stage}-Brand",
                "--exclusively",
                "-c",
                f"stage={deployment.stage}",
                "-c",
                f"brand={brand.resolve()}",
            ],
            environment=dict(os.environ),
            log=home.log("publish"),
            what="cdk deploy",
        )


def _problems(brand: Path) -> Sequence[Problem]:
    # Half a second to import, which every other command would pay for.
    from cli import brand_files

    return brand_files.problems(brand)
