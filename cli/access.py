"""``ariane keys`` and ``ariane tokens``: who may send events, and who may read profiles. Both are shown once, when they are made."""

import secrets
import zlib
from typing import Annotated

import orjson
import typer

from ariane.access import tokens as api_tokens
from ariane.access import write_keys
from ariane.adapters.aws.tokens import DynamoTokens
from ariane.adapters.aws.write_keys import DynamoWriteKeys
from ariane.instants import format_instant, utc_now
from cli.command_options import JsonOption, StageOption
from cli.deployment import Deployment, find
from cli.failures import CommandFailed
from cli.report import print_json, print_table

_SECRET_BYTES = 24

keys = typer.Typer(help="Write keys: what an SDK or pixel shows to be one of the brand's sources.", no_args_is_help=True)
tokens = typer.Typer(help="API tokens: what a program shows to read profiles.", no_args_is_help=True)


def new_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


def write_keys_of(deployment: Deployment) -> DynamoWriteKeys:
    return DynamoWriteKeys(deployment.dynamodb, table=deployment.output("AccessTable"))


def tokens_of(deployment: Deployment) -> DynamoTokens:
    return DynamoTokens(deployment.dynamodb, table=deployment.output("AccessTable"))


@keys.command("create")
def create_key(
    source: Annotated[str, typer.Argument(help="The source's name in brand/sources.yaml.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key for SOURCE and print it: the only time that it is seen."""
    deployment = find(stage)
    _check_source(deployment, source)
    key = write_keys.create(write_keys_of(deployment), source, clock=utc_now, new_secret=new_secret)
    if as_json:
        print_json({"source": source, "key": key})
    else:
        print(key)


def _check_source(deployment: Deployment, source: str) -> None:
    """Against what is published: the collector refuses the key of any other source."""
    key = {"pk": {"S": "DEFS"}, "sk": {"S": "collect"}}
    item = deployment.dynamodb.get_item(TableName=deployment.output("AccessTable"), Key=key).get("Item")
    known = orjson.loads(zlib.decompress(item["b"]["B"]))["sources"] if item else {}
    if source not in known:
        raise CommandFailed(f"there is no published source {source!r}; known: {', '.join(sorted(known)) or 'none'}")


@keys.command("list")
def list_keys(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """All keys, revoked ones too."""
    rows = [
        {"source": key.source, "begins": key.hint, "hash": key.hash, "created": format_instant(key.created_at), "revoked": key.is_revoked}
        for key in write_keys.list_keys(write_keys_of(find(stage)))
    ]
    _print_rows(rows, as_json=as_json)


@keys.command("revoke")
def revoke_key(key: Annotated[str, typer.Argument(help="The key, or its hash from the list.")], stage: StageOption = None) -> None:
    """Switch a key off; collectors notice within a minute."""
    write_keys.revoke(write_keys_of(find(stage)), key)


@tokens.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    scope: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(api_tokens.SCOPES)}; may be repeated. All reading unless said.")
    ] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it: the only time that it is seen."""
    scopes = scope or list(api_tokens.READING)
    token = api_tokens.create(tokens_of(find(stage)), name, scopes, clock=utc_now, new_secret=new_secret)
    if as_json:
        print_json({"name": name, "token": token})
    else:
        print(token)


@tokens.command("list")
def list_tokens(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """All tokens, revoked ones too."""
    rows = [
        {
            "name": token.name,
            "scopes": " ".join(token.scopes),
            "begins": token.hint,
            "hash": token.hash,
            "created": format_instant(token.created_at),
            "revoked": token.is_revoked,
        }
        for token in api_tokens.list_tokens(tokens_of(find(stage)))
    ]
    _print_rows(rows, as_json=as_json)


@tokens.command("revoke")
def revoke_token(token: Annotated[str, typer.Argument(help="The token, or its hash from the list.")], stage: StageOption = None) -> None:
    """Switch a token off; the API notices within its authorizer's cache time, a minute."""
    api_tokens.revoke(tokens_of(find(stage)), token)


def _print_rows(rows: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    elif rows:
        print_table("", rows, list(rows[0]))
    else:
        print("None.")
