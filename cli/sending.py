"""Events of a file through the collector, as any client sends them: in batches, again where it asks for patience."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from ariane.errors import Rejected
from ariane.events.lines import object_of
from cli.failures import CommandFailed

MOST_EVENTS = 500
MOST_BYTES = 400_000
_AROUND = ("source", "sourceName", "receivedAt")
"""Of an exported line what is not the message's own."""
_TRIES = 6
_LONGEST_WAIT = 60.0
_PATIENCE = frozenset({429, 500, 502, 503, 504})


@dataclass(slots=True)
class Sent:
    events: int = 0
    accepted: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    """(line, code, message)."""


def send_lines(
    lines: Iterable[bytes], http: httpx.Client, key: str, *, say: Callable[[Sent], None], sleep: Callable[[float], None] = time.sleep
) -> Sent:
    """Raises CommandFailed when the collector refuses a whole request, or has no patience left: what was sent before stays."""
    sent = Sent()
    for batch in _batches(lines, sent):
        answer = _posted(http, key, [item for _, item in batch], sleep)
        refused = answer.get("rejected", [])
        sent.refused += [(batch[each["index"]][0], each["code"], each["message"]) for each in refused]
        sent.accepted += len(batch) - len(refused)
        say(sent)
    return sent


def _batches(lines: Iterable[bytes], sent: Sent) -> Iterator[list[tuple[int, Mapping[str, Any]]]]:
    batch: list[tuple[int, Mapping[str, Any]]] = []
    size = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        sent.events += 1
        try:
            item = _item(line)
        except Rejected as error:
            sent.refused.append((number, error.code, error.message))
            continue
        if batch and (len(batch) >= MOST_EVENTS or size + len(line) > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((number, item))
        size += len(line)
    if batch:
        yield batch


def _item(line: bytes) -> Mapping[str, Any]:
    return {name: value for name, value in object_of(line).items() if name not in _AROUND}


def _posted(http: httpx.Client, key: str, batch: list[Mapping[str, Any]], sleep: Callable[[float], None]) -> Mapping[str, Any]:
    wait = 0.5
    for attempt in range(1, _TRIES + 1):
        told = "no answer"
        try:
            answer = http.post("/v1/batch", json={"batch": batch}, auth=(key, ""))
            if answer.is_success:
                found: Mapping[str, Any] = answer.json()
                return found
            told = f"{answer.status_code} {answer.text[:300]}"
            if answer.status_code not in _PATIENCE:
                break
            wait = max(wait, float(answer.headers.get("retry-after") or 0))
        except httpx.TransportError as error:
            told = str(error)
        if attempt < _TRIES:
            sleep(min(wait, _LONGEST_WAIT))
            wait *= 2
    raise CommandFailed(f"the collector does not take the events: {told}")
