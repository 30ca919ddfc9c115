"""A fragment: what is known through one person id, and its bytes. Events are applied to it elsewhere (``applying``)."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import orjson

from ariane.conditions.series import Observed, Settings
from ariane.errors import Permanent
from ariane.events.model import Event
from ariane.profiles.compact import Reader, Writer
from ariane.profiles.observed_codec import Recorded, read_recorded, texts_of, write_recorded
from ariane.profiles.once import Recent, Trace, read_recent, read_traces, write_recent, write_traces

MAX_KNOWN_SETS = 8
_SET_MARK_BYTES = 8
_PLAIN = 1
"""Format of the stored state. Another one gets another number, and this one stays readable. What it ``observes`` is in the same number: one
byte for both while that is at most 31."""
_ROUTED = 2
"""The same, followed by what only few fragments have: where events go that are not its own, and where its own lie."""
_OBSERVING = 3
"""As _ROUTED, and then what was recorded for conditions (``observed_codec``)."""
_FORMATS = 4


class Unreadable(Permanent):
    """A stored fragment that cannot be decoded: damaged, or in a format of another release."""

    def __init__(self) -> None:
        super().__init__("fragment_unreadable", "the stored fragment of the person cannot be decoded")


class Trait(NamedTuple):
    value: Any
    """None: removed. Kept, so that an older value that arrives later does not come back."""
    millis: int
    rank: int = 0
    """Of the source that said it, where the brand ranks sources for this trait."""

    @property
    def order(self) -> tuple[int, int, bytes]:
        """The highest rank wins, then the latest event; of one instant the larger JSON text, so that order of arrival never decides."""
        return self.rank, self.millis, canonical(self.value)


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
    """What was kept out (``applying``), by reason: ``trait_size``, ``trait_count``, ``trait_type``, ``event_names``, ``groups``."""
    routing: int = 0
    """How often the events that lie under this person id in the log were refolded. 0: they are all this identifier's, and nobody needs to
    ask. Above: whose each is has to be asked (``homes``)."""
    generation: int = 0
    """Of the last refold, a random number: marks of this generation in the log say what it counted. 0: none has ended."""
    feeds: tuple[str, ...] = ()
    """Other person ids under which events of this one lie in the log; each has a row of its own here (``RoutedFragment``)."""
    observed: Mapping[str, Observed] = field(default_factory=dict)
    """Key of a series that conditions ask for -> what of it happened here. What only misses events (``observes``) is here all the same."""
    settings: Mapping[str, Settings] = field(default_factory=dict)
    """Traits whose history conditions ask for."""
    observes: int = 0
    """Epoch of the plan (``conditions.observing``) of which nothing is missing in ``observed`` and ``settings``; of what later plans
    ask for, what happened before may be."""

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


def remember_set(fragment: Fragment, trace: Trace) -> Fragment:
    kept = tuple(known for known in fragment.known if known.mark != trace.mark)
    return replace(fragment, known=(*kept, trace)[-MAX_KNOWN_SETS:])


def canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def encode(fragment: Fragment) -> bytes:
    """The ``b`` attribute: names and values as one deflated document, then numbers. Instants are distances from ``last_seen``: what is
    recent is what changes, and it stays short."""
    writer = Writer()
    now = fragment.last_seen or 0
    names, moments = sorted(fragment.tallies), sorted({trait.millis for trait in fragment.traits.values()}, reverse=True)
    values = [{name: trait.value for name, trait in sorted(fragment.traits.items()) if trait.millis == moment} for moment in moments]
    ranks = {name: trait.rank for name, trait in sorted(fragment.traits.items()) if trait.rank}
    stored_format = _format_of(fragment, ranks)
    document = [fragment.identifier, names, values, list(fragment.groups), fragment.overflow]
    recorded = Recorded(fragment.observed, fragment.settings)
    writer.number(fragment.observes * _FORMATS + stored_format)
    writer.document([*document, ranks, *texts_of(recorded)] if stored_format == _OBSERVING else document)
    writer.optional(fragment.last_seen)
    writer.optional(None if fragment.first_seen is None else now - fragment.first_seen)
    for instant in (*moments, *fragment.groups.values()):
        writer.signed(now - instant)
    for name in names:
        _write_tally(writer, fragment.tallies[name], now)
    write_recent(writer, fragment.recent, near=now)
    write_traces(writer, fragment.known, mark_bytes=_SET_MARK_BYTES, near=now)
    if stored_format != _PLAIN:
        writer.number(fragment.routing)
        writer.number(fragment.generation)
        writer.document(list(fragment.feeds))
    if stored_format == _OBSERVING:
        write_recorded(writer, recorded, near=now)
    return writer.done()


def _format_of(fragment: Fragment, ranks: Mapping[str, int]) -> int:
    if fragment.observed or fragment.settings or ranks:
        return _OBSERVING
    return _ROUTED if fragment.routing or fragment.generation or fragment.feeds else _PLAIN


def decode(person_id: str, data: bytes) -> Fragment:
    """Raises Unreadable for what is no fragment's state."""
    try:
        return _decoded(person_id, data)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, zlib.error) as error:
        raise Unreadable from error


def _decoded(person_id: str, data: bytes) -> Fragment:
    reader = Reader(data)
    observes, stored_format = divmod(reader.number(), _FORMATS)
    if stored_format not in (_PLAIN, _ROUTED, _OBSERVING):
        raise ValueError("a fragment in a format that is not known here")
    identifier, names, values, groups, overflow, *more = reader.document()
    last_seen, age = reader.optional(), reader.optional()
    now = last_seen or 0
    ranks = more[0] if more else {}
    return Fragment(
        person_id=person_id,
        identifier=identifier,
        first_seen=None if age is None else now - age,
        last_seen=last_seen,
        traits={
            name: Trait(value, moment, ranks.get(name, 0))
            for group in values
            for moment in [now - reader.signed()]
            for name, value in group.items()
        },
        groups={name: now - reader.signed() for name in groups},
        tallies={name: _read_tally(reader, now) for name in names},
        recent=read_recent(reader, near=now),
        known=read_traces(reader, mark_bytes=_SET_MARK_BYTES, near=now),
        overflow=overflow,
        observes=observes,
        **_read_more(reader, stored_format, more[1:], now),
    )


def _read_more(reader: Reader, stored_format: int, texts: list[Any], now: int) -> dict[str, Any]:
    if stored_format == _PLAIN:
        return {}
    routing = {"routing": reader.number(), "generation": reader.number(), "feeds": tuple(reader.document())}
    if stored_format == _ROUTED:
        return routing
    observed, settings = read_recorded(reader, texts, near=now)
    return {**routing, "observed": observed, "settings": settings}


def _write_tally(writer: Writer, tally: Tally, now: int) -> None:
    """``last`` and how long before it the first was."""
    writer.number(tally.times)
    writer.signed(now - tally.last)
    writer.number(tally.last - tally.first)


def _read_tally(reader: Reader, now: int) -> Tally:
    times, last = reader.number(), now - reader.signed()
    return Tally(times, last - reader.number(), last)
