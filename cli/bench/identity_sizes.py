"""What grows with a person and what does not: merging is one commit whatever both sides hold; reading goes through every fragment."""

import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import batched
from typing import Any

from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.instants import format_instant
from ariane.messaging.eligibility import MOST_IDENTIFIERS
from ariane.profiles.reader import ProfileReader
from cli.bench.growth import KEY, MANY_ADDRESSES
from cli.bench.identity_calls import EventCalls
from cli.bench.identity_world import IdentityWorld
from cli.bench.traffic import Json
from cli.bench.units import Unit

FRAGMENTS = (1, 10, 50, 200, 1_000, 10_000)
_SHOWN_MERGES = (1, 10, 49)
_SIDE = 50
_CONSENT_ROWS = 4
"""Of each id of a person, and of the address, that a claim of a marketing message asks for (``ConsentQuestion``)."""
_KEYS_PER_CALL = 100
_AT_ONCE = 50


def merges() -> list[dict[str, Any]]:
    """Persons of two identifiers each into one customer, up to the limit on contacts; then two persons of 50 identifiers each."""
    world = IdentityWorld(rules=MANY_ADDRESSES)
    found = []
    for number in range(1, _SHOWN_MERGES[-1] + 1):
        address = {"traits": {"email": f"a{number}@example.fr"}}
        world.send(_event(world, anonymousId=f"c{number}", **address))
        asked = world.send(_event(world, userId="u1", **address))
        if number in _SHOWN_MERGES:
            found.append(_merge(f"merge {number} into one person", asked))
    return [*found, _merge(f"two persons of {_SIDE} identifiers each", _of_two_sides())]


def _of_two_sides() -> EventCalls:
    world = IdentityWorld()
    for number in range(_SIDE - 1):
        world.send(_event(world, userId="u1", anonymousId=f"left{number}"))
        world.send(_event(world, anonymousId=f"right{number}", traits={"email": "a@example.fr"}))
    return world.send(_event(world, userId="u1", traits={"email": "a@example.fr"}))


def _merge(what: str, asked: EventCalls) -> dict[str, Any]:
    return {"what": what, "write_units": asked.write_units, "read_units": asked.read_units, "calls": asked.count, "case": str(asked.case)}


def profiles(sizes: Iterable[int] = FRAGMENTS) -> list[dict[str, Any]]:
    """One customer with ever more browsers, each with a visit of its own: what reading the profile costs at each size."""
    world = IdentityWorld()
    world.send(_event(world, userId="u1"))
    have = 1
    found = []
    for size in sizes:
        for some in batched(range(have, size), _AT_ONCE, strict=False):
            _visit(world, [f"b{number}" for number in some])
        have = size
        found.append(_read(world, size))
    return found


def _visit(world: IdentityWorld, browsers: Sequence[str]) -> None:
    """Each is used by somebody who then signs in."""
    signs_in = [said for each in browsers for said in ({"anonymousId": each}, {"userId": "u1", "anonymousId": each})]
    world.stitch(world.decide([_event(world, **said) for said in signs_in]))


def _read(world: IdentityWorld, size: int) -> dict[str, Any]:
    own = person_id(Identifier("user_id", "u1"), KEY)
    reader = ProfileReader(world.watched["identities"], world.watched["fragments"])
    world.calls.next_event()
    before = world.bill.snapshot()
    profile = reader.snapshot(own)
    if len(profile.identifiers) != size:
        raise RuntimeError(f"a profile of {size} fragments was to be read, not of {len(profile.identifiers)}")
    units = int(world.bill.since(before).total(Unit.READ))
    return {
        "fragments": size,
        "read_units": units,
        "calls": world.calls.now.count,
        "cpu_ms": round(_seconds(ProfileReader(world.identities.inner, world.fragments.inner), own, size) * 1_000, 3),
        **_deciding(size, units, world.calls.now.count),
    }


def _seconds(reader: ProfileReader, own: str, size: int) -> float:
    """Of CPU, of one reading, without the stores' own."""
    rounds = max(3, 200 // size)
    began = time.process_time()
    for _ in range(rounds):
        reader.snapshot(own)
    return (time.process_time() - began) / rounds


def _deciding(size: int, units: int, calls: int) -> dict[str, Any]:
    """Whether to send one marketing message: the profile, its ledger entry under each id, the consents of each id and of the address. A
    person of more than 1,000 ids is asked no consent: the message is skipped. Of a row that is not there the least is billed."""
    asked = (size + 1) * _CONSENT_ROWS if size <= MOST_IDENTIFIERS else 0
    return {
        "deciding_read_units": units + size + asked,
        "deciding_calls": calls + -(-size // _KEYS_PER_CALL) + -(-asked // _KEYS_PER_CALL),
        "is_sendable": size <= MOST_IDENTIFIERS,
    }


def _event(world: IdentityWorld, **said: Any) -> Json:
    world.now += timedelta(seconds=1)
    kind = {"type": "identify"} if "traits" in said else {"type": "track", "event": "Product Viewed"}
    return {**kind, "messageId": f"s{world.now.timestamp():.0f}", "timestamp": format_instant(world.now), **said}
