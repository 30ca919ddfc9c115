"""``ariane stream-failures``: the batches that the stream gave up on, and stitching them again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from ariane.adapters.aws.lake import SqsLandQueue
from ariane.adapters.aws.replay_queue import SqsReplayQueue
from ariane.errors import Rejected
from ariane.events.log import LogKey
from ariane.instants import format_instant
from ariane.lake.messages import ItemLater
from cli.command_options import JsonOption, StageOption
from cli.deployment import Deployment, find
from cli.failures import CommandFailed
from cli.report import print_json, print_table
from cli.stream_failures import Failure, StreamFailures

stream_failures = typer.Typer(
    help="Batches of events that could not be stitched for hours, and stitching them again.", no_args_is_help=True
)
SinceOption = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only those of this day (UTC) or later.")
]


def failures_of(deployment: Deployment) -> StreamFailures:
    return StreamFailures(deployment.s3, bucket=deployment.output("StreamFailuresBucket"))


@stream_failures.command("list")
def list_failures(since: SinceOption = None, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """What was not replayed yet."""
    store = failures_of(find(stage))
    rows = [_row(store, failure) for failure in store.open(since=_utc(since))]
    if as_json:
        print_json(rows)
    elif rows:
        print_table("", rows, ["at", "items", "object", "problem"])
    else:
        print("Nothing: the stream gave up on no batch that was not replayed.")


@stream_failures.command("replay")
def replay(
    objects: Annotated[list[str] | None, typer.Argument(metavar="[OBJECT]...", help="From the list; all of them unless said.")] = None,
    since: SinceOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be replayed, and do nothing.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand the items of failed batches again to stitch or to the lake, whichever gave up on them.

    Mend the cause first: what still fails waits in a dead-letter queue.
    """
    deployment = find(stage)
    store = failures_of(deployment)
    chosen = _chosen(list(store.open(since=_utc(since))), objects or [])
    rows = [_replayed(deployment, store, failure, is_dry_run=dry_run) for failure in chosen]
    if as_json:
        print_json(rows)
    else:
        _tell(rows, is_dry_run=dry_run)
    if any(row["problem"] for row in rows):
        raise SystemExit(1)


def _chosen(failures: list[Failure], objects: list[str]) -> list[Failure]:
    missing = set(objects) - {failure.key for failure in failures}
    if missing:
        raise CommandFailed(f"there is no such object to replay: {', '.join(sorted(missing))}")
    return [failure for failure in failures if not objects or failure.key in objects]


def _row(store: StreamFailures, failure: Failure) -> dict[str, object]:
    row: dict[str, object] = {"object": failure.key, "at": format_instant(failure.at), "items": None, "problem": None}
    try:
        return row | {"items": len(store.keys(failure))}
    except Rejected as error:
        return row | {"problem": error.message}


def _replayed(deployment: Deployment, store: StreamFailures, failure: Failure, *, is_dry_run: bool) -> dict[str, object]:
    row = _row(store, failure)
    if row["problem"] is None and not is_dry_run:
        _hand_over(deployment, store.keys(failure), is_of_lake=store.is_of_lake(failure))
        store.done(failure)
    return row


def _hand_over(deployment: Deployment, keys: Sequence[LogKey], *, is_of_lake: bool) -> None:
    """To the reader of the stream that gave up on them."""
    if is_of_lake:
        later = [ItemLater(key.person_id, key.sort, sequence="0", tries=0) for key in keys]
        SqsLandQueue(deployment.sqs, queue_url=deployment.output("LandQueueUrl")).put(later, delay=0)
    else:
        SqsReplayQueue(deployment.sqs, queue_url=deployment.output("ReplayQueueUrl")).put(keys)


def _tell(rows: list[dict[str, object]], *, is_dry_run: bool) -> None:
    for row in rows:
        if row["problem"]:
            print(f"{row['object']}: {row['problem']}")
    good = [row for row in rows if not row["problem"]]
    items = sum(number for row in good if isinstance(number := row["items"], int))
    print(f"{'Would be handed on again' if is_dry_run else 'Handed on again'}: items {items:,}, batches {len(good):,}.")


def _utc(since: datetime | None) -> datetime | None:
    return since.replace(tzinfo=UTC) if since else None
