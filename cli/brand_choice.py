"""Which brand's definitions a command means: one rule for all of them."""

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
BrandOfFileOption = Annotated[
    Path | None,
    typer.Option(
        "--brand",
        metavar="DIR",
        help="The folder of the brand's definitions. Unless said the brand that the file is part of, else ./brand, else the project's.",
    ),
]
_MARKS = ("ariane.yaml", "identity.yaml")


def chosen(given: Path | None, *, file: Path | None = None) -> Path:
    """``given``, else the brand that ``file`` is part of, else the brand where one stands, else the project's own."""
    if given is not None:
        return given
    around = _around(file) if file is not None else None
    here = Path("brand")
    return around or (here if here.is_dir() else PROJECT / "brand")


def shown(folder: Path) -> str:
    """As one may type it where one stands, told as a folder."""
    absolute, here = folder.resolve(), Path.cwd()
    return f"{absolute.relative_to(here) if absolute != here and absolute.is_relative_to(here) else folder}/"


def _around(file: Path) -> Path | None:
    return next((each for each in file.resolve().parents if any((each / mark).is_file() for mark in _MARKS)), None)
