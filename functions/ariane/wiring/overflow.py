from collections.abc import Callable

from ariane.adapters.aws.overflow import OverflowDrain
from ariane.adapters.aws.signed_client import DYNAMODB, Protocol, SignedClient
from ariane.settings import OverflowSettings


def drain(settings: OverflowSettings, connect: Callable[[Protocol], SignedClient]) -> OverflowDrain:
    """``connect`` makes the slim client of a service."""
    return OverflowDrain(connect(DYNAMODB), table=settings.events_table)
