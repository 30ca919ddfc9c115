"""The queue ``land``: items that stitch had not covered, partitions whose events may be another's, and changes of identities as the bus
tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ariane.errors import Permanent


@dataclass(frozen=True, slots=True)
class ItemLater:
    """An item of the log, to be read there again."""

    person_id: str
    sort: str
    sequence: str
    """Its place in the stream; "0" where nobody knows it any more."""
    tries: int
    """Looks at it so far."""


@dataclass(frozen=True, slots=True)
class PartitionMoved:
    """Events that lie under this person id may be another person's now: all of them land again."""

    person_id: str
    cursor: str | None = None
    """Everything up to here has landed."""


@dataclass(frozen=True, slots=True)
class PeopleMoved:
    """These person ids, and others of the same people, may belong to another profile now."""

    person_ids: tuple[str, ...]
    cause: str
    is_merge: bool = False
    """They were absorbed, with everybody below them."""


type Asked = ItemLater | PartitionMoved | PeopleMoved
type Put = ItemLater | PartitionMoved
"""What the function asks of itself; the rest comes from the bus."""


def message_of(asked: Put) -> str:
    """The queue's body."""
    match asked:
        case ItemLater(person_id, sort, sequence, tries):
            document = {"kind": "item", "person": person_id, "sort": sort, "sequence": sequence, "tries": tries}
        case PartitionMoved(person_id, cursor):
            document = {"kind": "partition", "person": person_id, **({"cursor": cursor} if cursor else {})}
    return orjson.dumps(document).decode()


def read_message(body: str) -> tuple[Asked, ...]:
    """What a message asks for: a fact may ask for several things. Raises Permanent (``invalid_message``) for what is no message of the
    queue."""
    try:
        document = orjson.loads(body)
        match document["kind"]:
            case "item":
                return (ItemLater(str(document["person"]), str(document["sort"]), str(int(document["sequence"])), int(document["tries"])),)
            case "partition":
                return (PartitionMoved(str(document["person"]), document.get("cursor")),)
            case "merged":
                return (_merged(document["fact"]),)
            case "split":
                return _split(document["fact"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Permanent("invalid_message", "a message of the land queue holds kind, and what it is about") from error
    raise Permanent("invalid_message", "a message of the land queue is of one of the kinds item, partition, merged, split")


def _merged(fact: Mapping[str, Any]) -> PeopleMoved:
    return PeopleMoved(tuple(map(str, fact["from"])), str(fact["cause"]), is_merge=True)


def _split(fact: Mapping[str, Any]) -> tuple[Asked, ...]:
    """Where partitions alone were rehomed nobody has parted."""
    rehomed = tuple(PartitionMoved(str(each)) for each in fact.get("rehomed", ()))
    parts = tuple(dict.fromkeys((*map(str, fact["into"]), str(fact["from"])))) if fact["into"] else ()
    return (*rehomed, *((PeopleMoved(parts, str(fact["cause"])),) if parts else ()))
