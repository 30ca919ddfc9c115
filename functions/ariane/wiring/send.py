"""The sender's service."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from functools import partial

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.definitions import DynamoDocuments, S3Versions
from ariane.adapters.aws.email_sender import SesEmailSender
from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.journey_queue import SqsJourneyQueue
from ariane.adapters.aws.ledger import DynamoLedger, DynamoSuppressions
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_client import SSM
from ariane.adapters.aws.sms_sender import SnsSmsSender
from ariane.definitions.store import Definitions
from ariane.instants import utc_now
from ariane.messaging.links import MessageLinks
from ariane.messaging.ports import SendPorts
from ariane.messaging.send import Sender
from ariane.profiles.reader import ProfileReader
from ariane.profiles.waking import awaken
from ariane.settings import SendSettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client


def sender(settings: SendSettings, environment: Mapping[str, str]) -> Sender:
    dynamodb = client("dynamodb")
    identities = DynamoIdentities(dynamodb, table=settings.identities_table)
    fragments = DynamoFragments(dynamodb, table=settings.profiles_table)
    names = [settings.person_key_parameter, settings.link_key_parameter]
    with closing(signed_client(SSM, environment)) as ssm:
        secrets = read_secrets(ssm, names)
    return Sender(
        SendPorts(
            profiles=ProfileReader(identities, fragments),
            heads=identities,
            awaken=partial(awaken, bundles=fragments),
            enrolments=DynamoEnrolments(dynamodb, journeys_table=settings.journeys_table),
            definitions=_definitions(settings),
            history=DynamoEventHistory(dynamodb, table=settings.events_table),
            consents=DynamoConsents(dynamodb, privacy_table=settings.privacy_table, identities_table=settings.identities_table),
            suppressions=DynamoSuppressions(dynamodb, messages_table=settings.messages_table),
            ledger=DynamoLedger(
                dynamodb,
                messages_table=settings.messages_table,
                journeys_table=settings.journeys_table,
                identities_table=settings.identities_table,
            ),
            emails=SesEmailSender(client("sesv2"), configuration_set=settings.configuration_set),
            texts=SnsSmsSender(client("sns")),
            outcomes=SqsJourneyQueue(client("sqs"), queue_url=settings.journey_queue_url),
            links=MessageLinks(key=secrets[settings.link_key_parameter], public_url=settings.public_url),
            person_key=secrets[settings.person_key_parameter],
            clock=utc_now,
        )
    )


def _definitions(settings: SendSettings) -> Definitions:
    return Definitions(
        DynamoDocuments(client("dynamodb"), table=settings.journeys_table),
        S3Versions(client("s3"), bucket=settings.definitions_bucket),
        ttl=timedelta(seconds=settings.definitions_ttl_seconds),
        clock=utc_now,
    )
