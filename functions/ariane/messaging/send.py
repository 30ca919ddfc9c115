"""Sending one message of the send queue: look, claim, hand over once, keep what came of it, tell the journey.

Marketing is handed over at most once: a claim without a result is ``unclear``, and the provider's event or the sweep settles it.
Transactional is handed over at least once: such a claim is taken again. After a crash between any two calls the queue delivers its message
again, and every path ends with the outcome reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from ariane.errors import NotFound, Permanent, Retryable
from ariane.events.log import EventHistory
from ariane.identity.rules import Rules
from ariane.instants import Clock
from ariane.journeys.enrolment import Enrolment
from ariane.journeys.enrolment import Status as RunStatus
from ariane.journeys.exits import ExitSearch
from ariane.journeys.graph import read_journey
from ariane.messaging.addresses import ReachableAt, address_of
from ariane.messaging.brand import Brand, Topic
from ariane.messaging.composing import Material, compose
from ariane.messaging.eligibility import Candidate, Skip, reason_to_skip
from ariane.messaging.ledger import Claim, ClaimResult, Ledger, RunningEnrolment, Suppressions, claimable
from ariane.messaging.links import MessageLinks
from ariane.messaging.model import FINAL, LedgerEntry, MessageClass, Outcome, SendRequest, Status
from ariane.messaging.segments import segments_of
from ariane.messaging.senders import Email, EmailSender, OutcomeUnknown, Sms, SmsSender
from ariane.privacy.consents import ConsentStore
from ariane.profiles.model import Profile

CLAIM_HELD = timedelta(seconds=30)
"""A younger claim may still be at work in another invocation: longer than the function's time-out, shorter than the queue's patience."""
_ATTEMPTS = 5


class Profiles(Protocol):
    def snapshot(self, person_id: str) -> Profile: ...


class Enrolments(Protocol):
    def get(self, profile: str, sort: str) -> Enrolment | None: ...


class Definitions(Protocol):
    def document(self, name: str) -> Mapping[str, Any] | None: ...

    def journey(self, name: str, version: str) -> Mapping[str, Any]: ...


class Outcomes(Protocol):
    def report(self, outcome: Outcome) -> None:
        """To the journey queue; at least once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPorts:
    profiles: Profiles
    enrolments: Enrolments
    definitions: Definitions
    history: EventHistory
    consents: ConsentStore
    suppressions: Suppressions
    ledger: Ledger
    emails: EmailSender
    texts: SmsSender
    outcomes: Outcomes
    links: MessageLinks
    person_key: bytes
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """An entry to write: to claim with what is to be handed over, or to skip."""

    entry: LedgerEntry
    message: Email | Sms | None = None
    heads: Mapping[str, int] = field(default_factory=dict)


