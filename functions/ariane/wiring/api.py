"""What the profile API reads from."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from functools import cache

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.ledger import DynamoLedger
from ariane.adapters.aws.reject_reader import DynamoRejectReader
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_client import SSM
from ariane.definitions.store import CachedDocuments
from ariane.identity.rules import Rules
from ariane.instants import utc_now
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.reader import ProfileReader
from ariane.profiles.views import Sources
from ariane.settings import ApiSettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client

_RULES_TTL = timedelta(minutes=1)


def api_sources(settings: ApiSettings, environment: Mapping[str, str]) -> Sources:
    dynamodb = client("dynamodb")
    identities = DynamoIdentities(dynamodb, table=settings.identities_table)
    return Sources(
        directory=_directory(settings, environment, identities),
        log=DynamoEventHistory(dynamodb, table=settings.events_table),
        history=identities,
        consents=DynamoConsents(dynamodb, privacy_table=settings.privacy_table, identities_table=settings.identities_table),
        enrolments=DynamoEnrolments(dynamodb, journeys_table=settings.journeys_table),
        ledger=DynamoLedger(
            dynamodb,
            messages_table=settings.messages_table,
            journeys_table=settings.journeys_table,
            identities_table=settings.identities_table,
        ),
        rejects=reject_reader(settings),
        clock=utc_now,
    )


def reject_reader(settings: ApiSettings) -> DynamoRejectReader:
    return DynamoRejectReader(client("dynamodb"), table=settings.rejects_table, s3=client("s3"), bucket=settings.reject_bodies_bucket)


def _directory(settings: ApiSettings, environment: Mapping[str, str], identities: DynamoIdentities) -> ProfileDirectory:
    dynamodb = client("dynamodb")
    documents = CachedDocuments(DynamoDocuments(dynamodb, table=settings.journeys_table), ttl=_RULES_TTL, clock=utc_now)

    @cache
    def key() -> bytes:
        name = settings.person_key_parameter
        with closing(signed_client(SSM, environment)) as ssm:
            return read_secrets(ssm, [name])[name]

    return ProfileDirectory(
        ProfileReader(identities, DynamoFragments(dynamodb, table=settings.profiles_table)),
        rules=lambda: Rules.from_document(documents.document("identity")),
        key=key,
    )
