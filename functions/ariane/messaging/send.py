"""Sending one message of the send queue: look, claim, hand over once, keep what came of it, tell the journey.

Marketing is handed over at most once: a claim without a result is ``unclear``, and the provider's event or the sweep settles it.
Transactional is handed over at least once: such a claim is taken again. After a crash between any two calls the queue delivers its message
again, and every path ends with the outcome reported.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from ariane.errors import Permanent, Retryable
from ariane.messaging.deciding import Decider
from ariane.messaging.ledger import Claim, ClaimResult, RunningEnrolment, may_be_replaced
from ariane.messaging.model import LedgerEntry, MessageClass, Outcome, SendRequest, Status
from ariane.messaging.ports import SendPorts
from ariane.messaging.senders import OutcomeUnknown
from ariane.profiles.model import Profile

CLAIM_HELD = timedelta(seconds=30)
"""A younger claim may still be at work in another invocation: longer than the function's time-out, shorter than the queue's patience."""
_ATTEMPTS = 5


class Sender:
    def __init__(self, ports: SendPorts) -> None:
        self._ports = ports
        self._decider = Decider(ports)

    def deliver(self, request: SendRequest) -> LedgerEntry:
        """The entry that stands in the end, whose outcome has been reported. Raises Retryable where the request is to come again."""
        for _ in range(_ATTEMPTS):
            entry = self._attempt(request)
            if entry is not None:
                self._ports.outcomes.report(_outcome(request, entry))
                return entry
        raise Retryable("profile_keeps_changing", "the profile changed between every look and claim")

    def _attempt(self, request: SendRequest) -> LedgerEntry | None:
        """None: something changed between look and act; look again."""
        profile = self._ports.profiles.brief(request.profile)
        standing = self._standing(request, profile)
        if standing is not None and standing.profile != profile.id:
            self._ports.awaken(standing.profile)
        if standing is not None and not self._may_claim(standing):
            return self._settled(standing)
        decision = self._decider.decide(request, profile, standing)
        if decision.hand_over is None:
            return decision.entry if self._skip(decision.entry) else self._claimed_by_now(standing)
        claim = Claim(
            entry=decision.entry,
            enrolment=RunningEnrolment(profile=request.profile, enrolment=request.enrolment, node=request.node, visit=request.visit),
            heads=decision.heads,
            seen=standing,
        )
        if self._ports.ledger.claim(claim) is not ClaimResult.CLAIMED:
            return None
        return self._hand_over(decision.entry, decision.hand_over)

    # what stands already

    def _standing(self, request: SendRequest, profile: Profile) -> LedgerEntry | None:
        """Under any id of the profile: an absorbed profile's claim stands. Of several, the one that got furthest from being sent again."""
        found = self._ports.ledger.find(request.message_id, {profile.id, request.profile, *profile.holder_ids})
        return max(found, key=lambda entry: (not self._may_claim(entry), entry.at), default=None)

    def _skip(self, entry: LedgerEntry) -> bool:
        """A claim is made only while its profile's id is a root. A skip may come to lie under one that was absorbed meanwhile, and put to
        rest as a device that holds nothing: nobody would find it."""
        if not self._ports.ledger.skip(entry):
            return False
        head = self._ports.heads.heads([entry.profile]).get(entry.profile)
        if head is not None and head.parent is not None:
            self._ports.awaken(entry.profile)
        return True

    def _may_claim(self, entry: LedgerEntry) -> bool:
        return may_be_replaced(entry) and not self._is_held(entry)

    def _is_held(self, entry: LedgerEntry) -> bool:
        return entry.status is Status.CLAIMED and self._ports.clock() - entry.at < CLAIM_HELD

    def _settled(self, entry: LedgerEntry) -> LedgerEntry | None:
        if self._is_held(entry):
            raise Retryable("claim_in_flight", "another invocation may be sending this message now")
        return self._given_up(entry) if entry.status is Status.CLAIMED else entry

    def _claimed_by_now(self, standing: LedgerEntry | None) -> LedgerEntry | None:
        """A transactional claim that may be taken again cannot be skipped: what it says stands."""
        return self._given_up(standing) if standing is not None and standing.status is not Status.REOPENED else None

    def _given_up(self, entry: LedgerEntry) -> LedgerEntry | None:
        """None: it is not as it was seen any more."""
        return replace(entry, status=Status.UNCLEAR) if self._ports.ledger.move(entry, Status.UNCLEAR) else None

    # the provider

    def _hand_over(self, entry: LedgerEntry, hand_over: Callable[[], str]) -> LedgerEntry:
        ledger = self._ports.ledger
        try:
            provider_id = hand_over()
        except OutcomeUnknown:
            ledger.move(entry, Status.UNCLEAR)
            if entry.message_class is MessageClass.TRANSACTIONAL:
                raise
            return replace(entry, status=Status.UNCLEAR)
        except Retryable as error:
            ledger.move(entry, Status.REOPENED, reason=error.code)
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


def _outcome(request: SendRequest, entry: LedgerEntry) -> Outcome:
    return Outcome(
        profile=request.profile,
        enrolment=request.enrolment,
        node=request.node,
        visit=request.visit,
        status=entry.status,
        reason=entry.reason,
    )
