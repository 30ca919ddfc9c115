"""Which brand's definitions a command means."""

from pathlib import Path
from typing import Annotated

import typer

from cli.local.home import PROJECT

BrandOption = Annotated[
    Path | None,
    typer.Option(
        "--brand", metavar="DIR", help="The folder of the brand's definitions. Unless said ./brand, or the project's where there is none."
    ),
]


def chosen(given: Path | None) -> Path:
    """``given``, else the brand where one stands, else the project's own."""
    if given is not None:
        return given
    here = Path("brand")
    return here if here.is_dir() else PROJECT / "brand"


def shown(folder: Path) -> str:
    """As one may type it where one stands, told as a folder."""
    absolute, here = folder.resolve(), Path.cwd()
    return f"{absolute.relative_to(here) if absolute != here and absolute.is_relative_to(here) else folder}/"
