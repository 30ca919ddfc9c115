"""The unsubscribe pages' service."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.event_log import DynamoEventLog
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.secrets import read_secrets
from ariane.adapters.aws.signed_client import DYNAMODB, SSM
from ariane.instants import utc_now
from ariane.messaging.unsubscribe_endpoint import UnsubscribeEndpoint
from ariane.messaging.unsubscribing import UnsubscribePorts, Unsubscriber
from ariane.settings import LinksSettings
from ariane.wiring.clients import client
from ariane.wiring.signed_clients import signed_client


def unsubscribe_endpoint(settings: LinksSettings, environment: Mapping[str, str]) -> UnsubscribeEndpoint:
    dynamodb = client("dynamodb")
    with closing(signed_client(SSM, environment)) as ssm:
        secrets = read_secrets(ssm, [settings.link_key_parameter])
    ports = UnsubscribePorts(
        consents=DynamoConsents(dynamodb, privacy_table=settings.privacy_table, identities_table=settings.identities_table),
        identities=DynamoIdentities(dynamodb, table=settings.identities_table),
        log=DynamoEventLog(
            signed_client(DYNAMODB, environment), table=settings.events_table, retention=timedelta(days=settings.retention_days)
        ),
        clock=utc_now,
        link_key=secrets[settings.link_key_parameter],
    )
    return UnsubscribeEndpoint(Unsubscriber(ports))
