"""What is left to the background about identities, as messages of its queue.

Both kinds may come twice, late and in any order: what is done already is done once more, and changes nothing.
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


type Job = ClusterJob | RefoldJob


class BackgroundQueue(Protocol):
    def put(self, jobs: Sequence[Job], *, delay: int = 0) -> None:
        """``delay``: seconds until they are seen, up to LONGEST_DELAY. Raises Retryable; some may have been put then."""
        ...


def jobs_of(transition: Transition) -> list[Job]:
    """What a change of identities leaves to do."""
    jobs: list[Job] = [RefoldJob(partition=each, cause=transition.cause) for each in transition.refold]
    if transition.quarantined is not None:
        jobs.append(ClusterJob(cluster=transition.quarantined, cause=transition.cause))
    return jobs


def message_of(job: Job) -> str:
    """The queue's body."""
    body = {"kind": "cluster", "cluster": job.cluster} if isinstance(job, ClusterJob) else {"kind": "refold", "partition": job.partition}
    again = {"n": job.tries, "since": format_instant(job.since) if job.since else None}
    return orjson.dumps({**body, "cause": job.cause, **{name: value for name, value in again.items() if value}}).decode()


def job_of(body: str) -> Job:
    """Raises Permanent (``invalid_job``) for what no ``message_of`` wrote."""
    try:
        document = orjson.loads(body)
        shared: dict[str, Any] = {"cause": str(document["cause"]), "tries": int(document.get("n", 0)), "since": _since(document)}
        match document["kind"]:
            case "cluster":
                return ClusterJob(cluster=str(document["cluster"]), **shared)
            case "refold":
                return RefoldJob(partition=str(document["partition"]), **shared)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Permanent("invalid_job", "a message of the resolve queue holds kind, cause, and cluster or partition") from error
    raise Permanent("invalid_job", "a message of the resolve queue is of the kind cluster or refold")


def _since(document: Mapping[str, Any]) -> datetime | None:
    return parse_instant(document["since"]) if document.get("since") else None
