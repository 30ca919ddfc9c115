"""Stitch's service."""

import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from ariane.adapters.aws.announcer import EventBridgeAnnouncer
from ariane.adapters.aws.at_a_time import ten_at_a_time
from ariane.adapters.aws.background_queue import SqsBackgroundQueue
from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.evaluate_queue import SqsEvaluateQueue
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.event_items import log_item_of
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.reject_counter import DynamoRejectCounter
from ariane.adapters.aws.rejects import DynamoRejectWriter
from ariane.adapters.aws.replay_queue import SqsReplayQueue
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_client import DYNAMODB, SSM
from ariane.definitions.customer_view import CustomerViews
from ariane.definitions.store import CachedDocuments, DocumentReader
from ariane.events.rejects import BoundedRejects
from ariane.identity.rules import Rules
from ariane.instants import utc_now
from ariane.profiles.announcing import Interest
from ariane.profiles.contention import LateLinks, links_of
from ariane.profiles.homes import HomeReader
from ariane.profiles.one_person import merges_of, stitch_person
from ariane.profiles.parking import RejectParking
from ariane.profiles.replaying import Replay
from ariane.profiles.stitching import StitchDefinitions, Stitcher, Stores
from ariane.profiles.stream import StreamReader
from ariane.segments.asking import EvaluationAsker
from ariane.settings import StitchSettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client


@dataclass(frozen=True, slots=True)
class StitchService:
    reader: StreamReader
    stitcher: Stitcher
    replay: Replay


def stitch_service(settings: StitchSettings, environment: Mapping[str, str]) -> StitchService:
    dynamodb = client("dynamodb")
    with closing(signed_client(SSM, environment)) as ssm:
        key = read_secrets(ssm, [settings.person_key_parameter])[settings.person_key_parameter]
    stores = _stores(settings)
    slim = signed_client(DYNAMODB, environment)
    # All that is parked is kept: the log's keys are small, and who sends an event cannot make it poison.
    counted = BoundedRejects(
        DynamoRejectWriter(slim, table=settings.rejects_table),
        DynamoRejectCounter(slim, table=settings.rejects_table),
        clock=utc_now,
        daily=sys.maxsize,
    )
    parking = RejectParking(counted, clock=utc_now)
    background = SqsBackgroundQueue(client("sqs"), queue_url=settings.resolve_queue_url)
    replays = SqsReplayQueue(client("sqs"), queue_url=settings.replay_queue_url)
    ttl = timedelta(seconds=settings.definitions_ttl_seconds)
    documents = CachedDocuments(DynamoDocuments(dynamodb, table=settings.journeys_table), ttl=ttl, clock=utc_now)
    definitions, announcer = published(documents), EventBridgeAnnouncer(client("events"), bus=settings.bus_name)
    homes = HomeReader(stores.identities, rules=lambda: definitions().rules, key=lambda: key)
    views, evaluate = CustomerViews(documents), SqsEvaluateQueue(client("sqs"), queue_url=settings.evaluate_queue_url)
    asker = EvaluationAsker(evaluate, view=views.current, rules=lambda: definitions().rules, key=lambda: key, homes=homes)
    stitcher = Stitcher(
        person=partial(stitch_person, stores=stores, key=key, background=background, late=replays),
        merges=partial(merges_of, stores=stores, key=key, background=background),
        fragments=stores.fragments,
        announcer=announcer,
        parking=parking,
        definitions=definitions,
        evaluations=asker.ask,
    )
    links = LateLinks(
        links=partial(links_of, stores=stores, key=key, background=background),
        announcer=announcer,
        definitions=definitions,
        queue=replays,
    )
    return StitchService(StreamReader(log_item_of, parking), stitcher, Replay(stitcher, stores.log, parking, links))


def _stores(settings: StitchSettings) -> Stores:
    dynamodb = client("dynamodb")
    return Stores(
        each=ten_at_a_time,
        identities=DynamoIdentities(dynamodb, table=settings.identities_table),
        fragments=DynamoFragments(dynamodb, table=settings.profiles_table),
        log=DynamoEventHistory(dynamodb, table=settings.events_table),
        consents=DynamoConsents(
            dynamodb,
            privacy_table=settings.privacy_table,
            identities_table=settings.identities_table,
            profiles_table=settings.profiles_table,
        ),
    )


def published(documents: DocumentReader) -> Callable[[], StitchDefinitions]:
    views = CustomerViews(documents)

    def definitions() -> StitchDefinitions:
        rules = Rules.from_document(documents.document("identity"))
        interest = Interest.from_document(documents.document("interest"))
        return StitchDefinitions(rules=rules, interest=interest, observing=views.current().observing)

    return definitions
