"""What is left to the background about identities, as messages of its queue.

Every kind may come twice, late and in any order: what is done already is done once more, and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson

from ariane.errors import Permanent
from ariane.identity.model import Transition
from ariane.instants import format_instant, parse_instant

LONGEST_DELAY = 900
"""Seconds, of SQS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterJob:
    """Resolve a cluster that is quarantined."""

    cluster: str
    cause: str
    tries: int = 0
    """How often it was put back because it could not be done yet."""
    since: datetime | None = None
    """When it was first asked for, of one that was put back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefoldJob:
    """Fold a partition of the log again: some of its events are another person's now."""

    partition: str
    cause: str
    tries: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealJob:
    """Sum up the devices at rest of a person of very many identifiers (``profiles.sealing``). Nothing but time is lost with one."""

    person: str
    cause: str
    tries: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowJob:
    """See to what follows from a change by hand, as it is stored under ``owner`` and ``cause``; nothing where it never was committed. Put
    before the commit, to be seen a moment after it."""

    owner: str
    cause: str
    tries: int = 0
    since: datetime | None = None


type Job = ClusterJob | RefoldJob | SealJob | FollowJob

_KINDS: Mapping[str, tuple[type[Job], str]] = {
    "cluster": (ClusterJob, "cluster"),
    "refold": (RefoldJob, "partition"),
    "seal": (SealJob, "person"),
    "follow": (FollowJob, "owner"),
}
"""With the field that says whom it is about, which has the same name in the message."""


class BackgroundQueue(Protocol):
    def put(self, jobs: Sequence[Job], *, delay: int = 0) -> None:
        """``delay``: seconds until they are seen, up to LONGEST_DELAY. Raises Retryable; some may have been put then."""
        ...


def jobs_of(transition: Transition) -> list[Job]:
    """What a change of identities leaves to do."""
    jobs: list[Job] = [RefoldJob(partition=each, cause=transition.cause) for each in transition.refold]
    if transition.quarantined is not None:
        jobs.append(ClusterJob(cluster=transition.quarantined, cause=transition.cause))
    return [*jobs, *(SealJob(person=each, cause=transition.cause) for each in transition.sealing)]


def subject_of(job: Job) -> str:
    """Whom it is about: two jobs of a kind with one subject do the same."""
    _, name = _KINDS[_kind_of(job)]
    return str(getattr(job, name))


def _kind_of(job: Job) -> str:
    return next(kind for kind, (type_, _) in _KINDS.items() if isinstance(job, type_))


def message_of(job: Job) -> str:
    """The queue's body."""
    kind = _kind_of(job)
    _, name = _KINDS[kind]
    again = {"n": job.tries, "since": format_instant(job.since) if job.since else None}
    said = {"kind": kind, name: subject_of(job), "cause": job.cause, **{field: value for field, value in again.items() if value}}
    return orjson.dumps(said).decode()


def job_of(body: str) -> Job:
    """Raises Permanent (``invalid_job``) for what no ``message_of`` wrote."""
    try:
        document = orjson.loads(body)
        shared: dict[str, Any] = {"cause": str(document["cause"]), "tries": int(document.get("n", 0)), "since": _since(document)}
        if document["kind"] in _KINDS:
            type_, name = _KINDS[document["kind"]]
            return type_(**{**shared, name: str(document[name])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Permanent("invalid_job", "a message of the resolve queue holds kind, cause, and whom it is about") from error
    raise Permanent("invalid_job", f"a message of the resolve queue is of one of the kinds {', '.join(_KINDS)}")


def _since(document: Mapping[str, Any]) -> datetime | None:
    return parse_instant(document["since"]) if document.get("since") else None
