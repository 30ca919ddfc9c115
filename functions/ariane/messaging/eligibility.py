"""Whether a message may go, and the reason where not. Pure; the claim repeats what can change between this look and itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ariane.messaging.addresses import ReachableAt, is_deliverable
from ariane.messaging.brand import Topic
from ariane.messaging.model import Channel, MessageClass
from ariane.privacy.consents import Consent, ConsentQuestion, ConsentState
from ariane.profiles.model import Profile

MOST_IDENTIFIERS = 1_000
"""Each may have said something for the whole person, so each is asked: all but the devices at rest that are known to hold nothing. What has
more is no person, and is not decided on a part of it."""


class Skip(StrEnum):
    """Reasons of messages that were never claimed."""

    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    ADDRESS_TAKEN_APART = "address_taken_apart"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    EXITED = "exited"
    ENROLMENT_ENDED = "enrolment_ended"
    UNKNOWN_TOPIC = "unknown_topic"
    CHANNEL_NOT_ALLOWED = "channel_not_allowed"
    TOO_MANY_IDENTIFIERS = "too_many_identifiers"
    DEFINITION_MISSING = "definition_missing"
    NO_TEMPLATE = "no_template"
    RENDER_ERROR = "render_error"
    UNSAFE_LINK = "unsafe_link"
    NO_STOP_SUFFIX = "no_stop_suffix"
    SMS_TOO_LONG = "sms_too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    profile: Profile
    channel: Channel
    topic: Topic
    address: ReachableAt | None
    owner_ids: frozenset[str]
    """Every id of the identity that the address belongs to and under which it may have decided, where that is another; else empty."""
    is_apart: bool = False
    """Somebody took the two apart by hand: the address is not the profile's, whatever its traits state."""
    has_left: bool
    """The journey's exit event has happened, whether or not the run has heard of it."""

    @property
    def needs_grant(self) -> bool:
        return self.topic.message_class is MessageClass.MARKETING

    @property
    def is_too_large(self) -> bool:
        return len(self.profile.holder_ids) + len(self.owner_ids) > MOST_IDENTIFIERS


def question_of(candidate: Candidate) -> ConsentQuestion | None:
    """What the consents are asked; None: no answer would make a difference."""
    if candidate.address is None or not candidate.needs_grant or candidate.is_too_large:
        return None
    return ConsentQuestion(
        topic=candidate.topic.name,
        channel=str(candidate.channel),
        address_id=candidate.address.id,
        person_ids=frozenset({candidate.profile.id, *candidate.profile.holder_ids}),
        owner_ids=candidate.owner_ids,
    )


def reason_to_skip(candidate: Candidate, *, consents: Iterable[ConsentState], suppression: str | None) -> Skip | None:
    """The first reason in the order in which people would give them; None: it may go."""
    if candidate.has_left:
        return Skip.EXITED
    if candidate.channel not in candidate.topic.channels:
        return Skip.CHANNEL_NOT_ALLOWED
    if candidate.address is None:
        return Skip.NO_ADDRESS
    if candidate.is_apart:
        return Skip.ADDRESS_TAKEN_APART
    if not is_deliverable(candidate.address.value, candidate.channel):
        return Skip.INVALID_ADDRESS
    if suppression is not None:
        return Skip.SUPPRESSED
    return _without_grant(candidate, consents) if candidate.needs_grant else None


def _without_grant(candidate: Candidate, consents: Iterable[ConsentState]) -> Skip | None:
    question = question_of(candidate)
    if question is None:
        return Skip.TOO_MANY_IDENTIFIERS
    return None if question.answered_by(consents) is Consent.GRANTED else Skip.NO_CONSENT
