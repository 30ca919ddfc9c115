"""Facts onto the EventBridge bus."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import error_code
from ariane.errors import Retryable
from ariane.profiles.announcing import Fact, Unannounceable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

_SOURCE = "ariane"
_PER_CALL = 10
_BYTES_PER_CALL = 240_000
"""A call takes 256 KB, names and all."""
_ROUNDS = 3
_NEVER = frozenset(
    {
        "InvalidAccountIdException",
        "InvalidArgument",
        "MalformedDetail",
        "NotAuthorizedForDetailTypeException",
        "NotAuthorizedForSourceException",
        "RedactionFailure",
    }
)
"""What no repetition mends, of one entry. A code that is not known, a throttle and a fault of the bus are tried again, and so is a missing
grant (``AccessDeniedException``): people mend it, and what waited for it must not have been put aside meanwhile.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html"""
_REFUSED_CALLS = frozenset({"ValidationException", "RequestEntityTooLarge", "RequestEntityTooLargeException", "SerializationException"})
"""Of a whole call: one of its entries is at fault, and it does not say which."""


type _Entry = dict[str, Any]
type _Refused = dict[int, str]
"""Place of an entry among those of a call -> the bus's code."""


class EventBridgeAnnouncer:
    def __init__(self, client: "EventBridgeClient", *, bus: str) -> None:
        self._client = client
        self._bus = bus

    def publish(self, facts: Sequence[Fact]) -> None:
        refused: list[tuple[Fact, str]] = []
        for some in _calls([(fact, entry_of(fact, bus=self._bus)) for fact in facts]):
            found = self._put([entry for _, entry in some])
            refused += [(some[place][0], code) for place, code in found.items()]
        if refused:
            codes = ", ".join(sorted({code for _, code in refused}))
            raise Unannounceable([fact for fact, _ in refused], f"the bus will never take {len(refused)} of the facts: {codes}")

    def _put(self, entries: Sequence[_Entry]) -> _Refused:
        """Those that can never pass. Raises Retryable where others have not passed yet."""
        waiting, refused = dict(enumerate(entries)), dict[int, str]()
        for _ in range(_ROUNDS):
            codes = self._answers([*waiting.values()])
            refused |= {place: code for place, code in zip(waiting, codes, strict=True) if code in _NEVER}
            waiting = {place: waiting[place] for place, code in zip([*waiting], codes, strict=True) if code and code not in _NEVER}
            if not waiting:
                return refused
        raise Retryable("bus_refused", "the bus refuses some of the facts again and again")

    def _answers(self, entries: list[_Entry]) -> list[str]:
        """A code for each, empty where it passed."""
        try:
            answer = self._client.put_events(Entries=entries)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            if error_code(error) not in _REFUSED_CALLS:
                raise Retryable("bus_unavailable", "the bus did not take the facts") from error
            return ["InvalidArgument"] if len(entries) == 1 else [code for entry in entries for code in self._answers([entry])]
        return [str(result.get("ErrorCode") or "") for result in answer["Entries"]]


def entry_of(fact: Fact, *, bus: str) -> _Entry:
    """An entry of PutEvents."""
    return {"Source": _SOURCE, "DetailType": fact.kind, "Detail": orjson.dumps(dict(fact.detail)).decode(), "EventBusName": bus}


def _calls(entries: Sequence[tuple[Fact, Mapping[str, Any]]]) -> Iterator[list[tuple[Fact, _Entry]]]:
    call: list[tuple[Fact, _Entry]] = []
    size = 0
    for fact, entry in entries:
        length = len(entry["Detail"].encode()) + 200
        if call and (len(call) == _PER_CALL or size + length > _BYTES_PER_CALL):
            yield call
            call, size = [], 0
        call.append((fact, dict(entry)))
        size += length
    if call:
        yield call
