"""``ariane``: run the stack on this machine, look after a deployed one, look things up."""

import signal
import sys
from types import FrameType

import httpx
import typer
from botocore.exceptions import BotoCoreError, ClientError

from ariane.errors import ArianeError
from cli import access, events, front, identity, imports, links, lookups, objects, publishing, rejects, replay, schemas, segments
from cli.bench import commands as bench
from cli.demo import command as demo
from cli.failures import CommandFailed
from cli.lake import backfill
from cli.lake import command as lake
from cli.local import commands as local

app = typer.Typer(name="ariane", help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("up")(local.up)
app.command("down")(local.down)
app.command("demo")(demo.demo)
app.add_typer(access.keys, name="keys")
app.add_typer(access.tokens, name="tokens")
app.add_typer(lookups.profile, name="profile")
app.add_typer(rejects.rejects, name="rejects")
app.add_typer(replay.stream_failures, name="stream-failures")
app.command("messages")(lookups.messages)
app.command("mailbox")(lookups.mailbox)
app.add_typer(links.links, name="links")
app.add_typer(identity.identity, name="identity")
app.add_typer(events.events, name="events")
app.command("import")(imports.import_file)
app.add_typer(imports.imports, name="imports")
app.add_typer(objects.objects, name="objects")
app.add_typer(segments.segments, name="segments")
app.add_typer(front.front, name="front")
app.command("query")(lake.query)
app.add_typer(backfill.lake, name="lake")
app.command("publish")(publishing.publish)
app.command("check")(publishing.check)
app.command("schema")(schemas.schema)
app.add_typer(bench.bench, name="bench")


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    # Also where whoever started this ignores it, as a script does for what it starts in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except (CommandFailed, ArianeError) as error:
        _fail(str(error))
    except ClientError as error:
        _fail(f"AWS refuses {error.operation_name}: {error.response['Error'].get('Message', error)}")
    except BotoCoreError as error:
        _fail(str(error))
    except httpx.TransportError as error:
        _fail(f"the stack does not answer ({error}): is it up?")


def _end(number: int, _frame: FrameType | None) -> None:
    """A polite end from outside runs what must still run: a local run ends with its command."""
    raise SystemExit(128 + number)


def _fail(message: str) -> None:
    print(f"ariane: {message}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
