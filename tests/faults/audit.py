"""At rest: what the clients were told, what the log holds, what was made of it. Each check says what it misses."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import orjson

from ariane.events.model import OWN_SOURCE
from ariane.identity.epochs import is_later
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.profiles.announcing import Fact, facts_of_transition
from ariane.profiles.reader import ProfileReader
from ariane.segments.deciding import ENTERED, EXITED, LIFECYCLE_CHANGED
from tests.faults.brief_readings import unlike
from tests.faults.clients import OPENING
from tests.faults.clients_sdk import Told
from tests.faults.identity_mirror import Mirror
from tests.faults.model import Entry, entries_of, identifiers_in, said_in, standing
from tests.faults.model_people import People
from tests.faults.model_profiles import differences
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

    @cached_property
    def people(self) -> People:
        identities, key = self.world.stores.identities, self.world.person_key()
        alone = People(self.entries, identities.all_splits(), self.world.identity_rules(), key)
        ids = {person_id(each, key) for group in alone.groups for each in group}
        links = {each for own in ids for each in identities.assertions_under(own) if each.by is not None}
        return People(alone.entries, alone.splits, alone.rules, key, sorted(links, key=lambda each: each.sequence))

    def home(self, entry: Entry) -> str:
        """The person id of whoever the event is about."""
        return self.people.home_id(entry)

    @cached_property
    def has_parted(self) -> bool:
        return any(each.parted or each.refold for each in self.world.stores.identities.committed)

    def root(self, id_: str) -> str:
        if id_ not in self.roots:
            self.roots[id_] = self.world.stores.identities.root_of(id_)
        return self.roots[id_]

    def id_of(self, identifier: str) -> str:
        return person_id(Identifier.parse(identifier), self.world.person_key())


MEMBERSHIP_FACTS = frozenset({ENTERED, EXITED, LIFECYCLE_CHANGED})


def at_announcement(world: World, fact: Fact) -> None:
    """What is committed is announced, and nothing before that."""
    if fact.kind == "Event":
        partition = str(fact.detail["cause"]).partition("/")[0]
        if fact.detail["event"] not in world.stores.fragments.names_of(partition):
            world.problem(f"{fact.detail['event']} {fact.detail['messageId']} was announced before it was applied")
    elif fact.kind in MEMBERSHIP_FACTS:
        return  # of these the capability hears
    elif not any(each.cause == fact.detail["cause"] for each in world.stores.identities.committed):
        world.problem(f"a {fact.kind} was announced that nobody made, of {fact.detail['cause']}")


def problems_of_events(rest: Rest) -> Iterator[str]:
    yield from _what_was_accepted(rest)
    yield from _what_was_refused(rest)
    yield from _who_is_who(rest)
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
    """Every head, cluster and assertion is what the reference makes of the log and the splits, and each profile the fold of its people's
    events, whatever they lie under in the log."""
    stores, people = rest.world.stores, rest.people
    mirror = Mirror(
        store=stores.identities,
        assertions=people.assertions,
        splits=people.splits,
        rules=people.rules,
        key=people.key,
        transitions=stores.identities.committed,
        universe=[each for group in people.groups for each in group if not is_later(each)],
    )
    yield from (f"inv 3: {problem}" for problem in mirror.problems())
    reader = ProfileReader(stores.identities, stores.fragments)
    known = people.known_by_home(rest.counted)
    for group in people.groups:
        whole = reader.snapshot(min(people.ids_of(group)))
        yield from differences(people, group, whole, known)
        yield from (f"read briefly: {problem}" for problem in unlike(reader.brief(whole.id), whole))
    for entry in rest.entries:
        first = identifiers_in(entry)[:1]
        if first and rest.id_of(first[0]) != entry.pk:
            yield f"{entry.tag} lies under another id than that of {first[0]}"


def _what_was_announced(rest: Rest) -> Iterator[str]:
    """Where one person's items lie on several shards, what another shard taught the fragment hides a merge whose stitcher died: a limit
    that docs/concepts/stitching.md names."""
    facts = rest.world.stores.bus.facts
    told = {str(fact) for fact in facts}
    rehomed = {(each, fact.detail["at"]) for fact in facts for each in fact.detail.get("rehomed", ())}
    events = {(fact.detail["source"], fact.detail["messageId"]) for fact in facts if fact.kind == "Event"}
    for transition in rest.world.stores.identities.committed:
        for fact in facts_of_transition(transition):
            moved = fact.detail.get("rehomed", ())
            if moved and all(any(each == other and at >= fact.detail["at"] for other, at in rehomed) for each in moved):
                continue  # by itself, or with what the background changed after it
            if str(fact) not in told and not rest.world.weather.is_torn:
                yield f"a {fact.kind} was never announced: {dict(fact.detail)}"
    for entry in rest.counted:
        if entry.name in LISTENED and entry.id not in events:
            yield f"{entry.name} {entry.tag} was listened to and never announced"


def _what_was_decided(rest: Rest) -> Iterator[str]:
    key = rest.world.person_key()
    expected = standing(said for entry in rest.counted if (said := said_in(entry, rest.home(entry), key)) is not None)
    states = rest.world.stores.consents.states({thing[0] for thing in expected} | _ids_of(rest))
    stored = {(each.person_id, each.topic, each.channel, each.is_person_wide): (each.at, each.granted) for each in states}
    for thing in sorted(expected.keys() | stored.keys()):
        if expected.get(thing) != stored.get(thing):
            yield f"the consent {thing} stands as {stored.get(thing)}, by the log as {expected.get(thing)}"


def _ids_of(rest: Rest) -> set[str]:
    return {entry.pk for entry in rest.entries} | {own for group in rest.people.groups for own in rest.people.ids_of(group)}


def _what_is_left(rest: Rest) -> Iterator[str]:
    for queue in rest.world.queues:
        if queue.dead:
            yield f"the {queue.name} gave up {len(queue.dead)} messages in calm weather: {queue.dead[0].body}"
        if queue.ready or queue.waiting:
            yield f"the {queue.name} is not empty"
    if not rest.world.stream.is_empty:
        yield "the stream is not read to its end"
