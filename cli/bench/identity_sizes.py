"""What grows with a person and what does not: merging is one commit whatever both sides hold; a decision reads as much of a person of
ten thousand browsers as of one of fifty; the whole reading goes through every fragment."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import batched
from typing import Any

from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.instants import format_instant
from ariane.messaging.eligibility import MOST_IDENTIFIERS
from ariane.profiles.model import Profile
from ariane.profiles.reader import ProfileReader
from ariane.profiles.sealing import Sealer
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
_AT_ONCE = 8
"""New browsers after which the background is asked, as it is."""
_OWN = person_id(Identifier("user_id", "u1"), KEY)
_GENERATION = 2**39


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
    """One customer with ever more browsers, each with a visit of its own: what reading the profile costs at each size, whole and for a
    decision; what the background spent on each browser since the size before; what a visit costs that wakes a browser at rest."""
    world = IdentityWorld()
    world.send(_event(world, userId="u1"))
    have = 1
    found = []
    for size in sizes:
        spent = Decimal(0)
        for some in batched(range(have, size), _AT_ONCE, strict=False):
            _visit(world, [f"b{number}" for number in some])
            spent += _sealed(world)
        found.append(_read(world, size, sealing=float(spent / max(1, size - have))))
        have = size
    return found


def _visit(world: IdentityWorld, browsers: Sequence[str]) -> None:
    """Each is used by somebody who then signs in."""
    signs_in = [said for each in browsers for said in ({"anonymousId": each}, {"userId": "u1", "anonymousId": each})]
    world.stitch(world.decide([_event(world, **said) for said in signs_in]))


def _sealed(world: IdentityWorld) -> Decimal:
    """Write units of the background, as often as it is asked."""
    before = world.bill.snapshot()
    Sealer(
        world.identities,
        world.fragments,
        _NobodyHolds(),
        rules=lambda: world.rules,
        clock=lambda: world.now,
        generations=lambda: _GENERATION,
    ).seal(_OWN)
    return world.bill.since(before).total(Unit.WRITE)


class _NobodyHolds:
    """Nothing has been sent yet: what holds runs, messages or consents is asked for them, be it at rest or not."""

    def held(self, person_ids: Collection[str]) -> Collection[str]:  # noqa: ARG002 - the port's
        return ()


def _read(world: IdentityWorld, size: int, *, sealing: float) -> dict[str, Any]:
    whole, asked = _asked(world, "snapshot")
    if len(whole.identifiers) != size:
        raise RuntimeError(f"a profile of {size} fragments was to be read, not of {len(whole.identifiers)}")
    brief, decided = _asked(world, "brief")
    plain = ProfileReader(world.identities.inner, world.fragments.inner)
    return {
        "fragments": size,
        "read_units": asked.read_units,
        "calls": asked.count,
        "cpu_ms": round(_seconds(plain.snapshot, size) * 1_000, 3),
        "brief_read_units": decided.read_units,
        "brief_calls": decided.count,
        "brief_cpu_ms": round(_seconds(plain.brief, len(brief.identifiers)) * 1_000, 3),
        "sealing_write_units": round(sealing, 2),
        "waking_write_units": _waking(world, brief, size),
        **_deciding(brief, decided),
    }


def _asked(world: IdentityWorld, reading: str) -> tuple[Profile, EventCalls]:
    reader = ProfileReader(world.watched["identities"], world.watched["fragments"])
    world.calls.next_event()
    before = world.bill.snapshot()
    profile: Profile = getattr(reader, reading)(_OWN)
    world.calls.now.read_units = float(world.bill.since(before).total(Unit.READ))
    return profile, world.calls.now


def _seconds(read: Callable[[str], Profile], size: int) -> float:
    """Of CPU, of one reading, without the stores' own."""
    rounds = max(3, 200 // size)
    began = time.process_time()
    for _ in range(rounds):
        read(_OWN)
    return (time.process_time() - began) / rounds


def _waking(world: IdentityWorld, brief: Profile, size: int) -> float:
    """A visit on the first browser, which is at rest by then if any is."""
    if brief.at_rest is None or size < 2:
        return 0.0
    asked = world.send(_event(world, anonymousId="b1"))
    _sealed(world)
    return asked.write_units


def _deciding(profile: Profile, read: EventCalls) -> dict[str, Any]:
    """Whether to send one marketing message: the profile, its ledger entry under each id that may hold one, the consents of each and of the
    address. Of a row that is not there the least is billed."""
    size = len(profile.holder_ids)
    asked = (size + 1) * _CONSENT_ROWS
    return {
        "deciding_read_units": read.read_units + size + asked,
        "deciding_calls": read.count + -(-size // _KEYS_PER_CALL) + -(-asked // _KEYS_PER_CALL),
        "is_sendable": size <= MOST_IDENTIFIERS,
    }


def _event(world: IdentityWorld, **said: Any) -> Json:
    world.now += timedelta(seconds=1)
    kind = {"type": "identify"} if "traits" in said else {"type": "track", "event": "Product Viewed"}
    return {**kind, "messageId": f"s{world.now.timestamp():.0f}", "timestamp": format_instant(world.now), **said}
