"""What is to become of one message, as things stand: an entry to claim, with what is handed over ready, or one that says why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from ariane.errors import NotFound, Permanent, Rejected, Retryable
from ariane.identity.rules import Rules
from ariane.identity.trees import are_one
from ariane.journeys.enrolment import Enrolment
from ariane.journeys.enrolment import Status as RunStatus
from ariane.journeys.exits import ExitSearch
from ariane.journeys.graph import read_journey
from ariane.journeys.unmerging import EntryHomes, is_stray
from ariane.messaging.addresses import ReachableAt, address_of
from ariane.messaging.brand import Brand, Topic
from ariane.messaging.composing import Material, compose
from ariane.messaging.eligibility import Candidate, Skip, question_of, reason_to_skip
from ariane.messaging.mime import mime_of
from ariane.messaging.model import LedgerEntry, MessageClass, SendRequest, Status
from ariane.messaging.ports import SendPorts
from ariane.messaging.segments import segments_of
from ariane.messaging.senders import Sms
from ariane.profiles.homes import HomeReader
from ariane.profiles.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    entry: LedgerEntry
    hand_over: Callable[[], str] | None = None
    """To the provider, once claimed; gives its id. None: the entry is to be skipped."""
    heads: Mapping[str, int] = field(default_factory=dict)
    """What the claim checks: see ``Claim.heads``."""


class Decider:
    def __init__(self, ports: SendPorts) -> None:
        self._ports = ports

    def decide(self, request: SendRequest, profile: Profile, standing: LedgerEntry | None) -> Decision:
        """``standing`` is the entry that a new claim would replace. Raises Retryable, also for definitions that cannot be read."""
        brand = self._brand()
        topic = brand.topics.get(request.topic)
        address = address_of(profile, request.channel, rules=self._rules(), key=self._ports.person_key)
        entry = self._entry(request, profile, standing, topic=topic, address=address)
        run = self._ports.enrolments.get(request.profile, request.enrolment)
        if run is None or not run.is_running or (run.node, run.visit) != (request.node, request.visit) or self._is_stray(run, profile):
            return _skipped(entry, _ended(run, request))
        if topic is None:
            return _skipped(entry, Skip.UNKNOWN_TOPIC)
        try:
            version = self._ports.definitions.journey(request.journey, request.version)
        except NotFound:
            return _skipped(entry, Skip.DEFINITION_MISSING)
        owner = self._owner(profile, address)
        candidate = Candidate(
            profile=profile,
            channel=request.channel,
            topic=topic,
            address=address,
            owner_ids=frozenset(owner.holder_ids) if owner else frozenset(),
            is_apart=owner is not None and self._is_apart(profile, owner),
            has_left=self._has_left(version, run, profile),
        )
        reason = self._reason(candidate)
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
        heads = {each.id: each.version for each in (owner, profile) if each}
        return self._composed(entry, material, heads)

    def _owner(self, profile: Profile, address: ReachableAt | None) -> Profile | None:
        """An address that the traits state may belong to another identity: what its owner decides raises that one's head. Read before the
        consents, so that no decision falls between. None: it is the profile's own."""
        if address is None or address.id == profile.id or address.id in profile.identifiers:
            return None  # an address is no device: it is never at rest
        return self._ports.profiles.brief(address.id)

    def _is_apart(self, profile: Profile, owner: Profile) -> bool:
        heads = self._ports.heads.heads([profile.id, owner.id])
        own, other = (head.summary if (head := heads.get(each.id)) else None for each in (profile, owner))
        return own is not None and other is not None and bool(own.left & other.right or own.right & other.left)

    def _is_stray(self, run: Enrolment, profile: Profile) -> bool:
        """A split may not have reached the run yet: what another person's event began is not told to this one."""
        homes = EntryHomes(self._ports.history, self._ports.heads, rules=self._rules, key=lambda: self._ports.person_key)
        return is_stray(homes.at_entry({"profile": run.profile, **run.fact}), profile, partial(are_one, self._ports.heads))

    def _has_left(self, version: Mapping[str, Any], run: Enrolment, profile: Profile) -> bool:
        """The exit may have been stitched already while its message still waits in the journey queue."""
        leaving = _read("a journey's version", lambda: read_journey(version["definition"])).exit
        homes = HomeReader(self._ports.heads, rules=self._rules, key=lambda: self._ports.person_key)
        search = ExitSearch(self._ports.history, homes, self._ports.profiles.snapshot)
        return search.has_left(leaving, profile, key=run.key, entered=run.entry_time, now=self._ports.clock())

    def _reason(self, candidate: Candidate) -> Skip | None:
        suppression = self._ports.suppressions.reason(candidate.address.id) if candidate.address else None
        question = question_of(candidate)
        states = self._ports.consents.concerning(question) if question else ()
        return reason_to_skip(candidate, consents=states, suppression=suppression)

    def _entry(
        self, request: SendRequest, profile: Profile, standing: LedgerEntry | None, *, topic: Topic | None, address: ReachableAt | None
    ) -> LedgerEntry:
        return LedgerEntry(
            profile=standing.profile if standing else profile.id,
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
            first_at=standing.first_at or standing.at if standing else None,
            address_id=address.id if address else None,
        )

    def _composed(self, entry: LedgerEntry, material: Material, heads: Mapping[str, int]) -> Decision:
        """Everything that can fail on the message's own account fails here, before it is claimed."""
        try:
            message = compose(entry, material)
            if isinstance(message, Sms):
                entry = replace(entry, segments=segments_of(message.text).count)
                return Decision(entry=entry, hand_over=partial(self._ports.texts.send, message), heads=heads)
            content = mime_of(message, message_id=entry.id, now=entry.at)
            return Decision(entry=entry, hand_over=partial(self._ports.emails.send, message, content), heads=heads)
        except Permanent as error:
            return _skipped(entry, Skip(error.code) if error.code in Skip else Skip.RENDER_ERROR)
        except Exception:  # noqa: BLE001 - a template, traits or settings of any shape: the ledger names the template, and this reason
            return _skipped(entry, Skip.RENDER_ERROR)

    def _brand(self) -> Brand:
        document = self._ports.definitions.document("messaging")
        if document is None:
            raise Retryable("nothing_published", "the brand's settings of messages are not published yet")
        return _read("the brand's settings of messages", lambda: Brand.from_document(document))

    def _rules(self) -> Rules:
        document = self._ports.definitions.document("identity")
        return _read("the identity rules", lambda: Rules.from_document(document))


def _read[T](what: str, read: Callable[[], T]) -> T:
    """A definition that this code cannot read is mended by publishing or deploying again: the message waits for that."""
    try:
        return read()
    except (Rejected, Permanent, LookupError, TypeError, ValueError) as error:
        raise Retryable("definitions_invalid", f"{what} cannot be read") from error


def _ended(run: Enrolment | None, request: SendRequest) -> Skip:
    """Exited, or another person's by now; any other end, and a run that has moved on, is its enrolment's."""
    if run is None or run.status is RunStatus.EXITED:
        return Skip.EXITED if run else Skip.ENROLMENT_ENDED
    stands = run.is_running and (run.node, run.visit) == (request.node, request.visit)
    return Skip.EXITED if stands else Skip.ENROLMENT_ENDED


def _skipped(entry: LedgerEntry, reason: Skip) -> Decision:
    return Decision(entry=replace(entry, status=Status.SKIPPED, reason=str(reason)))


def _to_millisecond(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
