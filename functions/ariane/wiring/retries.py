"""What the API tries refusals again with: the collector's own acceptance, over its own stores."""

import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from functools import cache

from ariane.adapters.aws.access_reader import DynamoAccessReader
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.event_log import DynamoEventLog
from ariane.adapters.aws.meter import EmbeddedMeter
from ariane.adapters.aws.overflow import SqsOverflow
from ariane.adapters.aws.rejects import DynamoRejectWriter
from ariane.adapters.aws.replay_queue import SqsReplayQueue
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_client import DYNAMODB, SQS, SSM
from ariane.events.acceptance import Acceptance
from ariane.events.retrying import Retries
from ariane.events.sources import SourceDirectory
from ariane.instants import utc_now
from ariane.settings import ApiSettings
from ariane.wiring.api import reject_reader
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_bucket, signed_client

_DEFINITIONS_TTL = timedelta(seconds=5)
"""Who mended a source or a rule tries again at once."""


def retries_of(settings: ApiSettings, environment: Mapping[str, str]) -> Retries:
    slim = signed_client(DYNAMODB, environment)
    retention = timedelta(days=settings.retention_days)
    bucket = signed_bucket(settings.reject_bodies_bucket, environment)

    @cache
    def person_key() -> bytes:
        name = settings.person_key_parameter
        with closing(signed_client(SSM, environment)) as ssm:
            return read_secrets(ssm, [name])[name]

    return Retries(
        rejects=reject_reader(settings),
        sources=SourceDirectory(DynamoAccessReader(slim, table=settings.access_table), clock=utc_now, ttl=_DEFINITIONS_TTL),
        acceptance=Acceptance(
            log=DynamoEventLog(slim, table=settings.events_table, retention=retention),
            overflow=SqsOverflow(signed_client(SQS, environment), queue_url=settings.overflow_queue_url, retention=retention),
            # Not bounded: a person asked for it.
            rejects=DynamoRejectWriter(slim, table=settings.rejects_table, bucket=bucket),
            meter=EmbeddedMeter(sys.stdout, clock=utc_now, stage=settings.stage),
        ),
        log=DynamoEventHistory(client("dynamodb"), table=settings.events_table),
        replays=SqsReplayQueue(client("sqs"), queue_url=settings.replay_queue_url),
        person_key=person_key,
        clock=utc_now,
    )
