"""What there is to evaluate, as messages of the queue ``evaluate``. Every kind may come twice, late and in any order.

Two kinds come from the bus, as its facts: ``merged`` and ``split``. Whoever changes identities announces it at least once, so that nobody
who does has to know of segments.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import orjson

from ariane.conditions.steps import MIN
from ariane.errors import Permanent

LONGEST_DELAY = 900
"""Seconds, of SQS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonJob:
    """Evaluate whoever a person id belongs to now."""

    person: str
    cause: str
    """``{pk}/{sk}/{place}`` of an event in the log; ``time``; of a merge or split, its own."""
    changed_since: int = MIN
    """Milliseconds: nothing of what happened before is other than it was. ``MIN``: anything may be; ``MAX``: nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedJob:
    """Events of a partition of the log may be other people's now: evaluate whoever has some of them."""

    partition: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedJob:
    into: str
    absorbed: tuple[str, ...]
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitJob:
    origin: str
    parts: tuple[str, ...]
    rehomed: tuple[str, ...]
    """Partitions of the log, as of MovedJob."""
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepJob:
    """Evaluate everybody of a shard of the due index whose time has come."""

    shard: int
    until: int
    """Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillJob:
    """Go on with a part of a backfill, where its progress says."""

    backfill: str
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountJob:
    segment: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """Write a part of a segment's list, and go on with the next."""

    segment: str
    period: str
    """A day, or an hour of one."""
    part: int = 0
    cursor: str | None = None
    people: int = 0
    """In the parts before."""
    left_out: int = 0


type Job = PersonJob | MovedJob | MergedJob | SplitJob | SweepJob | BackfillJob | CountJob | ExportJob
type PutJob = PersonJob | MovedJob | SweepJob | BackfillJob | CountJob | ExportJob
"""Those that do not come from the bus."""

TIME = "time"
"""The cause of a change that no event brought."""


class EvaluateQueue(Protocol):
    def put(self, jobs: Sequence[PutJob], *, delay: int = 0) -> None:
        """``delay``: seconds until they are seen, up to LONGEST_DELAY. Raises Retryable; some may have been put then."""
        ...


def message_of(job: PutJob) -> str:
    """The queue's body."""
    return orjson.dumps(_document_of(job)).decode()


def _document_of(job: PutJob) -> Mapping[str, Any]:
    match job:
        case PersonJob():
            return {"kind": "person", "person": job.person, "cause": job.cause, "since": job.changed_since}
        case MovedJob():
            return {"kind": "moved", "partition": job.partition, "cause": job.cause}
        case SweepJob():
            return {"kind": "sweep", "shard": job.shard, "until": job.until}
        case BackfillJob():
            return {"kind": "backfill", "backfill": job.backfill, "part": job.part}
        case CountJob():
            return {"kind": "count", "segment": job.segment, "day": job.day}
        case ExportJob():
            return {"kind": "export", **asdict(job)}


def job_of(body: str) -> Job:
    """Raises Permanent (``invalid_job``) for what is no message of the queue."""
    try:
        document = orjson.loads(body)
        read = _KINDS.get(document["kind"])
        if read is not None:
            return read(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Permanent("invalid_job", "a message of the evaluate queue holds kind, and what it is about") from error
    raise Permanent("invalid_job", f"a message of the evaluate queue is of one of the kinds {', '.join(_KINDS)}")


def _export(document: Mapping[str, Any]) -> ExportJob:
    return ExportJob(
        segment=str(document["segment"]),
        period=str(document["period"]),
        part=int(document["part"]),
        cursor=document["cursor"],
        people=int(document["people"]),
        left_out=int(document["left_out"]),
    )


def _merged(document: Mapping[str, Any]) -> MergedJob:
    fact = document["fact"]
    return MergedJob(into=str(fact["into"]), absorbed=tuple(map(str, fact["from"])), cause=str(fact["cause"]))


def _split(document: Mapping[str, Any]) -> SplitJob:
    fact = document["fact"]
    parts, rehomed = tuple(map(str, fact["into"])), tuple(map(str, fact.get("rehomed", ())))
    return SplitJob(origin=str(fact["from"]), parts=parts, rehomed=rehomed, cause=str(fact["cause"]))


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Job]] = {
    "person": lambda each: PersonJob(person=str(each["person"]), cause=str(each["cause"]), changed_since=int(each.get("since", MIN))),
    "moved": lambda each: MovedJob(partition=str(each["partition"]), cause=str(each["cause"])),
    "merged": _merged,
    "split": _split,
    "sweep": lambda each: SweepJob(shard=int(each["shard"]), until=int(each["until"])),
    "backfill": lambda each: BackfillJob(backfill=str(each["backfill"]), part=int(each["part"])),
    "export": _export,
    "count": lambda each: CountJob(segment=str(each["segment"]), day=str(each["day"])),
}
