"""At rest: what the clients were told, what the log holds, what was made of it. Each check says what it misses."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import orjson

from ariane.events.model import OWN_SOURCE
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.profiles.announcing import Fact
from ariane.profiles.model import Profile
from ariane.profiles.reader import ProfileReader
from tests.faults.clients import OPENING
from tests.faults.clients_sdk import Told
from tests.faults.model import Entry, Known, entries_of, identifiers_in, known_by_pk, partition_of, said_in, standing
from tests.faults.world import World
from tests.faults.world_brand import LISTENED


@dataclass
class Rest:
    """The run at rest, and what the log says about it."""

    world: World
    told: Sequence[Told]
    roots: dict[str, str] = field(default_factory=dict)

    @cached_property
    def entries(self) -> list[Entry]:
        return entries_of(self.world.stores.log.items())

    @cached_property
    def counted(self) -> list[Entry]:
        """Each event once: without the copies that stitch marked."""
        return [entry for entry in self.entries if not entry.is_marked]

    def root(self, id_: str) -> str:
        if id_ not in self.roots:
            self.roots[id_] = self.world.stores.identities.root_of(id_)
        return self.roots[id_]

    def id_of(self, identifier: str) -> str:
        return person_id(Identifier.parse(identifier), self.world.person_key())


def at_announcement(world: World, fact: Fact) -> None:
    """What is committed is announced, and nothing before that."""
    if fact.kind == "Event":
        held = world.stores.fragments.load([fact.detail["fragment"]]).get(fact.detail["fragment"])
        tally = held.fragment.tallies.get(fact.detail["event"]) if held else None
        if tally is None:
            world.problem(f"{fact.detail['event']} {fact.detail['messageId']} was announced before it was applied")
    elif fact.detail["cause"] not in {plan.transition.cause for plan in world.stores.identities.merges}:
        world.problem(f"a merge was announced that nobody made, of {fact.detail['cause']}")


def problems_of_events(rest: Rest) -> Iterator[str]:
    yield from _what_was_accepted(rest)
    yield from _what_was_refused(rest)
    yield from _who_is_who(rest)
    yield from _what_is_known(rest)
    yield from _what_was_announced(rest)
    yield from _what_was_decided(rest)
    yield from _what_is_left(rest)


def _what_was_accepted(rest: Rest) -> Iterator[str]:
    """Once in the timeline: of an event's copies exactly one is not marked. Without a time of its own, at least one."""
    counted = Counter(entry.tag for entry in rest.counted)
    logged = Counter(entry.tag for entry in rest.entries)
    accepted: dict[tuple[str, str], Mapping[str, Any]] = {}
    sent: set[tuple[str, str]] = set()
    for told in rest.told:
        accepted |= {_tag(told.sending.source, message): message for message in told.accepted()}
        sent |= {_tag(told.sending.source, message) for message in told.sending.messages}
    for tag, message in accepted.items():
        if not logged[tag]:
            yield f"inv 1: {tag} was accepted and is not in the log"
        elif not counted[tag]:
            yield f"inv 1: every copy of {tag} is marked as one of another"
        elif counted[tag] > 1 and "timestamp" in message:
            yield f"inv 1: {tag} stands {counted[tag]} times in the timeline"
    for tag in sorted(logged.keys() - sent):
        if tag[0] != OWN_SOURCE:
            yield f"{tag} is in the log and nobody sent it"


def _what_was_refused(rest: Rest) -> Iterator[str]:
    kept = set(rest.world.stores.rejects.bodies([f"{OPENING + timedelta(days=day):%Y-%m-%d}" for day in (-1, 0, 1, 2)]))
    for told in rest.told:
        for place, code in told.refused.items():
            sending = told.sending
            body = sending.raw if place < 0 else orjson.dumps(sending.messages[place])
            if body not in kept:
                yield f"inv 2: {sending} was refused at place {place} as {code} and is not among the rejects"
        if told.status != 200 and told.sending.raw is None:
            yield f"{told.sending} was refused whole: {told.status} {dict(told.refused)}"


def _tag(source: str, message: Mapping[str, Any]) -> tuple[str, str]:
    return source, str((message.get("properties") or {}).get("tag") or message.get("messageId"))


