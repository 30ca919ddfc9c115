"""Identities that others keep changing: their events go on without their links, and the links are made later.

A delivery of the stream is one hot identity's as much as everybody else's on its shard: it must not wait. So the item's key goes to the
replay queue, before the fragment is written, as a message that asks for links and nothing else. Folding, consents and announcing are the
delivery's: whether it was killed, came again or ended, each event is counted as if there had been no contention. Its identifiers are not
remembered in the fragment before they are linked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ariane.errors import Retryable
from ariane.events.log import LogKey
from ariane.events.model import LogItem
from ariane.identity.jobs import BackgroundQueue
from ariane.identity.linking import Linker, is_asserting
from ariane.identity.model import Transition
from ariane.identity.rules import Identifier, Rules
from ariane.profiles.admission import Placed, placed_events
from ariane.profiles.announcing import Announcer, Fact, facts_of_transition
from ariane.profiles.homes import identifiers_in
from ariane.profiles.refolding import follow
from ariane.profiles.stitching import StitchDefinitions, Stores

CONTENDED = "identity_contended"
MOST_TRIES = 10
"""After that the queue itself brings it again, and in the end into the dead letters: about an hour and a half of growing delays. Below the
some 16 times that Lambda lets what a function sends come back to it."""
_FIRST_DELAY = 30
_LONGEST_DELAY = 900
"""Seconds, of SQS."""


class LinkQueue(Protocol):
    def link_later(self, key: LogKey, *, tries: int, delay: int) -> None:
        """``tries``: how often it will have been tried by then. ``delay``: seconds, up to 900. Raises Retryable."""
        ...


type LinksOf = Callable[[LogItem, StitchDefinitions], Sequence[Fact]]
"""Links an item's identifiers and does what follows from it; returns what is to be announced. Raises Retryable."""


class PatientLinker:
    """Of one delivery of one person id. All its links touch that one's head: after the first that others stand in the way of, none is
    tried."""

    def __init__(self, linker: Linker, queue: LinkQueue | None) -> None:
        """``queue`` None: nobody could do it later."""
        self._linker = linker
        self._queue = queue
        self._left: set[LogKey] = set()

    def link(self, placed: Placed, identifiers: Sequence[Identifier], *, rules: Rules) -> Transition | None:
        """None: it is left for later. Raises Retryable."""
        if not self._left:
            try:
                return self._linker.link(placed.event, identifiers, rules=rules, cause=placed.cause)
            except Retryable as error:
                if self._queue is None or error.code != CONTENDED:
                    raise
        self._leave(LogKey(placed.event.person_id, placed.sort))
        return None

    def _leave(self, key: LogKey) -> None:
        if self._queue is not None and key not in self._left:
            self._queue.link_later(key, tries=1, delay=delay_after(1))
            self._left.add(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateLinks:
    """What takes up the messages that ask for links."""

    links: LinksOf
    announcer: Announcer
    definitions: Callable[[], StitchDefinitions]
    queue: LinkQueue

    def take(self, item: LogItem, *, tries: int) -> int:
        """How many facts were announced. Raises Retryable, also where the identities are contended still after many tries."""
        try:
            facts = self.links(item, self.definitions())
        except Retryable as error:
            if error.code != CONTENDED or tries >= MOST_TRIES:
                raise
            self.queue.link_later(LogKey(item.person_id, item.sort), tries=tries + 1, delay=delay_after(tries + 1))
            return 0
        if facts:
            self.announcer.publish(facts)
        return len(facts)


def links_of(
    item: LogItem, definitions: StitchDefinitions, *, stores: Stores, key: bytes, background: BackgroundQueue | None = None
) -> Sequence[Fact]:
    """Links the identifiers of an item's events, and does what follows. Copies too, whether marked by now or not: which of them stands
    follows from what they say, not from which was stitched first."""
    linker = Linker(stores.identities, key, each=stores.each, clock=stores.clock)
    changed = []
    for placed in placed_events(replace(item, duplicates=frozenset())):
        identifiers = identifiers_in(placed.event, definitions.rules)
        if is_asserting(identifiers, definitions.rules, is_trusted=placed.event.is_trusted):
            changed.append(linker.link(placed.event, identifiers, rules=definitions.rules, cause=placed.cause))
    follow(changed, stores=stores, key=key, rules=definitions.rules, background=background, observing=definitions.observing)
    return [fact for transition in dict.fromkeys(changed) for fact in facts_of_transition(transition)]


def delay_after(tries: int) -> int:
    """Seconds; half a minute, and twice as long each time."""
    return min(_LONGEST_DELAY, _FIRST_DELAY << (tries - 1))
