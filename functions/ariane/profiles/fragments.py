"""A fragment: what is known through one person id. Applying events to it is pure, commutative but for the limits, and bounded."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import orjson

from ariane.errors import Permanent
from ariane.events.model import Event
from ariane.instants import to_millis
from ariane.profiles.compact import Reader, Writer
from ariane.profiles.once import Recent, Trace, read_recent, read_traces, write_recent, write_traces

MAX_TRAITS = 200
MAX_TRAIT_BYTES = 2_048
MAX_TRAITS_BYTES = 49_152
MAX_EVENT_NAMES = 200
MAX_GROUPS = 20
MAX_NAME = 128
MAX_KNOWN_SETS = 8
_SET_MARK_BYTES = 8
_PLAIN = 1
"""Format of the stored state. Another one gets another number, and this one stays readable."""
_ROUTED = 2
"""The same, followed by what only few fragments have: where events go that are not its own, and where its own lie."""


class Unreadable(Permanent):
    """A stored fragment that cannot be decoded: damaged, or in a format of another release."""

    def __init__(self) -> None:
        super().__init__("fragment_unreadable", "the stored fragment of the person cannot be decoded")


class Trait(NamedTuple):
    value: Any
    """None: removed. Kept, so that an older value that arrives later does not come back."""
    millis: int

    @property
    def order(self) -> tuple[int, bytes]:
        """The latest event wins; of the same instant the larger JSON text, so that order of arrival never decides."""
        return self.millis, _canonical(self.value)


class Tally(NamedTuple):
    times: int
    first: int
    last: int

    def plus(self, other: "Tally") -> "Tally":
        return Tally(self.times + other.times, min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    person_id: str
    identifier: str | None = None
    """``namespace:value`` of the anchor that brought its events."""
    traits: Mapping[str, Trait] = field(default_factory=dict)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)
    """Accounts that ``group`` events named -> milliseconds of the first."""
    first_seen: int | None = None
    last_seen: int | None = None
    recent: Recent = field(default_factory=Recent)
    known: tuple[Trace, ...] = ()
    """Identifier sets already asserted (hash, earliest time): an event that repeats one costs no read of the identities."""
    overflow: Mapping[str, int] = field(default_factory=dict)
    """What the limits above kept out, by reason: ``trait_size``, ``trait_count``, ``event_names``, ``groups``."""
    routing: int = 0
    """How often the events that lie under this person id in the log were refolded. 0: they are all this identifier's, and nobody needs to
    ask. Above: whose each is has to be asked (``homes``)."""
    generation: int = 0
    """Of the last refold, a random number: marks of this generation in the log say what it counted. 0: none has ended."""
    feeds: tuple[str, ...] = ()
    """Other person ids under which events of this one lie in the log; each has a row of its own here (``RoutedFragment``)."""

    @property
    def is_routed(self) -> bool:
        return self.routing > 0


class Route(NamedTuple):
    """Events that lie under ``partition`` in the log are ``home``'s."""

    home: str
    partition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedFragment:
    """What is known of ``fragment.person_id`` through events that lie under another person id. It has no once-only memory: it is written
    together with the partition's own fragment only, whose memory and version guard both."""

    partition: str
    fragment: Fragment

    @property
    def route(self) -> Route:
        return Route(self.fragment.person_id, self.partition)


class Seal(NamedTuple):
    """A fragment is summed up in a bundle (``bundles``)."""

    holder: str
    """The person id that the bundle lay under then; another may have taken it in."""
    generation: int
    """Of that bundle. Where it has another by now, the seal means nothing."""
    version: int
    """Of the bundle as it was written with this seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFragment:
    fragment: Fragment
    version: int = 0
    """0: not stored yet."""
    sequence: str | None = None
    """The last stream sequence number whose record is in it."""
    seal: Seal | None = None
    """It is written only together with the bundle (``waking``)."""


def counted_name(event: Event) -> str | None:
    """Under which name an event is counted and listened to: a track's own; ``$page``, ``$screen``; None for the other types."""
    if event.type == "track":
        return event.name
    return f"${event.type}" if event.type in ("page", "screen") else None


def apply(fragment: Fragment, events: Iterable[Event]) -> Fragment:
    """``fragment`` with ``events`` in it. Whether they were in it before is the caller's to know (``once``)."""
    draft = _Draft(fragment)
    for event in events:
        draft.apply(event)
    return draft.finish()


def remember_set(fragment: Fragment, trace: Trace) -> Fragment:
    kept = tuple(known for known in fragment.known if known.mark != trace.mark)
    return replace(fragment, known=(*kept, trace)[-MAX_KNOWN_SETS:])