class Sender:
    def __init__(self, ports: SendPorts) -> None:
        self._ports = ports

    def deliver(self, request: SendRequest) -> LedgerEntry:
        """The entry that stands in the end, whose outcome has been reported. Raises Retryable where the request is to come again."""
        for _ in range(_ATTEMPTS):
            entry = self._attempt(request)
            if entry is not None:
                self._ports.outcomes.report(_outcome(request, entry))
                return entry
        raise Retryable("profile_keeps_changing", "the profile changed between every look and claim")

    def _attempt(self, request: SendRequest) -> LedgerEntry | None:
        """None: something changed between look and claim; look again."""
        profile = self._ports.profiles.snapshot(request.profile)
        standing = self._standing(request, profile)
        if standing is not None and not self._may_claim(standing):
            return self._settled(standing)
        decision = self._decide(request, profile, standing)
        if decision.message is None:
            return decision.entry if self._ports.ledger.skip(decision.entry) else self._claimed_by_now(standing)
        claim = Claim(
            entry=decision.entry,
            enrolment=RunningEnrolment(profile=request.profile, enrolment=request.enrolment, node=request.node, visit=request.visit),
            heads=decision.heads,
        )
        if self._ports.ledger.claim(claim) is not ClaimResult.CLAIMED:
            return None
        return self._hand_over(decision.entry, decision.message)

    # what stands already

    def _standing(self, request: SendRequest, profile: Profile) -> LedgerEntry | None:
        """Under any id of the profile: an absorbed profile's claim stands. Of several, the one that got furthest from being sent again."""
        found = self._ports.ledger.find(request.message_id, {profile.id, request.profile, *profile.member_ids})
        return max(found, key=lambda entry: (not self._may_claim(entry), entry.at), default=None)

    def _may_claim(self, entry: LedgerEntry) -> bool:
        return entry.status in claimable(entry.message_class) and entry.reason != FINAL and not self._is_held(entry)

    def _is_held(self, entry: LedgerEntry) -> bool:
        return entry.status is Status.CLAIMED and self._ports.clock() - entry.at < CLAIM_HELD

    def _settled(self, entry: LedgerEntry) -> LedgerEntry:
        if self._is_held(entry):
            raise Retryable("claim_in_flight", "another invocation may be sending this message now")
        if entry.status is Status.CLAIMED:
            self._ports.ledger.move(entry, Status.UNCLEAR)
            return replace(entry, status=Status.UNCLEAR)
        return entry

    def _claimed_by_now(self, standing: LedgerEntry | None) -> LedgerEntry | None:
        """A transactional claim that may be taken again cannot be skipped: what it says stands."""
        return self._unclear(standing) if standing is not None and standing.status is not Status.REOPENED else None

    def _unclear(self, entry: LedgerEntry) -> LedgerEntry:
        self._ports.ledger.move(entry, Status.UNCLEAR)
        return replace(entry, status=Status.UNCLEAR)

    # the decision

    def _decide(self, request: SendRequest, profile: Profile, standing: LedgerEntry | None) -> _Decision:
        brand = self._brand()
        topic = brand.topics.get(request.topic)
        address = address_of(profile, request.channel, rules=self._rules(), key=self._ports.person_key)
        entry = self._entry(request, profile_id=standing.profile if standing else profile.id, topic=topic, address=address)
        run = self._ports.enrolments.get(request.profile, request.enrolment)
        if run is None or not run.is_running or (run.node, run.visit) != (request.node, request.visit):
            return _skipped(entry, Skip.EXITED if run and run.status is RunStatus.EXITED else Skip.ENROLMENT_ENDED)
        if topic is None:
            return _skipped(entry, Skip.UNKNOWN_TOPIC)
        try:
            version = self._ports.definitions.journey(request.journey, request.version)
        except NotFound as error:
            return _skipped(entry, error.code)
        heads = self._heads(profile, address)
        reason = self._reason(
            Candidate(
                profile=profile, channel=request.channel, topic=topic, address=address, has_left=self._has_left(version, run, profile)
            )
        )
        if reason is not None or address is None:
            return _skipped(entry, reason or Skip.NO_ADDRESS)
        material = Material(
            brand=brand,
            topic=topic,
            version=version,
            traits=profile.traits,
            fact=run.fact,
            address=address,
            links=self._ports.links,
            now=entry.at,
        )
        return _composed(entry, material, heads)

    def _heads(self, profile: Profile, address: ReachableAt | None) -> Mapping[str, int]:
        """An address that the traits state may belong to another identity: what its owner decides raises that one's head. Read before the
        consents, so that no decision falls between."""
        if address is None or address.id in (profile.id, *profile.member_ids):
            return {profile.id: profile.version}
        owner = self._ports.profiles.snapshot(address.id)
        return {owner.id: owner.version, profile.id: profile.version}

    def _has_left(self, version: Mapping[str, Any], run: Enrolment, profile: Profile) -> bool:
        """The exit may have been stitched already while its message still waits in the journey queue."""
        leaving = read_journey(version["definition"]).exit
        search = ExitSearch(self._ports.history)
        return search.has_left(leaving, profile, key=run.key, entered=run.entry_time, now=self._ports.clock())

    def _reason(self, candidate: Candidate) -> Skip | None:
        address = candidate.address
        suppression = self._ports.suppressions.reason(address.id) if address else None
        needs_grant = address is not None and candidate.topic.message_class is MessageClass.MARKETING
        ids = {candidate.profile.id, *candidate.profile.member_ids, address.id} if needs_grant and address else set[str]()
        return reason_to_skip(candidate, consents=self._ports.consents.states(ids), suppression=suppression)

    def _entry(self, request: SendRequest, *, profile_id: str, topic: Topic | None, address: ReachableAt | None) -> LedgerEntry:
        return LedgerEntry(
            profile=profile_id,
            id=request.message_id,
            channel=request.channel,
            template=request.template,
            journey=request.journey,
            version=request.version,
            node=request.node,
            topic=request.topic,
            message_class=topic.message_class if topic else MessageClass.MARKETING,
            status=Status.CLAIMED,
            at=_to_millisecond(self._ports.clock()),
            address_id=address.id if address else None,
        )

    def _brand(self) -> Brand:
        document = self._ports.definitions.document("messaging")
        if document is None:
            raise Retryable("nothing_published", "the brand's settings of messages are not published yet")
        return Brand.from_document(document)

    def _rules(self) -> Rules:
        return Rules.from_document(self._ports.definitions.document("identity"))

    # the provider

    def _hand_over(self, entry: LedgerEntry, message: Email | Sms) -> LedgerEntry:
        ledger = self._ports.ledger
        try:
            provider_id = self._ports.emails.send(message) if isinstance(message, Email) else self._ports.texts.send(message)
        except OutcomeUnknown:
            unclear = self._unclear(entry)
            if entry.message_class is MessageClass.TRANSACTIONAL:
                raise
            return unclear
        except Retryable:
            ledger.move(entry, Status.REOPENED)
            raise
        except Permanent as error:
            return self._failed(entry, error.code)
        ledger.move(entry, Status.SENT, provider_id=provider_id)
        return replace(entry, status=Status.SENT, provider_id=provider_id)

    def _failed(self, entry: LedgerEntry, reason: str) -> LedgerEntry:
        if reason == "opted_out" and entry.address_id:
            self._ports.suppressions.suppress(entry.address_id, reason=reason, at=entry.at)
        self._ports.ledger.move(entry, Status.FAILED, reason=reason)
        return replace(entry, status=Status.FAILED, reason=reason)


def _composed(entry: LedgerEntry, material: Material, heads: Mapping[str, int]) -> _Decision:
    try:
        message = compose(entry, material)
    except Permanent as error:
        return _skipped(entry, error.code)
    segments = segments_of(message.text).count if isinstance(message, Sms) else None
    return _Decision(entry=replace(entry, segments=segments), message=message, heads=heads)


def _skipped(entry: LedgerEntry, reason: str) -> _Decision:
    return _Decision(entry=replace(entry, status=Status.SKIPPED, reason=str(reason)))


def _outcome(request: SendRequest, entry: LedgerEntry) -> Outcome:
    return Outcome(
        profile=request.profile,
        enrolment=request.enrolment,
        node=request.node,
        visit=request.visit,
        status=entry.status,
        reason=entry.reason,
    )


def _to_millisecond(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
