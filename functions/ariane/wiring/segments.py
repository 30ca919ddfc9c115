"""What evaluates segments, and what people ask of backfills."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from functools import cache, partial

from ariane.adapters.aws.announcer import EventBridgeAnnouncer
from ariane.adapters.aws.at_a_time import ten_at_a_time
from ariane.adapters.aws.audience_files import S3AudienceFiles
from ariane.adapters.aws.backfills import DynamoBackfills, DynamoPeopleScan
from ariane.adapters.aws.background_queue import SqsBackgroundQueue
from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.evaluate_queue import SqsEvaluateQueue
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.segment_counts import DynamoSegmentCounts
from ariane.adapters.aws.segment_rows import DynamoSegmentRows
from ariane.adapters.aws.signed_client import SSM
from ariane.conditions.observing import Observing
from ariane.definitions.customer_view import CustomerViews
from ariane.definitions.store import CachedDocuments, default_time_zone
from ariane.identity.rules import Rules
from ariane.instants import utc_now
from ariane.profiles.asked_person import Asking
from ariane.profiles.computing import Computing
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.homes import HomeReader
from ariane.profiles.reader import ProfileReader
from ariane.profiles.refolding import RefoldReport, refold
from ariane.profiles.stitching import Stores
from ariane.segments.backfilling import BackfillDesk, BackfillWorker
from ariane.segments.completing import Completing
from ariane.segments.counting import take_count
from ariane.segments.desk import SegmentDesk
from ariane.segments.evaluating import Evaluator, World
from ariane.segments.exporting import ExportWorker
from ariane.segments.reading_ahead import ReadAhead
from ariane.segments.sweeping import Sweep
from ariane.segments.worker import EvaluateWorker
from ariane.settings import ApiSettings, SegmentsSettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client

_IN_THE_WORKS = timedelta(seconds=5)
"""A delivery of the log's stream that is being stitched goes by the definitions with which it began."""


def evaluate_worker(settings: SegmentsSettings, environment: Mapping[str, str]) -> EvaluateWorker:
    parts = _Parts(settings, environment)
    ahead = ReadAhead(parts.stores.identities, parts.fragments, parts.rows, each=ten_at_a_time)
    evaluator = Evaluator(
        World(
            rows=ahead.rows,
            profiles=ahead.profiles,
            ahead=ahead,
            identities=parts.stores.identities,
            asking=parts.asking(),
            announcer=EventBridgeAnnouncer(client("events"), bus=settings.bus_name),
            queue=parts.queue,
            clock=utc_now,
        )
    )
    backfills = BackfillWorker(
        store=DynamoBackfills(parts.dynamodb, table=settings.profiles_table),
        scan=DynamoPeopleScan(parts.dynamodb, table=settings.profiles_table),
        identities=parts.stores.identities,
        completer=parts.completing(),
        evaluate=lambda asked: evaluator.evaluate([asked]),
        queue=parts.queue,
        view=CustomerViews(DynamoDocuments(parts.dynamodb, table=settings.journeys_table)).current,
        clock=utc_now,
        each=ten_at_a_time,
    )
    counts = DynamoSegmentCounts(parts.dynamodb, table=settings.profiles_table)
    return EvaluateWorker(
        evaluator=evaluator,
        identities=parts.stores.identities,
        homes=parts.stores.fragments,
        queue=parts.queue,
        sweep=lambda job, many: Sweep(index=parts.rows, queue=parts.queue, evaluate=many, clock=utc_now).sweep(job),
        backfill=backfills.take,
        count=partial(take_count, members=parts.rows, counts=counts, clock=utc_now),
        export=_exports(parts, counts).take,
        each=ten_at_a_time,
    )


