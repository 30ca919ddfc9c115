"""``ariane publish``: the brand's definitions, from file to running version."""

import os
from dataclasses import asdict
from pathlib import Path

from ariane.definitions.problems import BrandInvalid
from cli import cdk
from cli.brand_choice import BrandOption, chosen, shown
from cli.brand_files import checked
from cli.command_options import JsonOption, StageOption
from cli.deployment import Deployment, find
from cli.local import templates
from cli.local.home import default_home
from cli.local.options import Options
from cli.published_segments import SegmentChanges, published_profiles
from cli.report import Progress, err, out, print_json


def publish(stage: StageOption = None, brand: BrandOption = None, as_json: JsonOption = False) -> None:
    """Publish the definitions as new versions: deploys the brand stack alone, touches no function. Warnings stop nothing."""
    folder = chosen(brand)
    deployment = find(stage)
    changes = published(deployment, folder)
    if as_json:
        print_json({"stage": deployment.stage, "brand": str(folder), "segments": asdict(changes)})
        return
    for sentence in changes.sentences():
        out.print(sentence, markup=False, soft_wrap=True)


def published(deployment: Deployment, folder: Path) -> SegmentChanges:
    """What it changed of the segments. Raises BrandInvalid, and CommandFailed where the deployment fails."""
    found = checked(folder)
    if found.errors:
        raise BrandInvalid(found.errors)
    for warning in found.warnings:
        err.print(str(warning), markup=False, soft_wrap=True)
    err.print(found.sentence(), markup=False, soft_wrap=True)
    before = published_profiles(deployment)
    _deploy(deployment, folder)
    return SegmentChanges.between(before, published_profiles(deployment))


def _deploy(deployment: Deployment, brand: Path) -> None:
    progress, home = Progress(), default_home()
    with progress.step(f"Publishing {shown(brand)} to stage {deployment.stage}"):
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
