"""Applying events to a fragment: pure, commutative but for the limits, and bounded."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ariane.conditions.observing import Happened, Observer, Observing
from ariane.events.model import Event
from ariane.instants import to_millis
from ariane.profiles.completeness import observes_after
from ariane.profiles.fragments import Fragment, Tally, Trait, canonical, counted_name
from ariane.profiles.observed_bounds import bounded
from ariane.profiles.reserved_traits import MISTYPED, typed

MAX_TRAITS = 200
MAX_TRAIT_BYTES = 2_048
MAX_TRAITS_BYTES = 49_152
MAX_EVENT_NAMES = 200
MAX_GROUPS = 20
MAX_NAME = 128
NOTHING = Observing()


def apply(fragment: Fragment, events: Iterable[Event], observing: Observing = NOTHING) -> Fragment:
    """``fragment`` with ``events`` in it. Whether they were in it before is the caller's to know (``once``). What the plan does not ask for
    any more is dropped."""
    draft = _Draft(fragment, observing)
    for event in events:
        draft.apply(event)
    return draft.finish()


def happened_of(event: Event) -> Happened:
    """As it is recorded, from the log too: with the traits that a profile takes."""
    context = event.message.get("context")
    location = context.get("location") if isinstance(context, Mapping) else None
    traits = {name: value for name, value in map(_typed_pair, event.traits.items()) if value is not MISTYPED and len(name) <= MAX_NAME}
    return Happened(counted_name(event), event.timestamp, event.properties, location, traits, event.source)


def _typed_pair(pair: tuple[str, Any]) -> tuple[str, Any]:
    return pair[0], typed(*pair).value


class _Draft:
    def __init__(self, fragment: Fragment, observing: Observing) -> None:
        self._fragment = fragment
        self._observing = observing
        self._observes = observes_after(fragment, observing)
        self._observer = Observer(observing, fragment.observed, fragment.settings)
        self._traits = dict(fragment.traits)
        self._tallies = dict(fragment.tallies)
        self._groups = dict(fragment.groups)
        self._overflow = dict(fragment.overflow)
        self._bytes = sum(len(name) + len(canonical(trait.value)) for name, trait in self._traits.items())
        self._first, self._last = fragment.first_seen, fragment.last_seen

    def apply(self, event: Event) -> None:
        millis = to_millis(event.timestamp)
        self._first = millis if self._first is None else min(self._first, millis)
        self._last = millis if self._last is None else max(self._last, millis)
        name = counted_name(event)
        if name:
            self._count(name, millis)
        if event.type == "group":
            self._join(event.message.get("groupId"), millis)
        for trait, said in event.traits.items():
            value, is_whole = typed(trait, said)
            if not is_whole:
                self._keep_out("trait_type")
            if value is not MISTYPED:
                self._set(trait, Trait(value, millis, self._observing.rank(trait, event.source)))
        if self._observing.looking_at(name) or (event.traits and self._observing.traits):
            self._observer.add(happened_of(event))

    def finish(self) -> Fragment:
        done = replace(
            self._fragment,
            traits=self._traits,
            tallies=self._tallies,
            groups=self._groups,
            overflow=self._overflow,
            first_seen=self._first,
            last_seen=self._last,
            observed=self._observer.observed,
            settings=self._observer.settings,
            observes=self._observes,
        )
        return bounded(done)

    def _count(self, name: str, millis: int) -> None:
        stored = self._tallies.get(name)
        if stored is None and (len(name) > MAX_NAME or len(self._tallies) >= MAX_EVENT_NAMES):
            self._keep_out("event_names")
            return
        once = Tally(1, millis, millis)
        self._tallies[name] = stored.plus(once) if stored else once

    def _join(self, group: object, millis: int) -> None:
        if not isinstance(group, str) or not group:
            return
        if group not in self._groups and (len(group) > MAX_NAME or len(self._groups) >= MAX_GROUPS):
            self._keep_out("groups")
            return
        self._groups[group] = min(self._groups.get(group, millis), millis)

    def _set(self, name: str, trait: Trait) -> None:
        stored = self._traits.get(name)
        if stored is not None and stored.order >= trait.order:
            return
        size = len(canonical(trait.value))
        growth = size - len(canonical(stored.value)) if stored else size + len(name)
        if len(name) > MAX_NAME or size > MAX_TRAIT_BYTES or self._bytes + growth > MAX_TRAITS_BYTES:
            self._keep_out("trait_size")
        elif stored is None and len(self._traits) >= MAX_TRAITS:
            self._keep_out("trait_count")
        else:
            self._bytes += growth
            self._traits[name] = trait

    def _keep_out(self, reason: str) -> None:
        self._overflow[reason] = self._overflow.get(reason, 0) + 1
