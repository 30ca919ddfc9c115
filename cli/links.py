"""``ariane links``: click links that count and hand the visitor over to the site."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from ariane.adapters.aws.parameters import SsmParameters
from ariane.events.redirects import link_target
from cli.command_options import JsonOption, StageOption
from cli.deployment import Deployment, find
from cli.failures import CommandFailed
from cli.report import print_json

links = typer.Typer(help="Signed click links for advertisements and other people's pages.", no_args_is_help=True)


@links.callback()
def _links() -> None:
    """Signed click links for advertisements and other people's pages."""


@links.command("sign")
def sign(
    url: Annotated[str, typer.Argument(help="Where the link leads; put utm_* parameters into it.")],
    properties: Annotated[list[str] | None, typer.Option("--property", help="name=value for the click event; may be repeated.")] = None,
    days: Annotated[int, typer.Option(help="How long the link works.", min=1)] = 365,
    source: Annotated[str, typer.Option(help="The source that clicks are logged under.")] = "web",
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the address to use instead of URL."""
    deployment = find(stage)
    stack = deployment.local_stack
    public_url = stack.collect_url if stack else deployment.output("CollectUrl")
    address = signer(deployment, public_url=public_url, source=source, days=days)(url, _pairs(properties or []))
    if as_json:
        print_json({"url": address})
    else:
        print(address)


def signer(deployment: Deployment, *, public_url: str, source: str = "web", days: int = 365) -> Callable[[str, Mapping[str, Any]], str]:
    """(target, properties) -> address. The key is read once, from the deployment's parameter store."""
    key = SsmParameters(deployment.ssm).read(f"/ariane/{deployment.stage}/link-signing-key").encode()

    def sign_link(target: str, properties: Mapping[str, Any]) -> str:
        expires = datetime.now(UTC) + timedelta(days=days)
        return link_target(target, key=key, public_url=public_url, write_key_source=source, expires_at=expires, properties=properties)

    return sign_link


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in texts)
    if any("=" not in text for text in texts):
        raise CommandFailed("--property takes name=value")
    return pairs
