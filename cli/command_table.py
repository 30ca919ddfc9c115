"""Which commands there are, and where each lies: it is imported when it is asked for, so that no command waits for another's libraries."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup


class Place(NamedTuple):
    module: str
    name: str
    """Of a function, or of a group of commands."""
    help: str
    """The first sentence of what it says of itself."""


COMMANDS = {
    "up": Place(
        "cli.local.commands", "up", "Run the whole stack on this machine: the CDK app, deployed into an AWS emulator bound to loopback."
    ),
    "down": Place("cli.local.commands", "down", "End every process that `ariane up` or `ariane demo` started."),
    "demo": Place(
        "cli.demo.command", "demo", "Start the stack on this machine, play the demo day through real SDKs, show the customer's thread."
    ),
    "messages": Place("cli.lookups", "messages", "Messages meant for a person, sent or not, with the reason."),
    "mailbox": Place("cli.lookups", "mailbox", "What lies in the local emulator's mailboxes."),
    "import": Place("cli.imports", "import_file", "Take a file in: upload it, wait, say what was refused."),
    "query": Place("cli.lake.command", "query", "Ask the lake: every event, with the person that it was stitched to."),
    "publish": Place(
        "cli.publishing", "publish", "Publish the definitions as new versions: deploys the brand stack alone, touches no function."
    ),
    "check": Place("cli.checking", "check", "Validate the definitions: every problem and every likely mistake, with its file and line."),
    "schema": Place("cli.schemas", "schema", "The JSON Schema of a kind of definition file."),
    "keys": Place("cli.access", "keys", "Write keys: what an SDK or pixel shows to be one of the brand's sources."),
    "tokens": Place("cli.access", "tokens", "API tokens: what a program shows to read profiles."),
    "profile": Place("cli.lookups", "profile", "Look a person up by any identifier, find out why, put it right."),
    "rejects": Place("cli.rejects", "rejects", "Events that were refused, each with its reason."),
    "stream-failures": Place(
        "cli.replay", "stream_failures", "Batches of events that could not be stitched for hours, and stitching them again."
    ),
    "links": Place("cli.links", "links", "Signed click links for advertisements and other people's pages."),
    "identity": Place("cli.identity", "identity", "Who is one person, and what vouches for it."),
    "events": Place("cli.events", "events", "The log of events."),
    "imports": Place("cli.imports", "imports", "Imports of files, and what they refused."),
    "objects": Place("cli.objects", "objects", "Products, stock, ad spend and TV spots that imports brought."),
    "segments": Place("cli.segments", "segments", "Who is in a segment, since when, and why."),
    "front": Place("cli.front", "front", "Collection behind another CDN than Ariane's own front."),
    "lake": Place("cli.lake.backfill", "lake", "The lake: landing what it lacks."),
    "bench": Place("cli.bench.commands", "bench", "Measurements: what an event costs, how fast, how it grows, what a load leaves behind."),
}


def loaded(name: str) -> Any:
    """The command, ready to be run. Raises KeyError where there is none of that name."""
    place = COMMANDS[name]
    found = getattr(import_module(place.module), place.name)
    around = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    return typer.main.get_group(around).commands[name]


class _Loaded(MutableMapping[str, Any]):
    """By name; the names alone load nothing."""

    def __init__(self) -> None:
        self._more: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._more:
            self._more[name] = loaded(name)
        return self._more[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._more[name] = command

    def __delitem__(self, name: str) -> None:
        del self._more[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class CommandTable(TyperGroup):
    """The commands of the table, listed without being loaded."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": None})
        self.commands = _Loaded()

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.help) for name, place in COMMANDS.items()])
