"""The background's service."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta

from ariane.adapters.aws.announcer import EventBridgeAnnouncer
from ariane.adapters.aws.at_a_time import ten_at_a_time
from ariane.adapters.aws.background_queue import SqsBackgroundQueue
from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.evaluate_queue import SqsEvaluateQueue
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.holdings import DynamoHoldings
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_client import SSM
from ariane.definitions.customer_view import CustomerViews
from ariane.definitions.store import CachedDocuments
from ariane.identity.background import resolve_cluster
from ariane.identity.model import Transition
from ariane.identity.rules import Rules
from ariane.instants import utc_now
from ariane.profiles.background import BackgroundWorker
from ariane.profiles.refolding import RefoldReport, refold
from ariane.profiles.sealing import Sealer
from ariane.profiles.stitching import Stores
from ariane.settings import ResolveSettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client


def background_worker(settings: ResolveSettings, environment: Mapping[str, str]) -> BackgroundWorker:
    dynamodb = client("dynamodb")
    with closing(signed_client(SSM, environment)) as ssm:
        key = read_secrets(ssm, [settings.person_key_parameter])[settings.person_key_parameter]
    identities = DynamoIdentities(dynamodb, table=settings.identities_table)
    fragments = DynamoFragments(dynamodb, table=settings.profiles_table)
    stores = Stores(
        identities=identities,
        fragments=fragments,
        log=DynamoEventHistory(dynamodb, table=settings.events_table),
        consents=DynamoConsents(
            dynamodb,
            privacy_table=settings.privacy_table,
            identities_table=settings.identities_table,
            profiles_table=settings.profiles_table,
        ),
    )
    ttl = timedelta(seconds=settings.definitions_ttl_seconds)
    documents = CachedDocuments(DynamoDocuments(dynamodb, table=settings.journeys_table), ttl=ttl, clock=utc_now)

    def rules() -> Rules:
        return Rules.from_document(documents.document("identity"))

    views = CustomerViews(documents)

    def refolded(partition: str) -> RefoldReport:
        return refold(partition, stores=stores, key=key, rules=rules(), observing=views.current().observing)

    def resolved(cluster: str) -> Transition:
        return resolve_cluster(identities, key, cluster, rules(), at=utc_now(), each=ten_at_a_time)

    return BackgroundWorker(
        resolve=resolved,
        seal=Sealer(identities, fragments, _holdings(settings), rules=rules, clock=utc_now).seal,
        refold=refolded,
        changes=identities,
        announcer=EventBridgeAnnouncer(client("events"), bus=settings.bus_name),
        queue=SqsBackgroundQueue(client("sqs"), queue_url=settings.resolve_queue_url),
        evaluations=SqsEvaluateQueue(client("sqs"), queue_url=settings.evaluate_queue_url),
    )


def _holdings(settings: ResolveSettings) -> DynamoHoldings:
    return DynamoHoldings(
        client("dynamodb"),
        journeys_table=settings.journeys_table,
        messages_table=settings.messages_table,
        privacy_table=settings.privacy_table,
    )
