"""``ariane profile explain|unmerge|link|lift``: why identifiers are one person, and putting it right. Through the public API."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.failures import CommandFailed
from cli.identity_order_lines import done_lines, in_their_words, plan_lines, split_lines, text
from cli.profile_api import ProfileApi, connect
from cli.report import out, print_json
from cli.waiting import wait_for

Identifier = Annotated[str, typer.Argument(metavar="NAMESPACE:VALUE", help="For example email:jeanne@example.fr or user_id:u42.")]
Taken = Annotated[list[str], typer.Argument(metavar="NAMESPACE:VALUE...", help="The identifiers that are another person's.")]
Linked = Annotated[list[str], typer.Argument(metavar="NAMESPACE:VALUE...", help="The identifiers of one person, two or more.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, for whoever looks at it later.")]

WaitOption = Annotated[bool, typer.Option("--wait", help="Wait until the background has brought their events over.")]
PATIENCE = 600.0
POLL = 1.0


class EventsTo(StrEnum):
    THESE = "these"
    OTHERS = "others"


def add_commands(profile: typer.Typer) -> None:
    for name, command in (("explain", explain), ("unmerge", unmerge), ("link", link), ("lift", lift)):
        profile.command(name)(command)


def explain(identifier: Identifier, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Why these identifiers are one person: what said so, who was kept apart and why."""
    found = connect(find(stage)).explain(identifier)
    if as_json:
        print_json(found)
        return
    say(explained(found))


def unmerge(
    identifiers: Taken,
    why: WhyOption,
    events_to: Annotated[
        EventsTo | None, typer.Option(help="Whose the events are that name identifiers of both sides; unless said, the strongest one's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who and what would come of it, and do nothing.")] = False,
    wait: WaitOption = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take identifiers out of a person. It stands against whatever comes later, until it is lifted."""
    api = connect(find(stage))
    with in_their_words(identifiers):
        answer = api.unmerge(identifiers, why=why, events_to=events_to, is_dry_run=dry_run)
    if dry_run and as_json:
        print_json(answer)
    elif "would_part" in answer:
        say(plan_lines(answer))
    else:
        _finish(api, answer, wait=wait, as_json=as_json)


def link(identifiers: Linked, why: WhyOption, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Say that identifiers are one person's. It counts as much as what a trusted source says."""
    first, *others = identifiers
    if not others:
        raise CommandFailed(f"{first} alone is one person already: name two identifiers at least")
    with in_their_words(others, asked_for=first):
        answer = connect(find(stage)).link(first, others, why=why)
    if as_json:
        print_json(answer)
    else:
        say(done_lines(answer))


def lift(
    split: Annotated[str, typer.Argument(metavar="SPLIT", help="As unmerge and explain show it: spl_…")],
    why: WhyOption,
    wait: WaitOption = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an unmerge back: what it alone kept apart is one person again."""
    api = connect(find(stage))
    with in_their_words([split]):
        answer = api.lift(split, why=why)
    _finish(api, answer, wait=wait, as_json=as_json)


def _finish(api: ProfileApi, answer: Mapping[str, Any], *, wait: bool, as_json: bool) -> None:
    if wait and answer["pending"]:
        answer = {**answer, **_when_done(api, answer["split"]["id"])}
    if as_json:
        print_json(answer)
    else:
        say(done_lines(answer))


def _when_done(api: ProfileApi, split_id: str) -> Mapping[str, Any]:
    def done() -> Mapping[str, Any] | None:
        now = api.split(split_id)
        return None if now["pending"] else {name: now[name] for name in ("split", "profiles", "pending")}

    return wait_for("the background to bring their events over (the split stands all the same)", done, patience=PATIENCE, every=POLL)


def explained(found: Mapping[str, Any]) -> list[str]:
    """The API's answer as lines of plain sentences."""
    count = len(found["identifiers"])
    lines = [f"{found['id']} is one person with {count:,} identifier{'' if count == 1 else 's'}."]
    if all(each.get("epoch") for each in found["identifiers"]):
        lines = [f"{found['id']} is a shared device: it is nobody's, and joins nobody to anybody."]
    if not found["complete"]:
        lines.append(f"There is too much evidence about it to go through here ({found['quarantine'] or 'over the bound'}).")
    elif found["quarantine"]:
        lines.append(f"Not all of it is decided yet, the background is at work on it: {found['quarantine']}.")
    lines += _linked_lines(found)
    for title, rows in (
        ("Kept apart:", [each["message"] for each in found["refused"]]),
        ("Shared devices:", [f"{text(each)}: {each['message']}" for each in found["shared_devices"]]),
        ("Given by too many to be anybody's:", [f"{text(each)}: {each['message']}" for each in found["hubs"]]),
        ("Taken apart by hand:", [line for each in found["splits"] for line in split_lines(each)]),
    ):
        lines += ["", title, *(f"  {row}" for row in rows)] if rows else []
    return lines


def _linked_lines(found: Mapping[str, Any]) -> list[str]:
    because = {text(each["identifier"]): each["message"] for each in found["links"]}
    lines: list[str] = []
    for each in found["identifiers"]:
        lines.append(f"  {text(each)}")
        if text(each) in because:
            lines.append(f"      {because[text(each)]}")
    return lines


def say(lines: Sequence[str]) -> None:
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
