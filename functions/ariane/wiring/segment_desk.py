"""What the API tells about segments from, and starts backfills with."""

from functools import partial

from ariane.adapters.aws.backfills import DynamoBackfills
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.evaluate_queue import SqsEvaluateQueue
from ariane.adapters.aws.segment_counts import DynamoSegmentCounts
from ariane.adapters.aws.segment_rows import DynamoSegmentRows
from ariane.definitions.customer_view import CustomerViews
from ariane.instants import utc_now
from ariane.profiles.views import Sources
from ariane.segments.backfilling import BackfillDesk
from ariane.segments.desk import SegmentDesk
from ariane.settings import ApiSettings
from ariane.wiring.clients import client
from ariane.wiring.segments import backfill_desk


def segment_desk(settings: ApiSettings, sources: Sources) -> SegmentDesk:
    dynamodb = client("dynamodb")
    # Not from the cache: who asks may just have published.
    views = CustomerViews(DynamoDocuments(dynamodb, table=settings.journeys_table))
    return SegmentDesk(
        view=views.current,
        members=DynamoSegmentRows(dynamodb, table=settings.profiles_table),
        counts=DynamoSegmentCounts(dynamodb, table=settings.profiles_table),
        backfills=partial(backfill_desk, settings),
        directory=sources.directory,
        computing=sources.computing,
        consents=sources.consents,
        clock=utc_now,
    )


def _backfills(settings: ApiSettings, views: CustomerViews) -> BackfillDesk:
    store = DynamoBackfills(client("dynamodb"), table=settings.profiles_table)
    queue = SqsEvaluateQueue(client("sqs"), queue_url=settings.evaluate_queue_url)
    return BackfillDesk(store, queue, view=views.current, clock=utc_now)
