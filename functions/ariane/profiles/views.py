"""What the profile API answers, as JSON documents. Segment's own shapes are in ``segment_views``."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ariane.errors import Rejected
from ariane.events.log import RejectHistory
from ariane.events.model import Event
from ariane.identity.epochs import is_later, plain
from ariane.identity.rules import Identifier
from ariane.instants import Clock, format_instant, from_millis
from ariane.messaging.brand import Brand
from ariane.messaging.model import LedgerEntry
from ariane.privacy.consents import ConsentState
from ariane.profiles.admission import LogReader
from ariane.profiles.computing import Computed, Computing
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.homes import HomesOf
from ariane.profiles.model import Profile
from ariane.profiles.paging import limit_of, slice_after
from ariane.profiles.timeline import timeline
from ariane.segments.rows import Row

MAX_PAGE = 100
_IDS = ("userId", "anonymousId", "previousId", "groupId")
_OWN = (*_IDS, "name", "category", "originalTimestamp", "properties", "traits", "context", "integrations")
"""Of an event's own fields those that a timeline shows as they are: with these it can be read again as a message."""


class Enrolled(Protocol):
    """What the profile shows of an enrolment."""

    @property
    def journey(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def node(self) -> str | None: ...
    @property
    def entered_at(self) -> datetime: ...


class Enrolments(Protocol):
    def runs(self, profiles: Collection[str], prefix: str = "E#") -> Sequence[Enrolled]: ...


class LedgerReader(Protocol):
    def entries_of(self, person_ids: Collection[str]) -> Sequence[LedgerEntry]:
        """Newest first."""
        ...


class Memberships(Protocol):
    def load(self, person_ids: Collection[str]) -> Mapping[str, Row]:
        """Those that are stored."""
        ...


class ConsentReader(Protocol):
    def states(self, person_ids: Collection[str]) -> Sequence[ConsentState]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that the API reads."""

    directory: ProfileDirectory
    log: LogReader
    homes: HomesOf
    consents: ConsentReader
    enrolments: Enrolments
    ledger: LedgerReader
    rejects: RejectHistory
    computing: Computing
    memberships: Memberships
    clock: Clock
    brand: Callable[[], Brand | None] = lambda: None
    """None: nothing is published."""
    product: Callable[[str], Mapping[str, Any] | None] = lambda _: None
    """What the imported catalogue says of a product, by its id."""


type Query = Callable[[str], str | None]
"""A query parameter's value by name."""


def profile_view(sources: Sources, identifier: str) -> dict[str, Any]:
    """``computed`` and ``lifecycle`` are of this instant, ``segments`` as they were last evaluated, a moment ago at most.
    Devices at rest are counted in ``more_devices``."""
    profile = sources.directory.brief(identifier)
    computed = sources.computing.of(profile)
    runs = sorted(sources.enrolments.runs(profile.holder_ids), key=lambda run: (run.entered_at, run.journey, run.key), reverse=True)
    return {
        "id": profile.id,
        "identifiers": identifiers_view(profile),
        **({"more_devices": profile.at_rest.devices} if profile.at_rest else {}),
        "traits": profile.traits,
        "computed": computed.traits,
        "events": {name: _occurrences_view(profile, name) for name in profile.occurrences},
        "segments": segments_view(sources, profile),
        "consents": _consents_view(profile, sources.consents.states(profile.holder_ids)),
        **lifecycle_view(computed),
        "journeys": [_enrolment_view(run) for run in runs],
        "first_seen": instant(profile.first_seen),
        "last_seen": instant(profile.last_seen),
    }


def segments_view(sources: Sources, profile: Profile) -> list[dict[str, Any]]:
    """By name; of those that are defined now. ``since`` is null where that is longer ago than the log goes back."""
    row = sources.memberships.load([profile.id]).get(profile.id)
    known = sources.computing.asking.view().segments
    theirs = sorted(row.memberships.items()) if row else []
    return [{"name": name, "since": millis_view(member.since)} for name, member in theirs if name in known]


def lifecycle_view(computed: Computed) -> dict[str, Any]:
    return {"lifecycle": computed.lifecycle, "lifecycle_since": millis_view(computed.lifecycle_since)}


def millis_view(millis: int | None) -> str | None:
    return None if millis is None else format_instant(from_millis(millis))


def identifier_of(query: Query) -> str:
    """For identifiers that a path cannot hold. Raises Rejected (``identifier_missing``)."""
    identifier = query("identifier")
    if not identifier:
        raise Rejected("identifier_missing", "say who: identifier=namespace:value")
    return identifier


def timeline_view(sources: Sources, identifier: str, query: Query) -> dict[str, Any]:
    """Newest first, over every identifier of the person."""
    limit = limit_of(query("limit"), default=50, largest=MAX_PAGE)
    profile = sources.directory.profile(identifier)
    page = timeline(sources.log, profile, homes=sources.homes, limit=limit, cursor=query("cursor"))
    return {"data": [event_view(event, profile) for event in page.items], "cursor": page.cursor}


def messages_view(sources: Sources, query: Query) -> dict[str, Any]:
    """Every message meant for the person, newest first, sent or not."""
    identifier = query("profile")
    if not identifier:
        raise Rejected("profile_missing", "say whose messages: profile=namespace:value")
    limit = limit_of(query("limit"), default=50, largest=MAX_PAGE)
    profile = sources.directory.brief(identifier)
    entries = sources.ledger.entries_of(profile.holder_ids)
    page = slice_after(entries, [f"{entry.profile}/{entry.id}" for entry in entries], cursor=query("cursor"), limit=limit)
    return {"data": _message_views(page.items, profile, sources.directory), "cursor": page.cursor}


def identifiers_view(profile: Profile) -> list[dict[str, Any]]:
    return [identifier_view(Identifier.parse(text)) for text in profile.identifiers.values()]


def identifier_view(identifier: Identifier) -> dict[str, Any]:
    """A device that turned out to be shared is another one from then on: ``epoch`` 1."""
    shown = plain(identifier)
    view: dict[str, Any] = {"type": shown.namespace, "value": shown.value}
    return view | {"epoch": 1} if is_later(identifier) else view


def shown_identifier(profile: Profile, person_id: str) -> str | None:
    """As people write it."""
    text = profile.identifiers.get(person_id)
    return str(plain(Identifier.parse(text))) if text else None


def event_view(event: Event, profile: Profile) -> dict[str, Any]:
    view: dict[str, Any] = {
        "type": event.type,
        "event": event.name,
        "messageId": event.message_id,
        "timestamp": format_instant(event.timestamp),
        "receivedAt": format_instant(event.received_at),
        "source": event.source,
        "kind": str(event.kind),
        "identifier": shown_identifier(profile, event.person_id),
    }
    return view | {name: event.message[name] for name in _OWN if name in event.message}


def instant(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None


def _occurrences_view(profile: Profile, name: str) -> dict[str, Any]:
    seen = profile.occurrences[name]
    return {"count": seen.count, "first": format_instant(seen.first), "last": format_instant(seen.last)}


def _consents_view(profile: Profile, states: Sequence[ConsentState]) -> list[dict[str, Any]]:
    """What was last said, per address that it was said for; ``identifier`` is None where it was said for all of the person's."""
    ordered = sorted(states, key=lambda state: (state.topic, state.channel, state.person_id))
    return [
        {
            "topic": state.topic,
            "channel": state.channel,
            "is": "granted" if state.granted else "withdrawn",
            "at": format_instant(state.at),
            "source": state.source,
            "identifier": None if state.is_person_wide else shown_identifier(profile, state.person_id),
        }
        for state in ordered
    ]


def _enrolment_view(run: Enrolled) -> dict[str, Any]:
    return {
        "journey": run.journey,
        "version": run.version,
        "key": run.key,
        "status": str(run.status),
        "node": run.node,
        "entered_at": format_instant(run.entered_at),
    }


def _message_views(entries: Sequence[LedgerEntry], profile: Profile, directory: ProfileDirectory) -> list[dict[str, Any]]:
    """With the address that each went to, or would have: the ledger has its id alone, and by now it may be another person's."""
    wanted = {entry.address_id for entry in entries if entry.address_id} - profile.identifiers.keys()
    elsewhere = {own: str(plain(each)) for own, each in directory.named(sorted(wanted)).items()}
    ids = (entry.address_id or "" for entry in entries)
    addresses = [shown_identifier(profile, each) or elsewhere.get(each) for each in ids]
    return [_message_view(entry, address) for entry, address in zip(entries, addresses, strict=True)]


def _message_view(entry: LedgerEntry, address: str | None) -> dict[str, Any]:
    return {
        "id": entry.id,
        "channel": str(entry.channel),
        "address": address,
        "template": entry.template,
        "journey": entry.journey,
        "node": entry.node,
        "status": str(entry.status),
        "reason": entry.reason,
        "at": format_instant(entry.at),
    }
