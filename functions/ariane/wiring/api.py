"""What the profile API reads from."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any

from ariane.adapters.aws.announcer import EventBridgeAnnouncer
from ariane.adapters.aws.background_queue import SqsBackgroundQueue
from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.enrolments import DynamoEnrolments
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.imports import DynamoObjects
from ariane.adapters.aws.ledger import DynamoLedger
from ariane.adapters.aws.reject_reader import DynamoRejectReader
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.segment_rows import DynamoSegmentRows
from ariane.adapters.aws.signed_client import SSM
from ariane.definitions.customer_view import CustomerView, CustomerViews
from ariane.definitions.store import CachedDocuments, default_time_zone
from ariane.identity.rules import Rules
from ariane.instants import utc_now
from ariane.messaging.brand import Brand
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.asked_person import Asking
from ariane.profiles.computing import Computing
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.homes import HomeReader
from ariane.profiles.identity_desk import IdentityDesk
from ariane.profiles.reader import ProfileReader
from ariane.profiles.unmerge_preview import UnmergePreview
from ariane.profiles.views import Sources
from ariane.settings import ApiSettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client

_RULES_TTL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What finds people, for everybody who asks."""

    identities: DynamoIdentities
    rules: Callable[[], Rules]
    key: Callable[[], bytes]
    directory: ProfileDirectory
    view: Callable[[], CustomerView]
    time_zone: Callable[[], str]
    """The brand's."""
    brand: Callable[[], Brand | None]


def people_of(settings: ApiSettings, environment: Mapping[str, str]) -> People:
    dynamodb = client("dynamodb")
    identities = DynamoIdentities(dynamodb, table=settings.identities_table)
    documents = CachedDocuments(DynamoDocuments(dynamodb, table=settings.journeys_table), ttl=_RULES_TTL, clock=utc_now)

    @cache
    def key() -> bytes:
        name = settings.person_key_parameter
        with closing(signed_client(SSM, environment)) as ssm:
            return read_secrets(ssm, [name])[name]

    def rules() -> Rules:
        return Rules.from_document(documents.document("identity"))

    reader = ProfileReader(identities, DynamoFragments(dynamodb, table=settings.profiles_table))
    return People(
        identities=identities,
        rules=rules,
        key=key,
        directory=ProfileDirectory(reader, identities, rules=rules, key=key),
        view=CustomerViews(documents).current,
        time_zone=partial(default_time_zone, documents),
        brand=lambda: Brand.from_document(document) if (document := documents.document("messaging")) else None,
    )


def identity_desk(settings: ApiSettings, people: People) -> IdentityDesk:
    return IdentityDesk(
        people.identities,
        people.directory,
        cache(partial(_aftermath, settings)),
        preview=_preview(settings, people),
        rules=people.rules,
        key=people.key,
        clock=utc_now,
    )


def _preview(settings: ApiSettings, people: People) -> UnmergePreview:
    dynamodb = client("dynamodb")
    log = DynamoEventHistory(dynamodb, table=settings.events_table)
    return UnmergePreview(log, DynamoEnrolments(dynamodb, journeys_table=settings.journeys_table), rules=people.rules, key=people.key)


def _aftermath(settings: ApiSettings) -> Aftermath:
    return Aftermath(
        SqsBackgroundQueue(client("sqs"), queue_url=settings.resolve_queue_url),
        EventBridgeAnnouncer(client("events"), bus=settings.bus_name),
    )


def api_sources(settings: ApiSettings, people: People) -> Sources:
    dynamodb = client("dynamodb")
    log = DynamoEventHistory(dynamodb, table=settings.events_table)
    homes = HomeReader(people.identities, rules=people.rules, key=people.key)
    consents = DynamoConsents(dynamodb, privacy_table=settings.privacy_table, identities_table=settings.identities_table)
    asking = Asking(
        view=people.view,
        rules=people.rules,
        log=log,
        homes=homes,
        whole=people.directory.profile,
        consents=consents.states,
        time_zone=people.time_zone,
    )
    return Sources(
        directory=people.directory,
        log=log,
        homes=homes,
        consents=consents,
        enrolments=DynamoEnrolments(dynamodb, journeys_table=settings.journeys_table),
        ledger=DynamoLedger(
            dynamodb,
            messages_table=settings.messages_table,
            journeys_table=settings.journeys_table,
            identities_table=settings.identities_table,
        ),
        rejects=reject_reader(settings),
        computing=Computing(asking=asking, clock=utc_now),
        memberships=DynamoSegmentRows(dynamodb, table=settings.profiles_table),
        clock=utc_now,
        brand=people.brand,
        product=partial(_product, DynamoObjects(dynamodb, table=settings.imports_table)),
    )


def _product(objects: DynamoObjects, key: str) -> Mapping[str, Any] | None:
    found = objects.get("products", key)
    return found.properties if found else None


def reject_reader(settings: ApiSettings) -> DynamoRejectReader:
    return DynamoRejectReader(client("dynamodb"), table=settings.rejects_table, s3=client("s3"), bucket=settings.reject_bodies_bucket)
