"""Heads and assertions."""

from datetime import timedelta

from ariane.identity.model import Assertion, Head
from ariane.identity.rules import Identifier
from tests.builders.profiles import NOON, prs


def head(text: str, *, version: int = 0, children: int = 0, is_identified: bool = False, minute: float = 0) -> Head:
    """The head of ``namespace:value`` as a plan names it."""
    return Head(
        person_id=prs(text),
        identifier=Identifier.parse(text),
        version=version,
        first_at=NOON + timedelta(minutes=minute),
        is_identified=is_identified,
        children=children,
    )


def assertion(*texts: str, minute: float = 0, message_id: str = "m1", is_trusted: bool = False) -> Assertion:
    return Assertion(
        identifiers=tuple(Identifier.parse(text) for text in texts),
        at=NOON + timedelta(minutes=minute),
        is_trusted=is_trusted,
        source="web",
        message_id=message_id,
        body_digest="d",
    )