class _Draft:
    def __init__(self, fragment: Fragment) -> None:
        self._fragment = fragment
        self._traits = dict(fragment.traits)
        self._tallies = dict(fragment.tallies)
        self._groups = dict(fragment.groups)
        self._overflow = dict(fragment.overflow)
        self._bytes = sum(len(name) + len(_canonical(trait.value)) for name, trait in self._traits.items())
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
        for trait, value in event.traits.items():
            self._set(trait, Trait(value, millis))

    def finish(self) -> Fragment:
        return replace(
            self._fragment,
            traits=self._traits,
            tallies=self._tallies,
            groups=self._groups,
            overflow=self._overflow,
            first_seen=self._first,
            last_seen=self._last,
        )

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
        size = len(_canonical(trait.value))
        growth = size - len(_canonical(stored.value)) if stored else size + len(name)
        if len(name) > MAX_NAME or size > MAX_TRAIT_BYTES or self._bytes + growth > MAX_TRAITS_BYTES:
            self._keep_out("trait_size")
        elif stored is None and len(self._traits) >= MAX_TRAITS:
            self._keep_out("trait_count")
        else:
            self._bytes += growth
            self._traits[name] = trait

    def _keep_out(self, reason: str) -> None:
        self._overflow[reason] = self._overflow.get(reason, 0) + 1


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def encode(fragment: Fragment) -> bytes:
    """The ``b`` attribute: names and values as one deflated document, then numbers. Instants are distances from ``last_seen``: what is
    recent is what changes, and it stays short."""
    writer = Writer()
    now = fragment.last_seen or 0
    names, moments = sorted(fragment.tallies), sorted({trait.millis for trait in fragment.traits.values()}, reverse=True)
    values = [{name: trait.value for name, trait in sorted(fragment.traits.items()) if trait.millis == moment} for moment in moments]
    is_plain = not (fragment.routing or fragment.generation or fragment.feeds)
    writer.number(_PLAIN if is_plain else _ROUTED)
    writer.document([fragment.identifier, names, values, list(fragment.groups), fragment.overflow])
    writer.optional(fragment.last_seen)
    writer.optional(None if fragment.first_seen is None else now - fragment.first_seen)
    for instant in (*moments, *fragment.groups.values()):
        writer.signed(now - instant)
    for name in names:
        _write_tally(writer, fragment.tallies[name], now)
    write_recent(writer, fragment.recent, near=now)
    write_traces(writer, fragment.known, mark_bytes=_SET_MARK_BYTES, near=now)
    if not is_plain:
        writer.number(fragment.routing)
        writer.number(fragment.generation)
        writer.document(list(fragment.feeds))
    return writer.done()


def decode(person_id: str, data: bytes) -> Fragment:
    """Raises Unreadable for what is no fragment's state."""
    try:
        return _decoded(person_id, data)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, zlib.error) as error:
        raise Unreadable from error


def _decoded(person_id: str, data: bytes) -> Fragment:
    reader = Reader(data)
    stored_format = reader.number()
    if stored_format not in (_PLAIN, _ROUTED):
        raise ValueError("a fragment in a format that is not known here")
    identifier, names, values, groups, overflow = reader.document()
    last_seen, age = reader.optional(), reader.optional()
    now = last_seen or 0
    return Fragment(
        person_id=person_id,
        identifier=identifier,
        first_seen=None if age is None else now - age,
        last_seen=last_seen,
        traits={name: Trait(value, moment) for group in values for moment in [now - reader.signed()] for name, value in group.items()},
        groups={name: now - reader.signed() for name in groups},
        tallies={name: _read_tally(reader, now) for name in names},
        recent=read_recent(reader, near=now),
        known=read_traces(reader, mark_bytes=_SET_MARK_BYTES, near=now),
        overflow=overflow,
        **_read_routing(reader, stored_format),
    )


def _read_routing(reader: Reader, stored_format: int) -> dict[str, Any]:
    if stored_format == _PLAIN:
        return {}
    return {"routing": reader.number(), "generation": reader.number(), "feeds": tuple(reader.document())}


def _write_tally(writer: Writer, tally: Tally, now: int) -> None:
    """``last`` and how long before it the first was."""
    writer.number(tally.times)
    writer.signed(now - tally.last)
    writer.number(tally.last - tally.first)


def _read_tally(reader: Reader, now: int) -> Tally:
    times, last = reader.number(), now - reader.signed()
    return Tally(times, last - reader.number(), last)
