"""Bugs as people make them, each planted into the running product for one test, to see that the simulator finds them.

A plant replaces one function or method by one that is wrong in one respect; nothing of the product's files changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Permanent, Retryable
from ariane.events import acceptance, keys
from ariane.events.model import Event, LogItem
from ariane.identity.commits import Commit
from ariane.journeys import admission as journey_admission
from ariane.journeys import runner, step
from ariane.journeys.enrolment import Enrolment, Status
from ariane.messaging import deciding, eligibility, send
from ariane.messaging.ledger import Claim, ClaimResult, RunningEnrolment
from ariane.messaging.model import FINAL, LedgerEntry, SendRequest
from ariane.messaging.model import Status as Sent
from ariane.profiles import once, one_person
from ariane.profiles.admission import placed_events
from ariane.profiles.applying import apply
from ariane.profiles.fragments import Fragment
from ariane.profiles.once import Recent, Verdict

type Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Planted:
    name: str
    plant: Plant
    profile: str
    """Of the seeds that are searched."""
    within: int
    """So many seeds find it."""
    finding: str
    """What the audit says of it, in part."""


def _ring_before_marks(patch: pytest.MonkeyPatch) -> None:
    def write(self: Any, fragment: Fragment, admission: Any, records: Sequence[Any]) -> None:
        folded = apply(replace(fragment, recent=admission.recent), [placed.event for placed in admission.applied])
        self._stores.fragments.save(replace(self._stored, fragment=folded, sequence=self._last_sequence(records)))
        for sort, places in admission.duplicates.items():
            self._stores.log.mark_duplicates(fragment.person_id, sort, places)

    patch.setattr(one_person._Delivery, "_write", write)


def _ring_before_fold(patch: pytest.MonkeyPatch) -> None:
    whole = one_person._Delivery._write

    def write(self: Any, fragment: Fragment, admission: Any, records: Sequence[Any]) -> None:
        self._stores.fragments.save(replace(self._stored, fragment=replace(fragment, recent=admission.recent)))
        self._stored = replace(self._stored, version=self._stored.version + 1)
        whole(self, fragment, admission, records)

    patch.setattr(one_person._Delivery, "_write", write)


def _key_without_source(patch: pytest.MonkeyPatch) -> None:
    whole = keys._sort_key

    def sort_key(events: Any, source: str, received_at: Any) -> str:
        return whole(events, "", received_at)

    patch.setattr(keys, "_sort_key", sort_key)


def _no_replay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(one_person._Delivery, "_standing", lambda self, records: iter(()))
    patch.setattr(one_person._Delivery, "_earlier_changes", lambda self, records: iter(()))


def _publish_before_commit(patch: pytest.MonkeyPatch) -> None:
    whole = one_person._Delivery._write

    def write(self: Any, fragment: Fragment, admission: Any, records: Sequence[Any]) -> None:
        heard = [placed for record in records for placed in placed_events(record.item)]
        facts = self.event_facts([placed for placed in heard if not admission.is_duplicate(placed)], is_moved=False)
        if facts:
            _announcer_of(self).publish(facts)
        whole(self, fragment, admission, records)

    patch.setattr(one_person._Delivery, "_write", write)


def _announcer_of(delivery: Any) -> Any:
    """The bus that the log's own world has: the product's delivery knows none."""
    log = delivery._stores.log
    return log._shim._around.__self__.ports["announcer"]


def _claim_after_send(patch: pytest.MonkeyPatch) -> None:
    whole = send.Sender._attempt

    def attempt(self: Any, request: SendRequest) -> LedgerEntry | None:
        profile = self._ports.profiles.snapshot(request.profile)
        standing = self._standing(request, profile)
        decision = self._decider.decide(request, profile, standing)
        if decision.hand_over is None or (standing is not None and not self._may_claim(standing)):
            as_it_was: LedgerEntry | None = whole(self, request)
            return as_it_was
        provider_id = decision.hand_over()
        at = RunningEnrolment(profile=request.profile, enrolment=request.enrolment, node=request.node, visit=request.visit)
        claim = Claim(entry=decision.entry, enrolment=at, heads=decision.heads, seen=standing)
        if self._ports.ledger.claim(claim) is not ClaimResult.CLAIMED:
            return None
        self._ports.ledger.move(decision.entry, Sent.SENT, provider_id=provider_id)
        entry: LedgerEntry = decision.entry
        return replace(entry, status=Sent.SENT)

    patch.setattr(send.Sender, "_attempt", attempt)


def _due_row_left(patch: pytest.MonkeyPatch) -> None:
    def end(run: Enrolment, status: Status, reason: str | None) -> Enrolment:
        return replace(run, status=status, reason=reason)

    patch.setattr(step, "_end", end)


def _consent_outside_claim(patch: pytest.MonkeyPatch) -> None:
    whole = deciding.Decider._composed

    def composed(self: Any, entry: LedgerEntry, material: Any, heads: Mapping[str, int]) -> Any:
        return whole(self, entry, material, {})

    patch.setattr(deciding.Decider, "_composed", composed)


def _consent_never_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(eligibility, "_without_grant", lambda candidate, consents: None)


def _mark_without_source(patch: pytest.MonkeyPatch) -> None:
    whole = once.trace_of

    def trace_of(event: Event) -> once.Trace:
        return whole(replace(event, source=""))

    patch.setattr(once, "trace_of", trace_of)


def _unsure_is_fresh(patch: pytest.MonkeyPatch) -> None:
    whole = Recent.judge

    def judge(self: Recent, event: Event) -> Verdict:
        verdict = whole(self, event)
        return Verdict.FRESH if verdict is Verdict.UNSURE else verdict

    patch.setattr(Recent, "judge", judge)


def _merge_keeps_versions(patch: pytest.MonkeyPatch) -> None:
    whole = MemoryIdentities.commit

    def commit(self: MemoryIdentities, commit: Commit) -> None:
        whole(self, commit)
        for head in commit.heads:
            self._heads[head.person_id] = replace(self._heads[head.person_id], version=head.version)

    patch.setattr(MemoryIdentities, "commit", commit)


def _outcome_unreported(patch: pytest.MonkeyPatch) -> None:
    def deliver(self: Any, request: SendRequest) -> LedgerEntry:
        for _ in range(5):
            entry: LedgerEntry | None = self._attempt(request)
            if entry is not None:
                return entry
        raise Retryable("profile_keeps_changing", "the profile changed between every look and claim")

    patch.setattr(send.Sender, "deliver", deliver)


def _answered_too_early(patch: pytest.MonkeyPatch) -> None:
    whole = acceptance.Acceptance._is_queued

    def is_queued(self: acceptance.Acceptance, item: LogItem) -> bool:
        whole(self, item)
        return True

    patch.setattr(acceptance.Acceptance, "_is_queued", is_queued)


def _unclear_sent_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(send, "may_be_replaced", _replaceable)
    patch.setattr("ariane.adapters.memory.ledger.may_be_replaced", _replaceable)


def _replaceable(entry: LedgerEntry) -> bool:
    return entry.status in (Sent.REOPENED, Sent.CLAIMED, Sent.UNCLEAR) and entry.reason != FINAL


def _newest_version(patch: pytest.MonkeyPatch) -> None:
    whole = deciding.Decider.decide

    def decide(self: Any, request: SendRequest, *more: Any) -> Any:
        live = self._ports.definitions.live(request.journey)
        return whole(self, replace(request, version=live.version if live else request.version), *more)

    patch.setattr(deciding.Decider, "decide", decide)


def _old_is_new(patch: pytest.MonkeyPatch) -> None:
    whole = journey_admission.refusal_of_event

    def refusal(journey: Any, fact: Mapping[str, Any], now: Any) -> Any:
        found = whole(journey, fact, now)
        return None if found is journey_admission.Refusal.TOO_OLD else found

    patch.setattr(runner, "refusal_of_event", refusal)


def _exit_looked_for_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("ariane.journeys.exits.ExitSearch.has_left", lambda self, leaving, profile, *, key, entered, now: False)


def _rejects_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Written after the answer is decided, and a failure there swallowed."""
    whole = acceptance.Acceptance.keep

    def keep(self: Any, decided: Any, *more: Any, **fields: Any) -> None:
        whole(self, replace(decided, rejects=()), *more, **fields)
        try:
            if decided.rejects:
                self._rejects.put(decided.rejects)
        except (Retryable, Permanent):
            return

    patch.setattr(acceptance.Acceptance, "keep", keep)


