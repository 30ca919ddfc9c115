"""``ariane identity``: who is one person, and what vouches for it."""

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ariane.adapters.aws.parameters import SsmParameters
from ariane.identity.signatures import signature
from ariane.instants import format_instant
from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.event_files import read_events, refuse, rules_of
from cli.failures import CommandFailed
from cli.identity_replay import replay
from cli.report import counted, err, print_json

identity = typer.Typer(help="Who is one person, and what vouches for it.", no_args_is_help=True)

_VALID = re.compile(r"(\d{1,5}) ?([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=365)
_MANY_LINES = 20_000
"""From there on it takes some seconds after the last line is read."""


@identity.callback()
def _identity() -> None:
    """Who is one person, and what vouches for it."""


identity.command("replay")(replay)


@identity.command("sign")
def sign(
    user_id: Annotated[str, typer.Option(help="Who is logged in: userId of the events.")],
    anonymous_id: Annotated[
        str, typer.Option(help="anonymousId of the events. Without one, events that have one are not vouched for.")
    ] = "",
    valid: Annotated[str, typer.Option(help="How long: a number and s, m, h or d.")] = "1h",
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a context.signature that vouches for the ids, as your backend would make it."""
    expires_at = datetime.now(UTC) + _duration(valid)
    deployment = find(stage)
    key = SsmParameters(deployment.ssm).read(f"/ariane/{deployment.stage}/identity-signing-key").encode()
    try:
        signed = signature(key, user_id=user_id, anonymous_id=anonymous_id, expires_at=expires_at)
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    if as_json:
        print_json({"signature": signed, "expires_at": format_instant(expires_at)})
    else:
        print(signed)


@identity.command("resolve")
def resolve(
    events: Annotated[Path, typer.Argument(metavar="EVENTS.jsonl", help="A Segment message a line; - reads standard input.")],
    rules: Annotated[Path | None, typer.Option(metavar="R.yaml", help="Identity rules.")] = None,
    brand: Annotated[Path | None, typer.Option(metavar="DIR", help="The rules of this brand's folder instead.")] = None,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Leave bad lines out and list them under rejected.")] = False,
) -> None:
    """Who is one person in a file of events, by the reference, as JSON. Needs no stack."""
    found = read_events(events, rules_of(rules, brand))
    if found.rejected and not skip_invalid:
        refuse(events, found.rejected)
    if found.left_out:
        err.print(f"Left out: {counted(found.left_out, 'event')} of bots, or aliases of an id to itself.")
    if found.lines >= _MANY_LINES:
        err.print("Working out who is one person …")
    rejected = {"rejected": [asdict(each) for each in found.rejected]} if skip_invalid else {}
    print_json({**found.report(), **rejected})


def _duration(text: str) -> timedelta:
    found = _VALID.fullmatch(text.strip())
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < duration <= _LONGEST:
        raise CommandFailed("--valid takes a number and a unit, such as 30m, 1h or 7d, of a year at most")
    return duration
