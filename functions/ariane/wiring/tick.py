"""The tick's service: due waits to the journey queue, undecided messages settled."""

from dataclasses import dataclass
from datetime import timedelta

from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.evaluate_queue import SqsEvaluateQueue
from ariane.adapters.aws.journey_queue import SqsJourneyQueue
from ariane.adapters.aws.ledger import DynamoLedger
from ariane.adapters.aws.segment_counts import DynamoSegmentCounts
from ariane.adapters.aws.segment_rows import DynamoSegmentRows
from ariane.definitions.customer_view import CustomerViews
from ariane.definitions.store import CachedDocuments
from ariane.instants import Clock, utc_now
from ariane.journeys.ports import DueIndex, JourneyQueue
from ariane.journeys.tick import hand_over_due
from ariane.messaging.ledger import Ledger
from ariane.messaging.settle import Swept, sweep
from ariane.segments.counting import DailyCounts
from ariane.segments.exporting import ExportSchedule
from ariane.segments.sweeping import DueWaker
from ariane.settings import TickSettings
from ariane.wiring.clients import client


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    index: DueIndex
    queue: JourneyQueue
    ledger: Ledger
    clock: Clock
    horizon: timedelta
    people: DueWaker
    counts: DailyCounts
    exports: ExportSchedule

    def hand_over_due(self) -> int:
        return hand_over_due(self.index, self.queue, clock=self.clock, horizon=self.horizon)

    def settle_messages(self) -> Swept:
        return sweep(self.ledger, self.clock())

    def wake_segments(self) -> int:
        return self.people.wake()

    def count_segments(self) -> int:
        return self.counts.ask()

    def begin_exports(self) -> int:
        return self.exports.ask()


def tick(settings: TickSettings) -> Tick:
    dynamodb = client("dynamodb")
    evaluations = SqsEvaluateQueue(client("sqs"), queue_url=settings.evaluate_queue_url)
    ttl = timedelta(seconds=settings.definitions_ttl_seconds)
    views = CustomerViews(CachedDocuments(DynamoDocuments(dynamodb, table=settings.journeys_table), ttl=ttl, clock=utc_now))
    # The sweep moves entries; only claims, which the tick makes none of, look at identities.
    return Tick(
        index=DynamoEnrolments(dynamodb, journeys_table=settings.journeys_table),
        queue=SqsJourneyQueue(client("sqs"), queue_url=settings.journey_queue_url),
        ledger=DynamoLedger(dynamodb, messages_table=settings.messages_table, journeys_table=settings.journeys_table, identities_table=""),
        clock=utc_now,
        horizon=timedelta(seconds=settings.tick_horizon_seconds),
        people=DueWaker(DynamoSegmentRows(dynamodb, table=settings.profiles_table), evaluations, clock=utc_now),
        counts=DailyCounts(
            DynamoSegmentCounts(dynamodb, table=settings.profiles_table),
            evaluations,
            segments=lambda: views.current().segments,
            clock=utc_now,
        ),
        exports=ExportSchedule(
            DynamoSegmentCounts(dynamodb, table=settings.profiles_table),
            evaluations,
            segments=lambda: views.current().segments,
            clock=utc_now,
        ),
    )
