"""The brand's folder, checked the way the deployment checks it."""

from collections.abc import Sequence
from pathlib import Path

from ariane.definitions.build import build
from ariane.definitions.problems import BrandInvalid, Problem
from cli.failures import CommandFailed
from infra.mjml import compile_mjml


def problems(brand: Path) -> Sequence[Problem]:
    """Every problem of every file; none when the brand can be published. Raises CommandFailed when there is no such folder."""
    if not brand.is_dir():
        raise CommandFailed(f"there is no folder {brand}")
    try:
        build(brand, compile_mjml=compile_mjml)
    except BrandInvalid as invalid:
        return invalid.problems
    return ()
