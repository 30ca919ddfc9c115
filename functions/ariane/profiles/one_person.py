"""From the log to one fragment: link identifiers, keep consents, fold each event in once, and say what is to be announced.

Every step may be repeated: a crash between any two calls, a redelivery, a second stitcher at work on the same people end in the same state,
and everything is announced at least once. The order makes it so. Identities and consents, whose writes are idempotent, come before the
fragment, whose ``sequence`` then covers them; marks of duplicates come before it too, so that no reader counts a copy; announcing comes
after it, and again whenever the record is delivered again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ariane.errors import Conflict, Retryable
from ariane.events.model import Event
from ariane.identity.identifiers import identifiers_of, normalise
from ariane.identity.ids import person_id
from ariane.identity.linking import Linker
from ariane.identity.model import Merged, set_digest
from ariane.identity.rules import Identifier
from ariane.identity.trees import climb
from ariane.instants import to_millis
from ariane.privacy.consents import ConsentDecision, decisions_of
from ariane.profiles.admission import Admission, Placed, admit, placed_events
from ariane.profiles.announcing import Fact, event_fact, merged_fact
from ariane.profiles.fragments import Fragment, StoredFragment, apply, remember_set
from ariane.profiles.once import Trace
from ariane.profiles.stitching import StitchDefinitions, Stores, StreamRecord

_ATTEMPTS = 5


def stitch_person(
    records: Sequence[StreamRecord], stored: StoredFragment | None, definitions: StitchDefinitions, *, stores: Stores, key: bytes
) -> Sequence[Fact]:
    """``records`` are all of one person id, in the stream's order; ``stored`` is its fragment as read just before."""
    own_id = records[0].item.person_id
    for _ in range(_ATTEMPTS):
        try:
            return _Delivery(stored or StoredFragment(fragment=Fragment(person_id=own_id)), definitions, stores, key).commit(records)
        except Conflict:
            stored = stores.fragments.load([own_id]).get(own_id)
    raise Retryable("fragment_contended", "other writers of the same fragment keep coming")


class _Delivery:
    def __init__(self, stored: StoredFragment, definitions: StitchDefinitions, stores: Stores, key: bytes) -> None:
        self._stored = stored
        self._definitions = definitions
        self._stores = stores
        self._key = key
        self._linker = Linker(stores.identities, key)

    def commit(self, records: Sequence[StreamRecord]) -> Sequence[Fact]:
        new = [record for record in records if not self._is_covered(record)]
        covered = [record for record in records if self._is_covered(record)]
        fragment, merges = self._link(new)
        self._keep_consents(new)
        admission = self._write(fragment, new) if new else None
        heard = [placed for record in new for placed in placed_events(record.item) if admission and not admission.is_duplicate(placed)]
        heard = [*self._standing(covered), *heard]
        merges = [*self._earlier_merges(covered), *merges]
        return [*(merged_fact(merged) for merged in dict.fromkeys(merges)), *self._event_facts(heard)]

    def _is_covered(self, record: StreamRecord) -> bool:
        last = self._stored.sequence
        return record.sequence is not None and last is not None and int(record.sequence) <= int(last)

    # identities and consents

    def _link(self, records: Sequence[StreamRecord]) -> tuple[Fragment, list[Merged]]:
        fragment = self._stored.fragment
        merges: list[Merged] = []
        for record in records:
            for placed in placed_events(record.item):
                identifiers = self._identifiers(placed.event)
                fragment = fragment if fragment.identifier else self._named(fragment, identifiers)
                if len(identifiers) > 1:
                    fragment, merged = self._linked(fragment, placed, identifiers, is_replay=record.sequence is None)
                    merges += merged
        return fragment, merges

    def _linked(
        self, fragment: Fragment, placed: Placed, identifiers: Sequence[Identifier], *, is_replay: bool
    ) -> tuple[Fragment, Sequence[Merged]]:
        """A set that the fragment knows with an earlier time brings nothing new, and needs no read."""
        event = placed.event
        digest = set_digest(identifiers, is_trusted=event.kind.is_trusted)
        trace = Trace(int(digest[:16], 16), max(0, to_millis(event.timestamp)))
        if any(known.mark == trace.mark and known.millis <= trace.millis for known in fragment.known):
            return fragment, self._linker.merged_by(placed.cause, identifiers) if is_replay else []
        merged = self._linker.link(event, identifiers, rules=self._definitions.rules, cause=placed.cause)
        return remember_set(fragment, trace), merged

    def _named(self, fragment: Fragment, identifiers: Sequence[Identifier]) -> Fragment:
        own = next((each for each in identifiers if person_id(each, self._key) == fragment.person_id), None)
        return replace(fragment, identifier=str(own)) if own else fragment

    def _identifiers(self, event: Event) -> tuple[Identifier, ...]:
        country = self._definitions.rules.countries.get(event.source)
        return identifiers_of(event.message, self._definitions.rules, default_country=country)

    def _keep_consents(self, records: Sequence[StreamRecord]) -> None:
        for record in records:
            for placed in placed_events(record.item):
                for decision in self._decisions(placed.event):
                    self._keep_consent(decision)

    def _decisions(self, event: Event) -> Sequence[ConsentDecision]:
        def id_of(namespace: str, value: str) -> str | None:
            country = self._definitions.rules.countries.get(event.source)
            address = normalise(namespace, value, self._definitions.rules, default_country=country)
            return person_id(address, self._key) if address else None

        return decisions_of(event, id_of=id_of)

    def _keep_consent(self, decision: ConsentDecision) -> None:
        for _ in range(_ATTEMPTS):
            root = climb(self._stores.identities, [decision.person_id]).root_of(decision.person_id)
            try:
                return self._stores.consents.record(decision, root_id=root.person_id)
            except Conflict:
                continue
        raise Retryable("consent_contended", "merges of the same person keep coming")

    # the fragment

    def _write(self, fragment: Fragment, records: Sequence[StreamRecord]) -> Admission:
        events = [(placed, record.sequence is None) for record in records for placed in placed_events(record.item)]
        admission = admit(fragment.recent, events, self._stores.log)
        for sort, places in admission.duplicates.items():
            self._stores.log.mark_duplicates(fragment.person_id, sort, places)
        folded = apply(replace(fragment, recent=admission.recent), [placed.event for placed in admission.applied])
        self._stores.fragments.save(replace(self._stored, fragment=folded, sequence=self._last_sequence(records)))
        return admission

    def _last_sequence(self, records: Sequence[StreamRecord]) -> str | None:
        numbers = [record.sequence for record in records if record.sequence is not None]
        return max([*numbers, *([self._stored.sequence] if self._stored.sequence else [])], key=int, default=None)

    # what is announced

    def _earlier_merges(self, records: Sequence[StreamRecord]) -> Iterator[Merged]:
        for record in records:
            for placed in placed_events(record.item):
                identifiers = self._identifiers(placed.event)
                if len(identifiers) > 1:
                    yield from self._linker.merged_by(placed.cause, identifiers)

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
