"""The CDK app: two stacks per stage, and the gate over both."""

from pathlib import Path

import aws_cdk as cdk

from infra.brand import BrandStack
from infra.checks import guard
from infra.platform import PlatformStack
from infra.stage import stage_from_context


def compose(app: cdk.App, *, root: Path) -> tuple[PlatformStack, BrandStack]:
    """Reads the stage from the app's context. Raises StageRefused, or the definitions' problems, before anything is made."""
    stage = stage_from_context(app.node.try_get_context)
    platform = PlatformStack(app, f"Ariane-{stage.name}-Platform", stage=stage)
    brand = BrandStack(app, f"Ariane-{stage.name}-Brand", stage=stage, brand=root / str(app.node.try_get_context("brand") or "brand"))
    brand.add_stack_dependency(platform)
    cdk.Tags.of(app).add("ariane:stage", stage.name)
    guard(app)
    return platform, brand
