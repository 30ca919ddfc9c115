"""The tick's service: due waits to the journey queue, undecided messages settled."""

from dataclasses import dataclass
from datetime import timedelta

from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.journey_queue import SqsJourneyQueue
from ariane.adapters.aws.ledger import DynamoLedger
from ariane.instants import Clock, utc_now
from ariane.journeys.ports import DueIndex, JourneyQueue
from ariane.journeys.tick import hand_over_due
from ariane.messaging.ledger import Ledger
from ariane.messaging.settle import Swept, sweep
from ariane.settings import TickSettings
from ariane.wiring.clients import client


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    index: DueIndex
    queue: JourneyQueue
    ledger: Ledger
    clock: Clock
    horizon: timedelta

    def hand_over_due(self) -> int:
        return hand_over_due(self.index, self.queue, clock=self.clock, horizon=self.horizon)

    def settle_messages(self) -> Swept:
        return sweep(self.ledger, self.clock())


def tick(settings: TickSettings) -> Tick:
    dynamodb = client("dynamodb")
    # The sweep moves entries; only claims, which the tick makes none of, look at identities.
    return Tick(
        index=DynamoEnrolments(dynamodb, journeys_table=settings.journeys_table),
        queue=SqsJourneyQueue(client("sqs"), queue_url=settings.journey_queue_url),
        ledger=DynamoLedger(dynamodb, messages_table=settings.messages_table, journeys_table=settings.journeys_table, identities_table=""),
        clock=utc_now,
        horizon=timedelta(seconds=settings.tick_horizon_seconds),
    )
