"""The journey function's service."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from functools import cache, partial

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.definitions import DynamoDocuments, S3Versions
from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.journey_queue import SqsJourneyQueue
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.send_queue import SqsSendQueue
from ariane.adapters.aws.signed_client import SSM
from ariane.definitions.customer_view import CustomerViews
from ariane.definitions.store import Definitions, default_time_zone
from ariane.identity.rules import Rules
from ariane.instants import utc_now
from ariane.journeys.runner import Runner
from ariane.journeys.unmerging import EntryHomes
from ariane.journeys.world import World
from ariane.profiles.asked_person import Asking
from ariane.profiles.homes import HomeReader
from ariane.profiles.reader import ProfileReader
from ariane.profiles.waking import awaken
from ariane.settings import JourneySettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client

PRODUCTION = "prod"


def journey_runner(settings: JourneySettings, environment: Mapping[str, str]) -> Runner:
    dynamodb, sqs = client("dynamodb"), client("sqs")
    identities = DynamoIdentities(dynamodb, table=settings.identities_table)
    fragments = DynamoFragments(dynamodb, table=settings.profiles_table)
    history = DynamoEventHistory(dynamodb, table=settings.events_table)
    definitions = _definitions(settings)

    @cache
    def key() -> bytes:
        with closing(signed_client(SSM, environment)) as ssm:
            return read_secrets(ssm, [settings.person_key_parameter])[settings.person_key_parameter]

    def rules() -> Rules:
        return Rules.from_document(definitions.document("identity"))

    profiles = ProfileReader(identities, fragments)
    homes = HomeReader(identities, rules=rules, key=key)
    return Runner(
        World(
            runs=DynamoEnrolments(dynamodb, journeys_table=settings.journeys_table),
            profiles=profiles,
            homes=EntryHomes(history, identities, rules=rules, key=key),
            history=history,
            definitions=definitions,
            journey_queue=SqsJourneyQueue(sqs, queue_url=settings.journey_queue_url),
            send_queue=SqsSendQueue(sqs, queue_url=settings.send_queue_url),
            clock=utc_now,
            about=_asking(settings, definitions, profiles, homes, rules).about,
            awaken=partial(awaken, bundles=fragments),
            wait_scale=checked_wait_scale(settings),
        )
    )


def _asking(
    settings: JourneySettings, definitions: Definitions, profiles: ProfileReader, homes: HomeReader, rules: Callable[[], Rules]
) -> Asking:
    dynamodb = client("dynamodb")
    return Asking(
        view=CustomerViews(definitions).current,
        rules=rules,
        log=DynamoEventHistory(dynamodb, table=settings.events_table),
        homes=homes,
        whole=profiles.snapshot,
        consents=DynamoConsents(dynamodb, privacy_table=settings.privacy_table, identities_table=settings.identities_table).states,
        time_zone=lambda: default_time_zone(definitions),
    )


def _definitions(settings: JourneySettings) -> Definitions:
    return Definitions(
        DynamoDocuments(client("dynamodb"), table=settings.journeys_table),
        S3Versions(client("s3"), bucket=settings.definitions_bucket),
        ttl=timedelta(seconds=settings.definitions_ttl_seconds),
        clock=utc_now,
    )


def checked_wait_scale(settings: JourneySettings) -> float:
    """Raises ValueError, so that the function does not start, where waits would be shortened for real customers."""
    if settings.wait_scale <= 0:
        raise ValueError("WAIT_SCALE must be above 0")
    if settings.wait_scale < 1 and settings.stage == PRODUCTION:
        raise ValueError("WAIT_SCALE below 1 is refused in production")
    return settings.wait_scale
