"""What people and programs ask of segments, through the API."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol, Self

from ariane.definitions.customer_view import CustomerView, Segment
from ariane.errors import NotFound, Rejected
from ariane.instants import Clock, format_instant, from_millis
from ariane.privacy.consents import ConsentState
from ariane.profiles.computing import Computing
from ariane.profiles.model import Profile
from ariane.segments.audience_formats import Format, Sheet
from ariane.segments.audience_people import ConsentWanted, Person, person_of
from ariane.segments.backfilling import BackfillDesk, Progress
from ariane.segments.counting import Counts, DayCount
from ariane.segments.rows import Member, SegmentMembers

MOST_DAYS = 400
MANY = 20_000
"""Members, from which on a list of segments shows how many there were when they were last counted: counting reads them all."""
NO_CONSENT = "no_consent"
NOTHING_TO_MATCH = "nothing_to_match"


class Directory(Protocol):
    def brief(self, text: str) -> Profile:
        """Raises NotFound."""
        ...


class Consents(Protocol):
    def states(self, person_ids: Collection[str]) -> Sequence[ConsentState]: ...


class Seen(NamedTuple):
    member: Member
    profile: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    kind: Format
    sheet: Sheet
    consent: ConsentWanted | None
    """None: nobody's is asked."""
    with_computed: bool = True
    """Whether computed traits may be wanted."""


@dataclass(slots=True)
class AudiencePart:
    lines: list[str] = field(default_factory=list)
    people: int = 0
    """In the lines."""
    left_out: dict[str, int] = field(default_factory=dict)
    """By reason."""
    cursor: str | None = None

    @property
    def members(self) -> int:
        return self.people + sum(self.left_out.values())

    def leave_out(self, reason: str, number: int = 1) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + number

    def add(self, following: Self) -> None:
        """The part that comes after this one."""
        self.lines += following.lines
        self.people += following.people
        for reason, number in following.left_out.items():
            self.leave_out(reason, number)
        self.cursor = following.cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDesk:
    view: Callable[[], CustomerView]
    members: SegmentMembers
    counts: Counts
    backfills: Callable[[], BackfillDesk]
    directory: Directory
    computing: Computing
    consents: Consents
    clock: Clock

    def segments(self) -> Sequence[Segment]:
        """By name."""
        return [segment for _, segment in sorted(self.view().segments.items())]

    def segment(self, name: str) -> Segment:
        """Raises NotFound (``segment_unknown``)."""
        known = self.view().segments
        if name not in known:
            raise NotFound("segment_unknown", f"no such segment is published; known: {', '.join(sorted(known)) or 'none'}")
        return known[name]

    def counted(self, name: str, first: date, last: date) -> Sequence[DayCount]:
        """Both days are in."""
        found = self.counts.counts(name, since=str(first))
        return [each for each in found if each.day <= str(last)]

    def how_many(self, segment: Segment, counted: Sequence[DayCount]) -> tuple[int, datetime]:
        """And as of when: of very many as they were last counted, in ``counted``; of all others now."""
        last = counted[-1] if counted else None
        if last is not None and last.members >= MANY and last.at >= segment.published_at:
            return last.members, last.at
        return self.members.count(segment.name), self.clock()

    def backfill_of(self, segment: Segment, latest: Sequence[Progress] | None = None) -> Progress | None:
        """The latest, where it was begun since this version was published: every one evaluates all segments."""
        known = self.latest_backfills() if latest is None else latest
        return next((each for each in known if each.backfill.began_at >= segment.published_at), None)

    def latest_backfills(self) -> Sequence[Progress]:
        return self.backfills().latest(1)

    def seen(self, members: Sequence[Member]) -> Iterator[Seen]:
        """With the profile of each; without those of whom nothing is left."""
        for member in members:
            try:
                yield Seen(member, self.directory.brief(member.person))
            except NotFound:
                continue

    def audience(self, name: str, asked: Asked, *, limit: int, cursor: str | None) -> AudiencePart:
        """Of at most ``limit`` members. Raises NotFound, Rejected (``invalid_cursor``), Retryable."""
        page = self.members.members(self.segment(name).name, limit=limit, cursor=cursor)
        part = AudiencePart(cursor=page.cursor)
        for seen in self.seen(page.members):
            self._add(part, seen, asked)
        return part

    def _add(self, part: AudiencePart, seen: Seen, asked: Asked) -> None:
        person = self._allowed(self._person(seen, asked), asked)
        lines = asked.sheet.lines(person) if person is not None else []
        if lines:
            part.lines += lines
            part.people += 1
        else:
            part.leave_out(NO_CONSENT if person is None else NOTHING_TO_MATCH)

    def _person(self, seen: Seen, asked: Asked) -> Person:
        since = None if seen.member.since is None else format_instant(from_millis(seen.member.since))
        computed = self.computing.of(seen.profile) if asked.with_computed else None
        traits = {**computed.traits, "lifecycle": computed.lifecycle} if computed else {}
        return person_of(seen.profile, since=since, computed=traits)

    def _allowed(self, person: Person, asked: Asked) -> Person | None:
        return asked.consent.narrowed(person, self.consents.states(person.holder_ids)) if asked.consent else person


def day_range(first: str | None, last: str | None, *, now: datetime, default: int) -> tuple[date, date]:
    """Days in UTC, the last ``default`` unless said. Raises Rejected (``invalid_day``)."""
    try:
        until = date.fromisoformat(last) if last else now.date()
        since = date.fromisoformat(first) if first else until - timedelta(days=default - 1)
    except (ValueError, OverflowError) as error:
        raise Rejected("invalid_day", "from and to are days, as 2026-11-22") from error
    if not timedelta(0) <= until - since < timedelta(days=MOST_DAYS):
        raise Rejected("invalid_day", f"from is not after to, and they are fewer than {MOST_DAYS} days apart")
    return since, until
