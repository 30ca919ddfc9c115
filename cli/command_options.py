"""The ``--stage`` option of every command that talks to a deployment."""

from typing import Annotated

import typer

StageOption = Annotated[
    str | None,
    typer.Option(
        "--stage", envvar="ARIANE_STAGE", help="A stage deployed to AWS, reached with your own credentials. Without it: the local run."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
