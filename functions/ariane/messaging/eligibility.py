"""Whether a message may go, and the reason where not. Pure; the claim repeats what can change between this look and itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ariane.messaging.addresses import ReachableAt, is_deliverable
from ariane.messaging.brand import Topic
from ariane.messaging.model import Channel, MessageClass
from ariane.privacy.consents import Consent, ConsentState, decide, ids_that_decide
from ariane.profiles.model import Profile


class Skip(StrEnum):
    """Reasons of messages that were never claimed."""

    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    EXITED = "exited"
    ENROLMENT_ENDED = "enrolment_ended"
    UNKNOWN_TOPIC = "unknown_topic"
    CHANNEL_NOT_ALLOWED = "channel_not_allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    profile: Profile
    channel: Channel
    topic: Topic
    address: ReachableAt | None
    has_left: bool
    """The journey's exit event has happened, whether or not the run has heard of it."""


def reason_to_skip(candidate: Candidate, *, consents: Iterable[ConsentState], suppression: str | None) -> Skip | None:
    """The first reason in the order in which people would give them; None: it may go."""
    address, topic = candidate.address, candidate.topic
    if candidate.has_left:
        return Skip.EXITED
    if candidate.channel not in topic.channels:
        return Skip.CHANNEL_NOT_ALLOWED
    if address is None:
        return Skip.NO_ADDRESS
    if not is_deliverable(address.value, candidate.channel):
        return Skip.INVALID_ADDRESS
    if suppression is not None:
        return Skip.SUPPRESSED
    return _without_consent(candidate, address, consents) if topic.message_class is MessageClass.MARKETING else None


def _without_consent(candidate: Candidate, address: ReachableAt, consents: Iterable[ConsentState]) -> Skip | None:
    ids = ids_that_decide(candidate.profile.identifiers, channel=candidate.channel, address_id=address.id)
    own = (state for state in consents if state.person_id in ids and state.concerns(candidate.topic.name, candidate.channel))
    return None if decide(own) is Consent.GRANTED else Skip.NO_CONSENT
