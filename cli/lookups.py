"""``ariane profile``, ``messages``, ``mailbox``: looking things up, through the public API."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli import mailbox as mailboxes
from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.identity_operations import add_commands
from cli.local.home import default_home
from cli.profile_api import connect
from cli.report import out, print_json, print_table

profile = typer.Typer(help="Look a person up by any identifier, find out why, put it right.", no_args_is_help=True)
Identifier = Annotated[str, typer.Argument(metavar="NAMESPACE:VALUE", help="For example email:jeanne@example.fr or user_id:u42.")]


@profile.command("show")
def show(identifier: Identifier, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Who it is: identifiers, traits, consents."""
    found = connect(find(stage)).profile(identifier)
    if as_json:
        print_json(found)
        return
    rows = [{"what": "id", "value": found["id"]}]
    rows += [{"what": f"identifier {each['type']}", "value": each["value"]} for each in found["identifiers"]]
    rows += [{"what": f"trait {name}", "value": value} for name, value in found["traits"].items()]
    rows += [{"what": "consent", "value": consent_text(each)} for each in found["consents"]]
    print_table("", rows, ["what", "value"])


def consent_text(consent: Mapping[str, Any]) -> str:
    whom = consent["identifier"] or "all addresses"
    return f"{consent['topic']} by {consent['channel']}, {whom}: {consent['is']} ({consent['source']}, {str(consent['at'])[:10]})"


@profile.command("timeline")
def timeline(
    identifier: Identifier,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most; all of them unless said.")] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """What happened, the newest first, over all channels."""
    entries = connect(find(stage)).timeline(identifier, most=limit)
    if as_json:
        print_json(entries)
        return
    print_table("", entries, ["timestamp", "source", "type", "event"])


add_commands(profile)


def messages(identifier: Identifier, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Messages meant for a person, sent or not, with the reason."""
    entries = connect(find(stage)).messages(identifier)
    if as_json:
        print_json(entries)
    else:
        print_table("", entries, ["at", "channel", "template", "journey", "status", "reason"])


def mailbox(
    to: Annotated[str | None, typer.Option(help="Only what was sent to this address or telephone number.")] = None,
    as_json: JsonOption = False,
) -> None:
    """What lies in the local emulator's mailboxes."""
    mails = mailboxes.read(default_home())
    if to is not None:
        mails = mailboxes.addressed_to(mails, to)
    if as_json:
        print_json([mail.as_json() for mail in mails])
        return
    for mail in mails:
        out.rule(f"{mail.channel} · {mail.at[:19]} · to {mail.to}", align="left", style="dim")
        if mail.subject:
            out.print(mail.subject, style="bold", markup=False)
        out.print(mail.text.strip(), markup=False, soft_wrap=True)
    if not mails:
        out.print("The mailboxes are empty.")
