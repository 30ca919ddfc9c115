"""How much may come under one write key: a token bucket for the rate and a quota for the day (UTC), over all instances of collect together.

Each instance decides by what it knows, and tells the others, through one row per key and day, of every ``chunk`` events that it let in; the
answer says what all of them did. So a busy key costs one write in some 200 events and a quiet one nothing, and between two writes nobody
waits. The price: over any time t at most ``burst + rate * t + instances * (2 * chunk + largest request)`` events come in, and in a day
``quota + instances * (chunk + largest request)``, each life of an instance counting as one.

The bucket is the generic cell rate algorithm (ITU-T I.371): one instant, ``paid_until``, up to which what came in has used the rate up. An
event moves it on by 1/rate; while it lies more than burst/rate ahead of now, nothing comes in.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol, Self

from ariane.access.hashing import hash_of
from ariane.errors import Permanent, Retryable
from ariane.events.log import Meter

MOST_CHUNK = 200
REMEMBERED_KEYS = 1_000
LONGEST_RETRY_SECONDS = 3_600
"""Who exceeds a quota at noon may come back sooner: people raise quotas."""
_STORE_REST = timedelta(seconds=30)
"""How long a store that failed is left alone: nobody waits for its time-out meanwhile."""
_SECOND = 1_000_000_000
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNLIMITED = "none"


class OverLimit(Retryable):
    """``rate_limited`` or ``quota_exceeded``. The client keeps its events and comes back after ``retry_after`` seconds."""

    status = 429

    def __init__(self, code: str, message: str, *, retry_after: int) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class RateLimit(NamedTuple):
    events_per_second: int
    burst: int
    """How many may come at once. A request of more is let in when nothing else has come for a while."""

    @property
    def cost(self) -> int:
        """Nanoseconds of the rate that an event uses up."""
        return -(-_SECOND // self.events_per_second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of each write key of a source. None: unlimited."""

    rate: RateLimit | None = None
    daily_quota: int | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, is_public: bool) -> Self:
        """``rate_limit: {events_per_second, burst}`` and ``daily_quota``, either of them ``none``. What is left out is unlimited for
        trusted sources and has the default for public ones: anybody can read their keys."""
        rate, quota = document.get("rate_limit"), document.get("daily_quota")
        default = _OF_PUBLIC if is_public else _OF_TRUSTED
        return cls(
            rate=_rate(rate) if rate is not None else default.rate,
            daily_quota=default.daily_quota if quota is None else None if quota == _UNLIMITED else int(quota),
        )

    @property
    def chunk(self) -> int:
        """Events between two writes: a tenth of what is allowed, so that small limits are kept well too."""
        allowed = [self.rate.burst] if self.rate else []
        allowed += [self.daily_quota] if self.daily_quota is not None else []
        return max(1, min(MOST_CHUNK, *(each // 10 for each in allowed))) if allowed else MOST_CHUNK

    @property
    def is_unlimited(self) -> bool:
        return self.rate is None and self.daily_quota is None


def _rate(options: Mapping[str, Any] | str) -> RateLimit | None:
    if isinstance(options, str):
        return None
    rate = int(options["events_per_second"])
    return RateLimit(rate, int(options.get("burst") or 10 * rate))


_OF_PUBLIC = Limits(rate=RateLimit(1_000, 10_000), daily_quota=5_000_000)
_OF_TRUSTED = Limits()


class Spending(NamedTuple):
    """What an instance let in under ``key`` (a hash) since it last said so. Instants in nanoseconds since 1970."""

    key: str
    day: str
    events: int
    cost: int
    """Nanoseconds by which they move the bucket on."""
    now: int
    expected: int
    """Where the instance thinks that the bucket stands: a good guess saves the store a write, a bad one harms nothing."""


class Usage(NamedTuple):
    """Over all instances."""

    of_day: int
    paid_until: int


class UsageStore(Protocol):
    def add(self, spending: Spending) -> Usage:
        """Adds to the day's count and moves the bucket on, from where it stands or from now, whichever is later. A repeat counts twice:
        limits err on the strict side. Raises Retryable or Permanent."""
        ...


@dataclass(slots=True)
class _Count:
    """What this instance knows of a key."""

    day: str
    of_day: int = 0
    """As the store last said."""
    pending: int = 0
    """Let in here since, today."""
    carried: int = 0
    """Let in here before midnight and not told yet: it moves the bucket on and is nothing of today's quota."""
    paid_until: int = 0

    @property
    def untold(self) -> int:
        return self.pending + self.carried

    def begin(self, day: str) -> None:
        self.day, self.of_day, self.carried, self.pending = day, 0, self.untold, 0

    def refusal(self, limits: Limits, events: int, at: datetime) -> OverLimit | None:
        if limits.daily_quota is not None and self.of_day + self.pending >= limits.daily_quota:
            return OverLimit("quota_exceeded", "this source's quota of the day is used up", retry_after=_seconds_left(at))
        if limits.rate is not None:
            wait = self._backlog(at) + (min(events, limits.rate.burst) - limits.rate.burst) * limits.rate.cost
            if wait > 0:
                seconds = min(LONGEST_RETRY_SECONDS, -(-wait // _SECOND))
                return OverLimit("rate_limited", "this source sends more events a second than it may", retry_after=seconds)
        return None

    def take(self, limits: Limits, events: int, at: datetime) -> None:
        self.pending += events
        if limits.rate is not None:
            self.paid_until = _nanoseconds(at) + self._backlog(at) + events * limits.rate.cost

    def spending(self, key: str, limits: Limits, at: datetime) -> Spending:
        cost = self.untold * limits.rate.cost if limits.rate else 0
        return Spending(key=key, day=self.day, events=self.pending, cost=cost, now=_nanoseconds(at), expected=self.paid_until - cost)

    def learn(self, usage: Usage) -> None:
        self.of_day, self.paid_until, self.pending, self.carried = usage.of_day, usage.paid_until, 0, 0

    def _backlog(self, at: datetime) -> int:
        return max(0, self.paid_until - _nanoseconds(at))


class Limiter:
    """One per instance; for one thread."""

    def __init__(self, usage: UsageStore, *, meter: Meter) -> None:
        self._usage = usage
        self._meter = meter
        self._counts: OrderedDict[str, _Count] = OrderedDict()
        self._store_rests_until: datetime | None = None

    def admit(self, limits: Limits, *, source: str, write_key: str | None, events: int, at: datetime) -> None:
        """Raises OverLimit; then nothing is to be kept. ``write_key`` is a known one, or None for what comes without (clicks)."""
        if limits.is_unlimited:
            return
        key = hash_of(write_key) if write_key else f"source/{source}"
        count = self._count_of(key, at)
        refusal = count.refusal(limits, events, at)
        if refusal is not None and count.untold >= limits.chunk:  # an earlier write failed: the others have yet to hear of it
            self._tell(key, count, limits, at)
            refusal = count.refusal(limits, events, at)
        if refusal is not None:
            self._meter.count("EventsOverLimit", events, Source=source, Code=refusal.code)
            raise refusal
        count.take(limits, events, at)
        if count.untold >= limits.chunk:
            self._tell(key, count, limits, at)

    def _count_of(self, key: str, at: datetime) -> _Count:
        day = at.astimezone(UTC).date().isoformat()
        count = self._counts.setdefault(key, _Count(day))
        self._counts.move_to_end(key)
        if len(self._counts) > REMEMBERED_KEYS:
            self._counts.popitem(last=False)
        if count.day != day:
            count.begin(day)
        return count

    def _tell(self, key: str, count: _Count, limits: Limits, at: datetime) -> None:
        """A store that fails lets everything in that this instance's own count lets in."""
        if self._store_rests_until is not None and at < self._store_rests_until:
            return
        try:
            count.learn(self._usage.add(count.spending(key, limits, at)))
        except (Retryable, Permanent):
            self._store_rests_until = at + _STORE_REST
            self._meter.count("LimitsUnavailable")


def _nanoseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND * 1_000


def _seconds_left(at: datetime) -> int:
    """Of the day, UTC."""
    now = at.astimezone(UTC)
    midnight = datetime.combine(now.date(), datetime.min.time(), UTC) + timedelta(days=1)
    return min(LONGEST_RETRY_SECONDS, -((now - midnight) // timedelta(seconds=1)))
