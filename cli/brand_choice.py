"""Which brand's definitions a command means."""

from pathlib import Path
from typing import Annotated

import typer

from cli.local.home import PROJECT

BrandOption = Annotated[
    Path | None, typer.Option(help="The folder of the brand's definitions; unless said ./brand, or the project's where there is none.")
]


def chosen(given: Path | None) -> Path:
    """``given``, else the brand where one stands, else the project's own."""
    if given is not None:
        return given
    here = Path("brand")
    return here if here.is_dir() else PROJECT / "brand"
