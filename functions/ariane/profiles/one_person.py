"""From the log to one fragment: link identifiers, keep consents, fold each event in once, and say what is to be announced.

Every step may be repeated: a crash between any two calls, a redelivery, a second stitcher at work on the same people end in the same state,
and everything is announced at least once. The order makes it so. What is a copy is decided first, by reading alone: a copy decides no
consent. Identities and consents, whose writes are idempotent, come before the fragment, whose ``sequence`` then covers them; marks of
duplicates come before it too, so that no reader counts a copy; announcing comes after it, and again whenever the record is delivered again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ariane.errors import Conflict, Retryable
from ariane.events.model import Event, LogItem
from ariane.identity.identifiers import identifiers_of, normalise
from ariane.identity.ids import person_id
from ariane.identity.linking import Linker
from ariane.identity.model import Merged, set_digest
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb
from ariane.instants import to_millis
from ariane.privacy.consents import ConsentDecision, decisions_of
from ariane.profiles.admission import Admission, Placed, admit, placed_events
from ariane.profiles.announcing import Fact, event_fact, merged_fact
from ariane.profiles.batch_order import in_order_of_sending
from ariane.profiles.consent_keeping import decided, keep
from ariane.profiles.fragments import Fragment, StoredFragment, apply, remember_set
from ariane.profiles.once import Trace, Verdict
from ariane.profiles.stitching import StitchDefinitions, Stores, StreamRecord

_ATTEMPTS = 5


def stitch_person(
    records: Sequence[StreamRecord], stored: StoredFragment | None, definitions: StitchDefinitions, *, stores: Stores, key: bytes
) -> Sequence[Fact]:
    """``records`` are all of one person id, in the stream's order; ``stored`` is its fragment as read just before."""
    own_id = records[0].item.person_id
    for attempt in range(_ATTEMPTS):
        known = stored or StoredFragment(fragment=Fragment(person_id=own_id))
        try:
            return _Delivery(known, definitions, stores, key, is_retry=attempt > 0).commit(records)
        except Conflict:
            stored = stores.fragments.load([own_id]).get(own_id)
    raise Retryable("fragment_contended", "other writers of the same fragment keep coming")


def merges_of(item: LogItem, definitions: StitchDefinitions, *, stores: Stores, key: bytes) -> Sequence[Fact]:
    """What earlier attempts at an item merged, as far as the item can be read: it may be the very one that cannot be stitched."""
    linker = Linker(stores.identities, key)
    merges: list[Merged] = []
    try:
        for placed in placed_events(item):
            merges += _merged_earlier(linker, placed, definitions.rules)
    except Retryable:
        raise
    except Exception:  # noqa: BLE001, S110 - it is parked with the reason that stopped its stitching
        pass
    return [merged_fact(merged) for merged in dict.fromkeys(merges)]


def _merged_earlier(linker: Linker, placed: Placed, rules: Rules) -> Sequence[Merged]:
    identifiers = _identifiers(placed.event, rules)
    return linker.merged_by(placed.cause, identifiers) if len(identifiers) > 1 else []


def _identifiers(event: Event, rules: Rules) -> tuple[Identifier, ...]:
    return identifiers_of(event.message, rules, kind=event.kind, default_country=_country(event, rules))


def _country(event: Event, rules: Rules) -> str | None:
    """Where national telephone numbers of the event are from, as the collector took it."""
    return rules.countries.get(event.source)


