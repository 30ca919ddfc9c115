"""``ariane front``: what a site's own CDN is told, so that it may serve the collectors under a path of the site."""

import typer

from ariane.adapters.aws.parameters import SsmParameters
from ariane.events.front import PROOF_HEADER, front_proof
from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.report import print_json

front = typer.Typer(help="Collection behind another CDN than Ariane's own front.", no_args_is_help=True)


@front.callback()
def _front() -> None:
    """Collection behind another CDN than Ariane's own front."""


@front.command("header")
def header(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Print the header that a front sends to the collectors' API, so that the visitor's address which it names is believed.

    Keep it as you keep a password: whoever has it can name any address.
    """
    deployment = find(stage)
    proof = front_proof(SsmParameters(deployment.ssm).read(f"/ariane/{deployment.stage}/link-signing-key").encode())
    if as_json:
        print_json({PROOF_HEADER: proof})
    else:
        print(f"{PROOF_HEADER}: {proof}")
