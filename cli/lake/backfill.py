"""``ariane lake backfill``: landing the log again, as far back as it goes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.identity_scan import DynamoIdentityScan
from ariane.adapters.aws.lake import S3Lake, SqsLandQueue
from ariane.adapters.aws.lake_backfill import S3BackfillState
from ariane.adapters.aws.log_pages import DynamoLogPages
from ariane.adapters.aws.parameters import SsmParameters
from ariane.adapters.aws.table_scan import TableScan
from ariane.identity.model import Head
from ariane.identity.rules import Rules
from ariane.instants import utc_now
from ariane.lake.backfilling import Backfill, Backfiller, PeopleBackfiller
from ariane.lake.landing import LakePorts, Lander
from ariane.profiles.homes import HomeReader
from cli.command_options import StageOption
from cli.deployment import Deployment, find
from cli.failures import CommandFailed
from cli.report import Progress, counted, err

lake = typer.Typer(help="The lake: landing what it lacks. To ask it: ariane query.", no_args_is_help=True)
_EVER = ("0001-01-01", "9999-12-31")
_STOPPED = 130
_DAY = ["%Y-%m-%d"]


@lake.callback()
def _lake() -> None:
    """The lake: landing what it lacks. To ask it: ariane query."""


@lake.command("backfill")
def backfill(
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="Only events of this day (UTC) or later.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Only events of this day (UTC) or earlier.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Begin again, although one was stopped on its way.")] = False,
    stage: StageOption = None,
) -> None:
    """Land the whole log in the lake again, and who belongs to whom: for a lake that is younger than the log, or that lost something.

    It reads every item of the log once. Stop it whenever you like: the same command goes on. What is in the lake already counts once.
    """
    deployment = find(stage)
    days = (str(first.date()) if first else _EVER[0], str(last.date()) if last else _EVER[1])
    if days[0] > days[1]:
        raise CommandFailed(f"--from {days[0]} is after --to {days[1]}")
    state = S3BackfillState(deployment.s3, bucket=deployment.output("LakeBucket"))
    try:
        done = _run(deployment, state, _begun(state.load(), days, is_anew=anew))
    except KeyboardInterrupt:
        err.print("Stopped. Nothing is lost: the same command goes on.")
        raise SystemExit(_STOPPED) from None
    people = counted(done.people, "person id that belongs to another", "person ids that belong to others")
    print(f"Done: {counted(done.events, 'event')} and {people} landed.")


def _begun(known: Backfill | None, days: tuple[str, str], *, is_anew: bool) -> Backfill:
    if known is None or known.is_done or is_anew:
        return Backfill(began_at=utc_now(), first=days[0], last=days[1])
    if (known.first, known.last) != days and days != _EVER:
        raise CommandFailed(
            f"a backfill of other days ({known.first} to {known.last}) was begun and not ended: go on with it by leaving the days out, "
            "or begin with --anew"
        )
    err.print(f"Going on with the backfill of {known.began_at:%Y-%m-%d %H:%M} UTC: {known.events:,} events landed so far.")
    return known


def _run(deployment: Deployment, state: S3BackfillState, begun: Backfill) -> Backfill:
    store = S3Lake(deployment.s3, bucket=deployment.output("LakeBucket"))
    log = DynamoLogPages(deployment.dynamodb, table=deployment.output("EventsTable"))
    lander, course = _lander(deployment, store), _Course()
    read = Backfiller(lander=lander, lake=store, state=state, log=log, course=course).run(begun)
    if log.unreadable:
        err.print(f"Left out: {log.unreadable:,} items of the log that cannot be read (`ariane rejects list` has them).")
    course.say("who belongs to whom")
    identities = DynamoIdentities(deployment.dynamodb, table=deployment.output("IdentitiesTable"))
    people = PeopleBackfiller(identities=identities, lake=store, clock=utc_now).run(_members(deployment), name=read.name)
    done = replace(read, people=people, is_done=True)
    state.save(done)
    return done


def _members(deployment: Deployment) -> Iterator[str]:
    table = deployment.output("IdentitiesTable")
    scan = DynamoIdentityScan(TableScan(deployment.dynamodb, table=table), deployment.dynamodb, table=table)
    return (row.person_id for row in scan.everything() if isinstance(row, Head) and row.parent is not None)


def _lander(deployment: Deployment, store: S3Lake) -> Lander:
    dynamodb = deployment.dynamodb
    identities = DynamoIdentities(dynamodb, table=deployment.output("IdentitiesTable"))
    rules = Rules.from_document(DynamoDocuments(dynamodb, table=deployment.output("JourneysTable")).document("identity"))
    secret = SsmParameters(deployment.ssm).read(f"/ariane/{deployment.stage}/person-id-key")
    ports = LakePorts(
        lake=store,
        queue=SqsLandQueue(deployment.sqs, queue_url=deployment.output("LandQueueUrl")),
        fragments=DynamoFragments(dynamodb, table=deployment.output("ProfilesTable")),
        identities=identities,
        homes=HomeReader(identities, rules=lambda: rules, key=lambda: secret.encode()),
        log=DynamoEventHistory(dynamodb, table=deployment.output("EventsTable")),
        clock=utc_now,
    )
    return Lander(ports)


class _Course:
    def __init__(self) -> None:
        self._progress = Progress()

    def told(self, backfill: Backfill) -> None:
        self.say(f"{backfill.events:,} events landed")

    def say(self, what: str) -> None:
        self._progress.say(what)