class _Delivery:
    def __init__(
        self, stored: StoredFragment, definitions: StitchDefinitions, stores: Stores, key: bytes, *, is_retry: bool = False
    ) -> None:
        self._stored = stored
        self._definitions = definitions
        self._stores = stores
        self._key = key
        self._is_retry = is_retry
        self._linker = Linker(stores.identities, key)

    def commit(self, records: Sequence[StreamRecord]) -> Sequence[Fact]:
        covered: list[StreamRecord] = []
        new: list[StreamRecord] = []
        for record in records:
            (covered if self._is_covered(record) else new).append(record)
        events = [(record, placed) for record in new for placed in placed_events(record.item)]
        replayed = [(placed, record.sequence is None) for record, placed in events]
        admission = admit(self._stored.fragment.recent, replayed, self._stores.log)
        heard = [placed for _, placed in events if not admission.is_duplicate(placed)]
        decisions = decided((placed.event for placed in heard), self._decisions)
        fragment, merges = self._link(events)
        keep(decisions, self._stores)
        if events:  # where bots did it all there is nothing to cover: no event, no fragment, no sequence
            self._write(fragment, admission, new)
        merges = [*self._earlier_merges(covered), *merges]
        return [*(merged_fact(merged) for merged in dict.fromkeys(merges)), *self._event_facts([*self._standing(covered), *heard])]

    def _is_covered(self, record: StreamRecord) -> bool:
        """By its sequence number, unless the ring knows better: the items of a very busy person may lie on two shards, whose order is not
        kept. The stream's image is older than the marks of copies."""
        last = self._stored.sequence
        if record.sequence is None or last is None or int(record.sequence) > int(last):
            return False
        if not self._holds_news(record.item):
            return True
        return not self._holds_news(self._stores.log.get(record.item.person_id, record.item.sort) or record.item)

    def _holds_news(self, item: LogItem) -> bool:
        return any(self._stored.fragment.recent.judge(placed.event) is Verdict.FRESH for placed in placed_events(item))

    # identities and consents

    def _link(self, events: Sequence[tuple[StreamRecord, Placed]]) -> tuple[Fragment, list[Merged]]:
        fragment = self._stored.fragment
        merges: list[Merged] = []
        for record, placed in events:
            identifiers = _identifiers(placed.event, self._definitions.rules)
            fragment = fragment if fragment.identifier else self._named(fragment, identifiers)
            if len(identifiers) > 1:
                fragment, merged = self._linked(fragment, placed, identifiers, is_again=self._may_be_again(record))
                merges += merged
        return fragment, merges

    def _may_be_again(self, record: StreamRecord) -> bool:
        """Whether an attempt whose fragment was not written may have merged already, and another writer have taught the fragment the set
        since then: its merges are still to be announced."""
        last = self._stored.sequence
        return self._is_retry or record.sequence is None or (last is not None and int(record.sequence) <= int(last))

    def _linked(
        self, fragment: Fragment, placed: Placed, identifiers: Sequence[Identifier], *, is_again: bool
    ) -> tuple[Fragment, Sequence[Merged]]:
        """A set that the fragment knows with an earlier time brings nothing new, and needs no read."""
        event = placed.event
        digest = set_digest(identifiers, is_trusted=event.kind.is_trusted)
        trace = Trace(int(digest[:16], 16), max(0, to_millis(event.timestamp)))
        if any(known.mark == trace.mark and known.millis <= trace.millis for known in fragment.known):
            return fragment, self._linker.merged_by(placed.cause, identifiers) if is_again else []
        merged = self._linker.link(event, identifiers, rules=self._definitions.rules, cause=placed.cause)
        return remember_set(fragment, trace), merged

    def _named(self, fragment: Fragment, identifiers: Sequence[Identifier]) -> Fragment:
        own = next((each for each in identifiers if person_id(each, self._key) == fragment.person_id), None)
        return replace(fragment, identifier=str(own)) if own else fragment

    def _decisions(self, event: Event) -> Sequence[ConsentDecision]:
        def id_of(namespace: str, value: str) -> str | None:
            country = _country(event, self._definitions.rules)
            address = normalise(namespace, value, self._definitions.rules, default_country=country)
            return person_id(address, self._key) if address else None

        return decisions_of(event, id_of=id_of)

    # the fragment

    def _write(self, fragment: Fragment, admission: Admission, records: Sequence[StreamRecord]) -> None:
        for sort, places in admission.duplicates.items():
            self._stores.log.mark_duplicates(fragment.person_id, sort, places)
        folded = apply(replace(fragment, recent=admission.recent), in_order_of_sending(admission.applied))
        self._stores.fragments.save(replace(self._stored, fragment=folded, sequence=self._last_sequence(records)))

    def _last_sequence(self, records: Sequence[StreamRecord]) -> str | None:
        numbers = [record.sequence for record in records if record.sequence is not None]
        return max([*numbers, *([self._stored.sequence] if self._stored.sequence else [])], key=int, default=None)

    # what is announced

    def _earlier_merges(self, records: Sequence[StreamRecord]) -> Iterator[Merged]:
        for record in records:
            for placed in placed_events(record.item):
                yield from _merged_earlier(self._linker, placed, self._definitions.rules)

    def _standing(self, records: Sequence[StreamRecord]) -> Iterator[Placed]:
        """Of records delivered again, the events that are listened to, without those that turned out to be copies: the stream's image is
        older than their marks."""
        for record in records:
            if any(self._definitions.interest.covers(placed.event) for placed in placed_events(record.item)):
                now = self._stores.log.get(record.item.person_id, record.item.sort)
                yield from placed_events(now or record.item)

    def _event_facts(self, heard: Sequence[Placed]) -> Sequence[Fact]:
        interest = self._definitions.interest
        wanted = [placed for placed in heard if interest.covers(placed.event)]
        if not wanted:
            return []
        own_id = self._stored.fragment.person_id
        root_id = climb(self._stores.identities, [own_id]).root_of(own_id).person_id
        return [event_fact(placed, root_id=root_id, is_awaited=interest.awaits(placed.event)) for placed in wanted]
