"""``ariane profile explain|unmerge|link|lift``: why identifiers are one person, and putting it right. Through the public API."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.profile_api import connect
from cli.report import out, print_json

Identifier = Annotated[str, typer.Argument(metavar="NAMESPACE:VALUE", help="For example email:jeanne@example.fr or user_id:u42.")]
Taken = Annotated[list[str], typer.Argument(metavar="NAMESPACE:VALUE...", help="The identifiers that are another person's.")]
Linked = Annotated[list[str], typer.Argument(metavar="NAMESPACE:VALUE...", help="The identifiers of one person, two or more.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, for whoever looks at it later.")]


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
    _say(explained(found))


def unmerge(
    identifiers: Taken,
    why: WhyOption,
    events_to: Annotated[
        EventsTo | None, typer.Option(help="Whose the events are that name identifiers of both sides; unless said, the strongest one's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken apart, and do nothing.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take identifiers out of a person. It stands against whatever comes later, until it is lifted."""
    answer = connect(find(stage)).unmerge(identifiers, why=why, events_to=events_to, is_dry_run=dry_run)
    if as_json:
        print_json(answer)
    elif "would_part" in answer:
        _say(_plan(answer))
    else:
        _say([*_split_lines(answer["split"]), "", *_people_lines(answer)])


def link(identifiers: Linked, why: WhyOption, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Say that identifiers are one person's. It counts as much as what a trusted source says."""
    first, *others = identifiers
    answer = connect(find(stage)).link(first, others, why=why)
    if as_json:
        print_json(answer)
    else:
        _say(_people_lines(answer))


def lift(
    split: Annotated[str, typer.Argument(metavar="SPLIT", help="As unmerge and explain show it: spl_…")],
    why: WhyOption,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an unmerge back: what it alone kept apart is one person again."""
    answer = connect(find(stage)).lift(split, why=why)
    if as_json:
        print_json(answer)
    else:
        _say([*_split_lines(answer["split"]), "", *_people_lines(answer)])


def explained(found: Mapping[str, Any]) -> list[str]:
    """The API's answer as lines of plain sentences."""
    count = len(found["identifiers"])
    lines = [f"{found['id']} is one person with {count:,} identifier{'' if count == 1 else 's'}."]
    if not found["complete"]:
        lines.append(f"There is too much evidence about it to go through here ({found['quarantine'] or 'over the bound'}).")
    elif found["quarantine"]:
        lines.append(f"The background still has to resolve it: {found['quarantine']}.")
    lines += _linked_lines(found)
    for title, rows in (
        ("Kept apart:", [each["message"] for each in found["refused"]]),
        ("Shared devices:", [f"{_text(each)}: {each['message']}" for each in found["shared_devices"]]),
        ("Given by too many to be anybody's:", [f"{_text(each)}: {each['message']}" for each in found["hubs"]]),
        ("Taken apart by hand:", [line for each in found["splits"] for line in _split_lines(each)]),
    ):
        lines += ["", title, *(f"  {row}" for row in rows)] if rows else []
    return lines


def _linked_lines(found: Mapping[str, Any]) -> list[str]:
    because = {_text(each["identifier"]): each["message"] for each in found["links"]}
    lines: list[str] = []
    for each in found["identifiers"]:
        lines.append(f"  {_text(each)}")
        if _text(each) in because:
            lines.append(f"      {because[_text(each)]}")
    return lines


def _plan(answer: Mapping[str, Any]) -> list[str]:
    (person,), would = answer["profiles"], answer["would_part"]
    return [
        f"A dry run, nothing was done. Out of {person['id']}",
        f"  would be taken: {_listed(would['identifiers'])}",
        f"  would be left:  {_listed(would['others'])}",
    ]


def _split_lines(split: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{split['id']}: {_listed(split['identifiers'])} apart from {_listed(split['others'])}",
        f"    by {split['by']} on {_day(split['at'])}: {split['why']}",
    ]
    lifted = split["lifted"]
    return [*lines, f"    lifted by {lifted['by']} on {_day(lifted['at'])}: {lifted['why']}"] if lifted else lines


def _people_lines(answer: Mapping[str, Any]) -> list[str]:
    count = len(answer["profiles"])
    lines = ["They are one person now:" if count == 1 else f"They are {count:,} people now:"]
    lines += [f"  {each['id']}: {_listed(each['identifiers'])}" for each in answer["profiles"]]
    return [*lines, "The background still works on it: look again in a minute."] if answer["pending"] else lines


def _listed(identifiers: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(map(_text, identifiers))


def _text(identifier: Mapping[str, Any]) -> str:
    text = f"{identifier['type']}:{identifier['value']}"
    return f"{text} (since it is shared)" if identifier.get("epoch") else text


def _day(instant: str) -> str:
    return f"{instant[:10]} at {instant[11:16]} UTC"


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
