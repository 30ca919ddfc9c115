"""The lake function's service, from its settings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from functools import cache

from ariane.adapters.aws.at_a_time import ten_at_a_time
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.event_items import log_item_of
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.lake import S3Lake, SqsLandQueue
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_client import SSM
from ariane.definitions.store import CachedDocuments
from ariane.events.model import LogItem
from ariane.identity.rules import Rules
from ariane.instants import utc_now
from ariane.lake.landing import LakePorts, Lander
from ariane.lake.messages import ItemLater
from ariane.lake.moving import Mover
from ariane.lake.service import LakeService, ParkedByStitch
from ariane.profiles.homes import HomeReader
from ariane.profiles.stream import StreamReader
from ariane.settings import LakeSettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client


def lake_service(settings: LakeSettings, environment: Mapping[str, str]) -> LakeService:
    dynamodb = client("dynamodb")
    identities = DynamoIdentities(dynamodb, table=settings.identities_table)
    log = DynamoEventHistory(dynamodb, table=settings.events_table)
    ttl = timedelta(seconds=settings.definitions_ttl_seconds)
    documents = CachedDocuments(DynamoDocuments(dynamodb, table=settings.journeys_table), ttl=ttl, clock=utc_now)

    @cache
    def key() -> bytes:
        """Asked for only where events of a partition may be another's: most instances never do."""
        name = settings.person_key_parameter
        with closing(signed_client(SSM, environment)) as ssm:
            return read_secrets(ssm, [name])[name]

    ports = LakePorts(
        lake=S3Lake(client("s3"), bucket=settings.lake_bucket),
        queue=SqsLandQueue(client("sqs"), queue_url=settings.land_queue_url, patience=settings.land_patience),
        # A fragment that covers an item was written after the item's links; the heads are read after it, and never lag.
        fragments=DynamoFragments(dynamodb, table=settings.profiles_table, may_lag=True),
        identities=identities,
        homes=HomeReader(identities, rules=lambda: Rules.from_document(documents.document("identity")), key=key),
        log=log,
        clock=utc_now,
    )
    lander = Lander(ports)
    mover = Mover(lander=lander, lake=ports.lake, queue=ports.queue, identities=identities, log=log, clock=utc_now)

    def items(later: Sequence[ItemLater]) -> Iterator[LogItem | None]:
        return ten_at_a_time(lambda each: log.get(each.person_id, each.sort), later)

    return LakeService(StreamReader(log_item_of, ParkedByStitch()), lander, mover, items)
