"""The journey function's service."""

from datetime import timedelta

from ariane.adapters.aws.definitions import DynamoDocuments, S3Versions
from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.journey_queue import SqsJourneyQueue
from ariane.adapters.aws.send_queue import SqsSendQueue
from ariane.definitions.store import Definitions
from ariane.instants import utc_now
from ariane.journeys.runner import Runner, World
from ariane.profiles.reader import ProfileReader
from ariane.settings import JourneySettings
from ariane.wiring.clients import client

PRODUCTION = "prod"


def journey_runner(settings: JourneySettings) -> Runner:
    dynamodb, sqs = client("dynamodb"), client("sqs")
    return Runner(
        World(
            runs=DynamoEnrolments(dynamodb, journeys_table=settings.journeys_table),
            profiles=ProfileReader(
                DynamoIdentities(dynamodb, table=settings.identities_table), DynamoFragments(dynamodb, table=settings.profiles_table)
            ),
            history=DynamoEventHistory(dynamodb, table=settings.events_table),
            definitions=Definitions(
                DynamoDocuments(dynamodb, table=settings.journeys_table),
                S3Versions(client("s3"), bucket=settings.definitions_bucket),
                ttl=timedelta(seconds=settings.definitions_ttl_seconds),
                clock=utc_now,
            ),
            journey_queue=SqsJourneyQueue(sqs, queue_url=settings.journey_queue_url),
            send_queue=SqsSendQueue(sqs, queue_url=settings.send_queue_url),
            clock=utc_now,
            wait_scale=checked_wait_scale(settings),
        )
    )


def checked_wait_scale(settings: JourneySettings) -> float:
    """Raises ValueError, so that the function does not start, where waits would be shortened for real customers."""
    if settings.wait_scale <= 0:
        raise ValueError("WAIT_SCALE must be above 0")
    if settings.wait_scale < 1 and settings.stage == PRODUCTION:
        raise ValueError("WAIT_SCALE below 1 is refused in production")
    return settings.wait_scale