PLANTED: Sequence[Planted] = (
    Planted("the ring remembers before copies are marked", _ring_before_marks, "busy", 60, "times in the timeline"),
    Planted("the ring remembers before the event is applied", _ring_before_fold, "lost answers", 10, "inv 1"),
    Planted("the log's key leaves the source out", _key_without_source, "duplicates", 10, "inv 1"),
    Planted("what was announced is not announced again", _no_replay, "kills", 30, "never announced"),
    Planted("events are announced before they are committed", _publish_before_commit, "mixed", 10, "before it was applied"),
    Planted("the message is claimed after it is sent", _claim_after_send, "mixed", 10, "without a claim"),
    Planted("a due row is left after the end", _due_row_left, "mixed", 10, "is still due"),
    Planted("consent is checked outside the claim", _consent_outside_claim, "races", 30, "latest word"),
    Planted("consent is never asked", _consent_never_asked, "mixed", 10, "latest word"),
    Planted("copies are told by message id alone", _mark_without_source, "duplicates", 10, "marked"),
    Planted("what the ring forgot is taken for new", _unsure_is_fresh, "busy", 30, "inv 1"),
    Planted("a merge leaves the versions as they were", _merge_keeps_versions, "races", 90, "latest word"),
    Planted("what became of a message is not reported", _outcome_unreported, "mixed", 10, "waited for a day"),
    Planted("the collector answers before anything is safe", _answered_too_early, "throttles", 60, "accepted before it was safe"),
    Planted("an unclear marketing message is sent again", _unclear_sent_again, "lost answers", 60, "was handed over 2 times"),
    Planted("a message is made by the newest version", _newest_version, "exits", 30, "inv 8"),
    Planted("old events start runs", _old_is_new, "mixed", 30, "inv 9"),
    Planted("exits are only heard, never looked for", _exit_looked_for_once, "exits", 60, "exits:"),
    Planted("a reject that cannot be written is dropped", _rejects_forgotten, "throttles", 60, "inv 2"),
)
