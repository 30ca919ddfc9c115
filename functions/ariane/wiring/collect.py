"""Collect's service: everything over the slim client, nothing of boto3."""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

from ariane.adapters.aws.access_reader import DynamoAccessReader
from ariane.adapters.aws.event_log import DynamoEventLog
from ariane.adapters.aws.journal import LogJournal
from ariane.adapters.aws.meter import EmbeddedMeter
from ariane.adapters.aws.overflow import SqsOverflow
from ariane.adapters.aws.reject_counter import DynamoRejectCounter
from ariane.adapters.aws.rejects import DynamoRejectWriter
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_bucket import SignedBucket
from ariane.adapters.aws.signed_client import DYNAMODB, SQS, SSM, Protocol, SignedClient
from ariane.adapters.aws.usage import DynamoUsage
from ariane.events.acceptance import Acceptance
from ariane.events.collector import CollectKeys, Collector
from ariane.events.entrance import Entrance
from ariane.events.limits import Limiter
from ariane.events.model import LogItem
from ariane.events.rejects import BoundedRejects
from ariane.events.sources import SourceDirectory
from ariane.events.unknown_keys import UnknownKeys
from ariane.instants import utc_now
from ariane.settings import CollectSettings

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_AT_A_TIME = 16


def collector(
    settings: CollectSettings, connect: Callable[[Protocol], SignedClient], connect_bucket: Callable[[str], SignedBucket]
) -> Collector:
    """``connect`` makes the slim client of a service, ``connect_bucket`` that of a bucket by its name."""
    dynamodb = connect(DYNAMODB)
    retention = timedelta(days=settings.retention_days)
    writer = DynamoRejectWriter(dynamodb, table=settings.rejects_table, bucket=connect_bucket(settings.reject_bodies_bucket))
    rejects = BoundedRejects(writer, DynamoRejectCounter(dynamodb, table=settings.rejects_table), clock=utc_now)
    meter = EmbeddedMeter(sys.stdout, clock=utc_now, stage=settings.stage)
    ttl = timedelta(seconds=settings.definitions_ttl_seconds)
    sources = SourceDirectory(DynamoAccessReader(dynamodb, table=settings.access_table), clock=utc_now, ttl=ttl)
    return Collector(
        sources=sources,
        entrance=Entrance(
            sources=sources,
            limiter=Limiter(DynamoUsage(dynamodb.impatient(), table=settings.access_table), meter=meter),
            unknown_keys=UnknownKeys(LogJournal(sys.stdout), meter=meter),
            meter=meter,
        ),
        acceptance=Acceptance(
            log=DynamoEventLog(dynamodb, table=settings.events_table, retention=retention),
            overflow=SqsOverflow(connect(SQS), queue_url=settings.overflow_queue_url, retention=retention),
            rejects=rejects,
            meter=meter,
            for_each=several_at_a_time,
        ),
        rejects=rejects,
        keys=_read_once(settings, connect(SSM)),
        new_id=lambda: str(uuid4()),
        meter=meter,
        public_url=settings.public_url,
    )


def several_at_a_time(write: Callable[[LogItem], bool], items: Sequence[LogItem]) -> Iterable[bool]:
    """The first item on this thread: most requests are about one person and need no other."""
    if len(items) < 2:
        return map(write, items)
    rest = _pool().map(write, islice(items, 1, None))
    return [write(items[0]), *rest]


@cache
def _pool() -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(_AT_A_TIME)


def _read_once(settings: CollectSettings, ssm: SignedClient) -> Callable[[], CollectKeys]:
    @cache
    def keys() -> CollectKeys:
        person, link, signing = settings.person_key_parameter, settings.link_key_parameter, settings.signing_key_parameter
        secrets = read_secrets(ssm, [person, link, signing])
        return CollectKeys(person=secrets[person], link=secrets[link], signing=secrets[signing])

    return keys
