"""From the log to one fragment: link identifiers, keep consents, fold each event in once, and say what is to be announced.

Every step may be repeated: a crash between any two calls, a redelivery, a second stitcher at work on the same people end in the same state,
and everything is announced at least once. The order makes it so. What is a copy is decided first, by reading alone: a copy decides no
consent. Identities and consents, whose writes are idempotent, come before the fragment, whose ``sequence`` then covers them; marks of
duplicates come before it too, so that no reader counts a copy; refolding what turned out to be another's and announcing come after it, and
again whenever the record is delivered again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ariane.errors import Conflict, Retryable
from ariane.events.model import Event, LogItem
from ariane.identity.identifiers import identifiers_of
from ariane.identity.ids import person_id
from ariane.identity.jobs import BackgroundQueue, SealJob
from ariane.identity.linking import Linker, is_asserting
from ariane.identity.model import Transition, set_digest
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb
from ariane.instants import to_millis
from ariane.privacy.consents import ConsentDecision
from ariane.profiles.admission import Admission, Placed, admit, placed_events
from ariane.profiles.announcing import Fact, event_fact, facts_of_transition
from ariane.profiles.consent_keeping import Rehomed, decided, decisions_in, keep, release
from ariane.profiles.contention import LinkQueue, PatientLinker
from ariane.profiles.covering import is_covered
from ariane.profiles.fragments import Fragment, StoredFragment, remember_set
from ariane.profiles.homes import Home, HomeReader, possible_homes
from ariane.profiles.once import Trace
from ariane.profiles.refolding import follow
from ariane.profiles.routed_rows import folded
from ariane.profiles.sealing import BUSY
from ariane.profiles.stitching import StitchDefinitions, Stores, StreamRecord
from ariane.profiles.unit_of_write import fitted
from ariane.profiles.waking import save_awake, unsealed

_ATTEMPTS = 5
_PATIENCE = 2
"""Attempts after which a sealed fragment waits no longer for its turn at the bundle: others of the same person are as busy."""


def stitch_person(
    records: Sequence[StreamRecord],
    stored: StoredFragment | None,
    definitions: StitchDefinitions,
    *,
    stores: Stores,
    key: bytes,
    background: BackgroundQueue | None = None,
    late: LinkQueue | None = None,
) -> Sequence[Fact]:
    """``records`` are all of one person id, in the stream's order; ``stored`` is its fragment as read just before. ``late`` takes the
    links that others stand in the way of; without one they fail the delivery."""
    own_id = records[0].item.person_id
    unsummed: set[str] = set()
    for attempt in range(_ATTEMPTS):
        known = stored or StoredFragment(fragment=Fragment(person_id=own_id))
        try:
            delivery = _Delivery(known, definitions, stores, key, late=late, is_retry=attempt > 0)
            changed, told = delivery.commit(records)
        except Conflict:
            stored = stores.fragments.load([own_id]).get(own_id)
            if stored is not None and stored.seal is not None and attempt >= _PATIENCE:
                stored = unsealed(stored, stores.fragments, rest_until=stores.clock() + BUSY)
                unsummed.add(own_id)
            continue
        follow(changed, stores=stores, key=key, rules=definitions.rules, background=background, observing=definitions.observing)
        unsummed |= {delivery.crowded} if delivery.crowded else set()
        if unsummed and background is not None:
            background.put([SealJob(person=each, cause=own_id) for each in sorted(unsummed)])
        is_moved = any(own_id in each.refold for each in changed)
        return [*_facts_of(changed), *delivery.event_facts(told, is_moved=is_moved)]
    raise Retryable("fragment_contended", "other writers of the same fragment keep coming")


def merges_of(
    item: LogItem, definitions: StitchDefinitions, *, stores: Stores, key: bytes, background: BackgroundQueue | None = None
) -> Sequence[Fact]:
    """What earlier attempts at an item changed, as far as the item can be read: it may be the very one that cannot be stitched. What that
    leaves to do is done."""
    linker = Linker(stores.identities, key, each=stores.each, clock=stores.clock)
    changed: list[Transition] = []
    try:
        for placed in placed_events(item):
            changed += _changed_earlier(linker, placed, definitions.rules)
    except Retryable:
        raise
    except Exception:  # noqa: BLE001, S110 - it is parked with the reason that stopped its stitching
        pass
    follow(changed, stores=stores, key=key, rules=definitions.rules, background=background, observing=definitions.observing)
    return _facts_of(changed)


def _changed_earlier(linker: Linker, placed: Placed, rules: Rules) -> list[Transition]:
    identifiers = _identifiers(placed.event, rules)
    if not is_asserting(identifiers, rules, is_trusted=placed.event.is_trusted):
        return []
    changed = linker.transition(placed.cause, identifiers)
    return [changed] if changed else []


def set_mark(identifiers: Sequence[Identifier], rules: Rules, *, is_trusted: bool) -> int:
    """What a fragment remembers of a set: under other rules it is another one, and is said again."""
    text = rules.digest + set_digest(identifiers, is_trusted=is_trusted)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _facts_of(transitions: Iterable[Transition]) -> list[Fact]:
    return [fact for transition in dict.fromkeys(transitions) for fact in facts_of_transition(transition)]


def _identifiers(event: Event, rules: Rules) -> tuple[Identifier, ...]:
    return identifiers_of(event.message, rules, kind=event.kind, default_country=_country(event, rules))


def _country(event: Event, rules: Rules) -> str | None:
    """Where national telephone numbers of the event are from, as the collector took it."""
    return rules.countries.get(event.source)


class _Delivery:
    def __init__(
        self,
        stored: StoredFragment,
        definitions: StitchDefinitions,
        stores: Stores,
        key: bytes,
        *,
        late: LinkQueue | None = None,
        is_retry: bool = False,
    ) -> None:
        self._stored = stored
        self._definitions = definitions
        self._stores = stores
        self._key = key
        self._is_retry = is_retry
        self._linker = Linker(stores.identities, key, each=stores.each, clock=stores.clock)
        self._links = PatientLinker(self._linker, late)
        self.crowded: str | None = None
        """The holder of a bundle that has too many awake since this delivery."""
        self._taken: dict[int, tuple[int, str, str]] = {}
        """Sets that this delivery brought: (instant, source, message id) of the event that stands."""

    def commit(self, records: Sequence[StreamRecord]) -> tuple[list[Transition], Sequence[Placed]]:
        """What it changed about identities, now or at an earlier delivery, and the events that are to be announced where something listens
        to them."""
        covered: list[StreamRecord] = []
        new: list[StreamRecord] = []
        for record in records:
            (covered if is_covered(record, self._stored, self._stores.log) else new).append(record)
        events = [(record, placed) for record in new for placed in placed_events(record.item)]
        replayed = [(placed, record.sequence is None) for record, placed in events]
        admission = admit(self._stored.fragment.recent, replayed, self._stores.log, generation=self._stored.fragment.generation)
        heard = [placed for _, placed in events if not admission.is_duplicate(placed)]
        decisions = decided((placed.event for placed in heard), self._decisions)
        fragment, changed = self._link(events)
        self._keep(decisions, heard)
        if events:  # where bots did it all there is nothing to cover: no event, no fragment, no sequence
            self._write(fragment, admission, new)
        changed = [*self._earlier_changes(covered), *changed]
        return changed, [*self._standing(covered), *heard]

    # identities and consents

    def _link(self, events: Sequence[tuple[StreamRecord, Placed]]) -> tuple[Fragment, list[Transition]]:
        fragment = self._stored.fragment
        changed: list[Transition] = []
        for record, placed in events:
            identifiers = _identifiers(placed.event, self._definitions.rules)
            fragment = fragment if fragment.identifier else self._named(fragment, identifiers)
            if is_asserting(identifiers, self._definitions.rules, is_trusted=placed.event.is_trusted):
                fragment, transition = self._linked(fragment, placed, identifiers, is_again=self._may_be_again(record))
                changed += [transition] if transition is not None and not transition.is_nothing else []
        return fragment, changed

    def _may_be_again(self, record: StreamRecord) -> bool:
        """Whether an attempt whose fragment was not written may have merged already, and another writer have taught the fragment the set
        since then: its merges are still to be announced."""
        last = self._stored.sequence
        return self._is_retry or record.sequence is None or (last is not None and int(record.sequence) <= int(last))

    def _linked(
        self, fragment: Fragment, placed: Placed, identifiers: Sequence[Identifier], *, is_again: bool
    ) -> tuple[Fragment, Transition | None]:
        """A set that the fragment knows with an earlier time brings nothing new, and needs no read. Of two at one instant, source and
        message id decide."""
        event, rules = placed.event, self._definitions.rules
        trace = Trace(set_mark(identifiers, rules, is_trusted=event.is_trusted), max(0, to_millis(event.timestamp)))
        order = (trace.millis, event.source, event.message_id)
        is_known = any(known.mark == trace.mark and known.millis < trace.millis for known in fragment.known)
        if is_known or (trace.mark in self._taken and self._taken[trace.mark] < order):
            return fragment, self._linker.transition(placed.cause, identifiers) if is_again else None
        changed = self._links.link(placed, identifiers, rules=rules)
        if changed is None:
            return fragment, None
        self._taken[trace.mark] = order
        return remember_set(fragment, trace), changed

    def _named(self, fragment: Fragment, identifiers: Sequence[Identifier]) -> Fragment:
        own = next((each for each in identifiers if person_id(each, self._key) == fragment.person_id), None)
        return replace(fragment, identifier=str(own)) if own else fragment

    def _decisions(self, event: Event) -> Sequence[ConsentDecision]:
        return decisions_in(event, self._definitions.rules, self._key)

    def _keep(self, decisions: Sequence[ConsentDecision], heard: Sequence[Placed]) -> None:
        """Where the events' homes had to be asked, what an earlier attempt may have kept elsewhere is taken back."""
        if not decisions or not self._is_routed:
            keep(decisions, self._stores)
            return
        homes = self._homes([placed.event for placed in heard])
        events = [replace(placed.event, person_id=home.person_id) for placed, home in zip(heard, homes, strict=True)]
        keep(decided(events, self._decisions), self._stores)
        for placed, event in zip(heard, events, strict=True):
            wide = [decision for decision in self._decisions(event) if decision.is_person_wide]
            candidates = possible_homes(placed.event, self._definitions.rules, self._key) if wide else ()
            release([Rehomed(decision, candidates) for decision in wide], self._stores)

    # whose the events are

    @property
    def _is_routed(self) -> bool:
        return self._stored.fragment.is_routed

    def _homes(self, events: Sequence[Event], *, is_moved: bool = False) -> Sequence[Home]:
        """Without asking, where nothing has ever been another's."""
        if not (self._is_routed or is_moved):
            return [Home(event.person_id, None) for event in events]
        return HomeReader(self._stores.identities, rules=lambda: self._definitions.rules, key=lambda: self._key)(events)

    # the fragment

    def _write(self, fragment: Fragment, admission: Admission, records: Sequence[StreamRecord]) -> None:
        for sort, places in admission.duplicates.items():
            self._stores.log.mark_duplicates(fragment.person_id, sort, places)
        homes = self._homes([placed.event for placed in admission.applied])
        observing = self._definitions.observing
        own, rows = folded(
            replace(fragment, recent=admission.recent), admission.applied, homes, self._stores.fragments, observing=observing
        )
        self.crowded = save_awake(self._stored, fitted(own), self._stores.fragments, sequence=self._last_sequence(records), routed=rows)

    def _last_sequence(self, records: Sequence[StreamRecord]) -> str | None:
        numbers = [record.sequence for record in records if record.sequence is not None]
        return max([*numbers, *([self._stored.sequence] if self._stored.sequence else [])], key=int, default=None)

    # what is announced

    def _earlier_changes(self, records: Sequence[StreamRecord]) -> Iterator[Transition]:
        for record in records:
            for placed in placed_events(record.item):
                yield from _changed_earlier(self._linker, placed, self._definitions.rules)

    def _standing(self, records: Sequence[StreamRecord]) -> Iterator[Placed]:
        """Of records delivered again, the events that are listened to, without those that turned out to be copies: the stream's image is
        older than their marks."""
        for record in records:
            if any(self._definitions.interest.covers(placed.event) for placed in placed_events(record.item)):
                now = self._stores.log.get(record.item.person_id, record.item.sort)
                yield from placed_events(now or record.item)

    def event_facts(self, heard: Sequence[Placed], *, is_moved: bool) -> Sequence[Fact]:
        """``is_moved``: what was just written has been refolded since."""
        interest = self._definitions.interest
        wanted = [placed for placed in heard if interest.covers(placed.event)]
        if not wanted:
            return []
        ids = [home.person_id for home in self._homes([placed.event for placed in wanted], is_moved=is_moved)]
        paths = climb(self._stores.identities, ids)
        return [
            event_fact(placed, root_id=paths.root_of(own).person_id, home_id=own, is_awaited=interest.awaits(placed.event))
            for placed, own in zip(wanted, ids, strict=True)
        ]