def _who_is_who(rest: Rest) -> Iterator[str]:
    """The partition is the closure of what the log asserts, with one root each; a profile shows all of its identifiers and no other."""
    reader = ProfileReader(rest.world.stores.identities, rest.world.stores.fragments)
    seen: dict[str, frozenset[str]] = {}
    for group in partition_of(rest.entries).groups():
        roots = {rest.root(rest.id_of(identifier)) for identifier in group}
        if len(roots) > 1:
            yield f"inv 3: {sorted(group)} have {len(roots)} roots"
        for root in roots:
            if root in seen:
                yield f"inv 3: {sorted(group)} and {sorted(seen[root])} have one root"
            seen[root] = group
            shown = set(reader.snapshot(root).identifiers.values())
            if shown != set(group):
                yield f"inv 3: the profile of {sorted(group)} shows {sorted(shown)}"
            yield from _fold_of(rest, group, reader.snapshot(root))
    for entry in rest.entries:
        anchor = identifiers_in(entry)[:1]
        if anchor and rest.id_of(anchor[0]) != entry.pk:
            yield f"{entry.tag} lies under another id than that of {anchor[0]}"


def _fold_of(rest: Rest, group: frozenset[str], profile: Profile) -> Iterator[str]:
    """The profile is the fold of all that the log has of the group."""
    ids = {rest.id_of(identifier) for identifier in group}
    known = Known()
    for entry in rest.counted:
        if entry.pk in ids:
            known.add(entry)
    counts = {name: seen.count for name, seen in profile.occurrences.items()}
    if counts != dict(known.counts) or dict(profile.traits) != known.shown():
        yield f"inv 1: the profile of {sorted(group)} has {counts}, {dict(profile.traits)}, by the log {known.counts}, {known.shown()}"


def _what_is_known(rest: Rest) -> Iterator[str]:
    """Each event applied exactly once: what the fragments hold is the fold of the log."""
    known = known_by_pk(rest.counted)
    fragments = rest.world.stores.fragments.load({entry.pk for entry in rest.entries})
    for pk in sorted({entry.pk for entry in rest.entries}):
        expected = known.get(pk, Known())
        stored = fragments.get(pk)
        if stored is None:
            yield f"inv 1: {_names(rest, pk)} has events and no fragment"
            continue
        fragment = stored.fragment
        counts = {name: tally.times for name, tally in fragment.tallies.items()}
        if counts != dict(expected.counts):
            yield f"inv 1: {_names(rest, pk)} counts {counts}, the log {dict(expected.counts)}"
        traits = {name: trait.value for name, trait in sorted(fragment.traits.items()) if trait.value is not None}
        if traits != expected.shown():
            yield f"inv 1: {_names(rest, pk)} has the traits {traits}, by the log {expected.shown()}"
        if (fragment.first_seen, fragment.last_seen) != (expected.first, expected.last):
            yield f"inv 1: {_names(rest, pk)} was first and last seen otherwise than the log says"


def _names(rest: Rest, pk: str) -> str:
    return next((identifiers_in(entry)[0] for entry in rest.entries if entry.pk == pk and identifiers_in(entry)), pk)


def _what_was_announced(rest: Rest) -> Iterator[str]:
    """Where one person's items lie on several shards, what another shard taught the fragment hides a merge whose stitcher died: a limit
    that docs/concepts/stitching.md names."""
    facts = rest.world.stores.bus.facts
    causes = {fact.detail["cause"] for fact in facts if fact.kind == "Profile Merged"}
    events = {(fact.detail["source"], fact.detail["messageId"]) for fact in facts if fact.kind == "Event"}
    for plan in rest.world.stores.identities.merges:
        if plan.transition.cause not in causes and not rest.world.weather.is_torn:
            yield f"a merge was never announced: into {plan.transition.into}, by {plan.transition.cause}"
    for entry in rest.counted:
        if entry.name in LISTENED and entry.id not in events:
            yield f"{entry.name} {entry.tag} was listened to and never announced"


def _what_was_decided(rest: Rest) -> Iterator[str]:
    key = rest.world.person_key()
    expected = standing(said for entry in rest.counted if (said := said_in(entry, key)) is not None)
    states = rest.world.stores.consents.states({thing[0] for thing in expected} | _ids_of(rest.entries))
    stored = {(each.person_id, each.topic, each.channel, each.is_person_wide): (each.at, each.granted) for each in states}
    for thing in sorted(expected.keys() | stored.keys()):
        if expected.get(thing) != stored.get(thing):
            yield f"the consent {thing} stands as {stored.get(thing)}, by the log as {expected.get(thing)}"


def _ids_of(entries: Iterable[Entry]) -> set[str]:
    return {entry.pk for entry in entries}


def _what_is_left(rest: Rest) -> Iterator[str]:
    for queue in rest.world.queues:
        if queue.dead:
            yield f"the {queue.name} gave up {len(queue.dead)} messages in calm weather: {queue.dead[0].body}"
        if queue.ready or queue.waiting:
            yield f"the {queue.name} is not empty"
    if not rest.world.stream.is_empty:
        yield "the stream is not read to its end"
