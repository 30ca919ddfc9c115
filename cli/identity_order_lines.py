"""What the API says of an un-merge, a link or a lift, as lines for people."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from cli.failures import CommandFailed
from cli.profile_api import ApiRefused

_PLACE = re.compile(r"identifiers\[(\d+)\]")
_OF_THE_PATH = frozenset({"profile_not_found", "invalid_identifier"})
_REFUSED = "the API answers 4"
_OPTIONS = {"why: ": "--why: ", "events_to: ": "--events-to: ", "identifiers: ": ""}


@contextmanager
def in_their_words(identifiers: Sequence[str], *, asked_for: str | None = None) -> Iterator[None]:
    """A refusal names fields and places of the request's JSON; here it names what was typed. ``asked_for`` stands in the path alone, the
    others are the body's."""
    try:
        yield
    except ApiRefused as error:
        raise CommandFailed(_reworded(error, identifiers, asked_for or identifiers[0])) from error


def _reworded(error: ApiRefused, identifiers: Sequence[str], asked_for: str) -> str:
    said = str(error).split(": ", 1)[-1]
    place = _PLACE.match(said)
    if place is not None and int(place[1]) < len(identifiers):
        return identifiers[int(place[1])] + said[place.end() :]
    for field, option in _OPTIONS.items():
        if said.startswith(field):
            return option + said.removeprefix(field)
    if error.code in _OF_THE_PATH:
        return f"{asked_for}: {said}"
    return said if error.code and str(error).startswith(_REFUSED) else str(error)


def plan_lines(answer: Mapping[str, Any]) -> list[str]:
    """Of a dry run."""
    (person,), would = answer["profiles"], answer["would_part"]
    lines = [
        f"A dry run, nothing was done. Out of {person['id']}",
        f"  would be taken: {listed(would['identifiers'])}",
        f"  would be left:  {listed(would['others'])}",
        "",
    ]
    found = answer["would_be"]
    if found is None:
        return [*lines, "What comes of it is too much to be worked out at once: the background would."]
    return [*lines, *_people_after(found["profiles"]), "", *_shared_lines(found), "", *_ending_lines(found["ending"])]


def _people_after(people: Sequence[Mapping[str, Any]]) -> list[str]:
    head = "They would still be one person:" if len(people) == 1 else f"They would be {len(people):,} people:"
    return [head, *(f"  {number}. {listed(each['identifiers'])}" for number, each in enumerate(people, 1))]


def _shared_lines(found: Mapping[str, Any]) -> list[str]:
    shared = found["shared_events"]
    if not shared["count"]:
        return [
            "No event names identifiers of both sides." if shared["counted_all"] else "There are too many events to look for shared ones."
        ]
    count = f"{shared['count']:,}" if shared["counted_all"] else f"At least {shared['count']:,}"
    are = "event names" if shared["count"] == 1 else "events name"
    lines = [f"{count} {are} identifiers of both sides; whose they would be (as --events-to says, else their strongest identifier's):"]
    for number, each in enumerate(found["profiles"], 1):
        lines += [f"  {each['shared_events']:,} of person {number}"] if each["shared_events"] else []
    return [*lines, *(_event_line(each) for each in shared["first"])]


def _event_line(event: Mapping[str, Any]) -> str:
    whose = f"of person {event['person'] + 1}" if event["person"] is not None else "of none of them"
    name = event["event"] or event["type"]
    return f"    {day(event['timestamp'])}  {name} (message {event['messageId']}, from {event['source']}): {whose}"


def _ending_lines(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    if not runs:
        return ["No running journey would end because of it."]
    return ["Journeys that would end (unmerged):", *(f"  {run['journey']}, key {run['key']}" for run in runs)]


def done_lines(answer: Mapping[str, Any]) -> list[str]:
    split, link = answer.get("split"), answer.get("link")
    lines = [*split_lines(split), ""] if split else []
    if answer.get("already"):
        lines = [f"{_already(split or link or {})} Nothing was changed now.", *lines]
    return [*lines, *people_lines(answer)]


def _already(known: Mapping[str, Any]) -> str:
    who = known["by"] or f"the source {known['source']}"
    why = f" ({known['why']})" if known["why"] else ""
    return f"Already said by {who} on {day(known['at'])}{why}."


def split_lines(split: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{split['id']}: {listed(split['identifiers'])} apart from {listed(split['others'])}",
        f"    by {split['by']} on {day(split['at'])}: {split['why']}",
    ]
    lifted = split["lifted"]
    return [*lines, f"    lifted by {lifted['by']} on {day(lifted['at'])}: {lifted['why']}"] if lifted else lines


def people_lines(answer: Mapping[str, Any]) -> list[str]:
    count = len(answer["profiles"])
    lines = ["They are one person now:" if count == 1 else f"They are {count:,} people now:"]
    lines += [f"  {each['id']}: {listed(each['identifiers'])}" for each in answer["profiles"]]
    if not answer["pending"]:
        return lines
    return [*lines, "The background still brings their events over: the same command again says whether it has (--wait waits for it)."]


def listed(identifiers: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(map(text, identifiers))


def text(identifier: Mapping[str, Any]) -> str:
    written = f"{identifier['type']}:{identifier['value']}"
    return f"{written} (since it is shared)" if identifier.get("epoch") else written


def day(instant: str) -> str:
    return f"{instant[:10]} at {instant[11:16]} UTC"
