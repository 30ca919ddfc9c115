"""``ariane objects``: products, stock, ad spend and TV spots that imports brought."""

from typing import Annotated

import orjson
import typer

from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.profile_api import connect
from cli.report import print_json, print_table

objects = typer.Typer(help="Products, stock, ad spend and TV spots that imports brought.", no_args_is_help=True)
KindArgument = Annotated[str, typer.Argument(metavar="TYPE", help="products, stock, ad_spend or tv_spots.")]


@objects.callback()
def _objects() -> None:
    """Products, stock, ad spend and TV spots that imports brought."""


@objects.command("list")
def list_objects(
    kind: KindArgument,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Objects of a type, in no order."""
    found = connect(find(stage)).objects(kind, most=limit)
    if as_json:
        print_json(found)
    elif found:
        rows = [{**each, "properties": orjson.dumps(each["properties"]).decode()} for each in found]
        print_table("", rows, ["key", "at", "properties"], whole=["key"])
    else:
        print(f"There are no {kind}.")


@objects.command("show")
def show(
    kind: KindArgument,
    key: Annotated[str, typer.Argument(help="The columns of its key, apart by colons.")],
    stage: StageOption = None,
) -> None:
    """One object, as JSON."""
    print_json(connect(find(stage)).object_of(kind, key))