def _exports(parts: "_Parts", counts: DynamoSegmentCounts) -> ExportWorker:
    views = CustomerViews(DynamoDocuments(parts.dynamodb, table=parts.settings.journeys_table))
    desk = SegmentDesk(
        view=views.current,
        members=parts.rows,
        counts=counts,
        backfills=lambda: backfill_desk(parts.settings),
        directory=parts.directory(),
        computing=parts.computing(),
        consents=parts.stores.consents,
        clock=utc_now,
    )
    return ExportWorker(
        files=S3AudienceFiles(client("s3"), bucket=parts.settings.exports_bucket),
        queue=parts.queue,
        segments=lambda: views.current().segments,
        audience=lambda name, asked, limit, cursor: desk.audience(name, asked, limit=limit, cursor=cursor),
        clock=utc_now,
    )


def backfill_desk(settings: ApiSettings | SegmentsSettings) -> BackfillDesk:
    dynamodb = client("dynamodb")
    return BackfillDesk(
        DynamoBackfills(dynamodb, table=settings.profiles_table),
        SqsEvaluateQueue(client("sqs"), queue_url=settings.evaluate_queue_url),
        view=CustomerViews(DynamoDocuments(dynamodb, table=settings.journeys_table)).current,
        clock=utc_now,
        known_after=timedelta(seconds=settings.definitions_ttl_seconds) + _IN_THE_WORKS,
    )


class _Parts:
    def __init__(self, settings: SegmentsSettings, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.dynamodb = client("dynamodb")
        self.rows = DynamoSegmentRows(self.dynamodb, table=settings.profiles_table)
        self.queue = SqsEvaluateQueue(client("sqs"), queue_url=settings.evaluate_queue_url)
        identities = DynamoIdentities(self.dynamodb, table=settings.identities_table)
        self.fragments = DynamoFragments(self.dynamodb, table=settings.profiles_table)
        self.profiles = ProfileReader(identities, self.fragments)
        self.stores = Stores(
            identities=identities,
            fragments=self.fragments,
            log=DynamoEventHistory(self.dynamodb, table=settings.events_table),
            consents=DynamoConsents(
                self.dynamodb,
                privacy_table=settings.privacy_table,
                identities_table=settings.identities_table,
                profiles_table=settings.profiles_table,
            ),
        )
        ttl = timedelta(seconds=settings.definitions_ttl_seconds)
        self._documents = CachedDocuments(DynamoDocuments(self.dynamodb, table=settings.journeys_table), ttl=ttl, clock=utc_now)
        self._key = _key_of(settings, environment)

    def asking(self) -> Asking:
        return Asking(
            view=CustomerViews(self._documents).current,
            rules=self._rules,
            log=self.stores.log,
            homes=HomeReader(self.stores.identities, rules=self._rules, key=self._key),
            whole=self.profiles.snapshot,
            consents=self.stores.consents.states,
            time_zone=lambda: default_time_zone(self._documents),
        )

    def directory(self) -> ProfileDirectory:
        return ProfileDirectory(self.profiles, self.stores.identities, rules=self._rules, key=self._key)

    def computing(self) -> Computing:
        return Computing(asking=self.asking(), clock=utc_now)

    def completing(self) -> Completing:
        return Completing(
            profiles=self.profiles,
            fragments=self.fragments,
            log=self.stores.log,
            refold=self._refold,
            background=SqsBackgroundQueue(client("sqs"), queue_url=self.settings.resolve_queue_url),
            queue=self.queue,
        )

    def _refold(self, partition: str, observing: Observing) -> RefoldReport:
        return refold(partition, stores=self.stores, key=self._key(), rules=self._rules(), observing=observing)

    def _rules(self) -> Rules:
        return Rules.from_document(self._documents.document("identity"))


def _key_of(settings: SegmentsSettings, environment: Mapping[str, str]) -> Callable[[], bytes]:
    @cache
    def key() -> bytes:
        name = settings.person_key_parameter
        with closing(signed_client(SSM, environment)) as ssm:
            return read_secrets(ssm, [name])[name]

    return key
