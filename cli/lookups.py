"""``ariane profile``, ``messages``, ``mailbox``: looking things up, through the public API."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
import typer

from cli import mailbox as mailboxes
from cli.command_options import JsonOption, StageOption
from cli.counter import counter_lines
from cli.deployment import find
from cli.failures import CommandFailed
from cli.identity_operations import add_commands, explained, say
from cli.local.home import default_home
from cli.profile_api import ApiRefused, connect
from cli.report import out, print_json, print_rows

profile = typer.Typer(help="Look a person up by any identifier, find out why, put it right.", no_args_is_help=True)
Identifier = Annotated[str, typer.Argument(metavar="NAMESPACE:VALUE", help="For example email:jeanne@example.fr or user_id:u42.")]


@profile.command("show")
def show(
    identifier: Identifier,
    view: Annotated[Literal["counter"] | None, typer.Option(help="What helps at the till, without identifiers.")] = None,
    locale: Annotated[str | None, typer.Option(help="Of the counter view: the language it is in; the brand's unless said.")] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who it is: identifiers, traits, consents."""
    if locale and view is None:
        raise CommandFailed("--locale is said of a view: add --view counter")
    api = connect(find(stage))
    try:
        found = api.profile(identifier, view=view, locale=locale)
    except ApiRefused as error:
        if as_json or error.code != "shared_device":
            raise
        say(explained(api.explain(identifier)))
        return
    if as_json:
        print_json(found)
    elif view == "counter":
        for line in counter_lines(found):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
    else:
        print_rows(_profile_rows(found), ["what", "value"])


def _profile_rows(found: Mapping[str, Any]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [{"what": "id", "value": found["id"]}]
    rows += [{"what": f"identifier {each['type']}", "value": _value_text(each)} for each in found["identifiers"]]
    rows += [{"what": "more devices", "value": f"{found['more_devices']:,}"}] if "more_devices" in found else []
    rows += [{"what": f"trait {name}", "value": _trait_text(value)} for name, value in found["traits"].items()]
    rows += [{"what": f"computed {name}", "value": _computed_text(value)} for name, value in found["computed"].items()]
    rows.append({"what": "life cycle", "value": with_since(found["lifecycle"], found["lifecycle_since"])})
    rows += [{"what": "segment", "value": with_since(each["name"], each["since"])} for each in found["segments"]]
    return rows + [{"what": "consent", "value": consent_text(each)} for each in found["consents"]]


def _value_text(identifier: Mapping[str, Any]) -> str:
    shared = " (a shared device: it joins nobody; explain says since when)" if identifier.get("epoch") else ""
    return f"{identifier['value']}{shared}"


def _computed_text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_computed_text, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _trait_text(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def with_since(name: str, since: str | None) -> str:
    return f"{name}, since {since[:16].replace('T', ' ')} UTC" if since else name


def _trait_text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


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
    rows = [_timeline_row(each) for each in entries]
    planned = ["not as planned"] if any(row["not as planned"] for row in rows) else []
    print_rows(rows, ["time", "source", "type", "event", "order", *planned, "message"], whole=["time"])


def _timeline_row(event: Mapping[str, Any]) -> dict[str, object]:
    """To the second, in UTC; with what a customer has on the receipt, and what the tracking plan says otherwise."""
    properties, violations = event.get("properties") or {}, (event.get("context") or {}).get("violations") or []
    return {
        "time": f"{event['timestamp'][:19]}Z",
        "source": event["source"],
        "type": event["type"],
        "event": event["event"],
        "order": properties.get("order_id"),
        "not as planned": "; ".join(f"{each['field']} {each['description']}".strip() for each in violations),
        "message": event["messageId"],
    }


add_commands(profile)


def messages(identifier: Identifier, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Messages meant for a person, sent or not, with the reason."""
    entries = connect(find(stage)).messages(identifier)
    if as_json:
        print_json(entries)
    else:
        rows = [{**each, "time": f"{each['at'][:19]}Z"} for each in entries]
        print_rows(rows, ["time", "channel", "address", "template", "journey", "status", "reason"], whole=["time"])


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
