"""What takes imports in, and what people ask about them: the collector's own acceptance, over its own stores."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from functools import cache

from ariane.adapters.aws.access_reader import DynamoAccessReader
from ariane.adapters.aws.at_a_time import ten_at_a_time
from ariane.adapters.aws.event_log import DynamoEventLog
from ariane.adapters.aws.import_files import S3Reports, S3Uploads
from ariane.adapters.aws.import_queue import SqsImportQueue
from ariane.adapters.aws.imports import DynamoImports, DynamoObjects
from ariane.adapters.aws.meter import EmbeddedMeter
from ariane.adapters.aws.overflow import SqsOverflow
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_client import DYNAMODB, SQS, SSM
from ariane.events.sources import SourceDirectory
from ariane.imports.desk import ImportDesk
from ariane.imports.importing import Importer, ImportPorts
from ariane.imports.model import BusinessObject
from ariane.instants import utc_now
from ariane.settings import ApiSettings, ImportsSettings
from ariane.wiring.clients import client
from ariane.wiring.collect import several_at_a_time
from ariane.wiring.signed_clients import signed_client

_DEFINITIONS_TTL = timedelta(seconds=5)
"""Who published the source a moment ago imports now."""


def importer(settings: ImportsSettings, environment: Mapping[str, str]) -> Importer:
    slim, dynamodb, s3 = signed_client(DYNAMODB, environment), client("dynamodb"), client("s3")
    retention = timedelta(days=settings.retention_days)

    @cache
    def person_key() -> bytes:
        name = settings.person_key_parameter
        with closing(signed_client(SSM, environment)) as ssm:
            return read_secrets(ssm, [name])[name]

    return Importer(
        ImportPorts(
            imports=DynamoImports(dynamodb, table=settings.imports_table),
            uploads=S3Uploads(s3, bucket=settings.imports_bucket),
            reports=S3Reports(s3, bucket=settings.imports_bucket),
            objects=DynamoObjects(dynamodb, table=settings.imports_table),
            queue=SqsImportQueue(client("sqs"), queue_url=settings.imports_queue_url),
            log=DynamoEventLog(slim, table=settings.events_table, retention=retention),
            overflow=SqsOverflow(signed_client(SQS, environment), queue_url=settings.overflow_queue_url, retention=retention),
            meter=EmbeddedMeter(sys.stdout, clock=utc_now, stage=settings.stage),
            sources=SourceDirectory(DynamoAccessReader(slim, table=settings.access_table), clock=utc_now, ttl=_DEFINITIONS_TTL),
            person_key=person_key,
            clock=utc_now,
            for_each=several_at_a_time,
            each_object=_ten_objects,
        )
    )


def import_desk(settings: ApiSettings, environment: Mapping[str, str]) -> ImportDesk:
    slim, dynamodb, s3 = signed_client(DYNAMODB, environment), client("dynamodb"), client("s3")
    return ImportDesk(
        DynamoImports(dynamodb, table=settings.imports_table),
        S3Uploads(s3, bucket=settings.imports_bucket),
        S3Reports(s3, bucket=settings.imports_bucket),
        DynamoObjects(dynamodb, table=settings.imports_table),
        SqsImportQueue(client("sqs"), queue_url=settings.imports_queue_url),
        sources=SourceDirectory(DynamoAccessReader(slim, table=settings.access_table), clock=utc_now, ttl=_DEFINITIONS_TTL),
        clock=utc_now,
    )


def _ten_objects(put: Callable[[BusinessObject], bool], objects: Sequence[BusinessObject]) -> list[bool]:
    return list(ten_at_a_time(put, objects))
