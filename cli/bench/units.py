"""What AWS bills for, and the rules by which a call becomes billed units.

Units are counted, never estimated, so they are the same on every machine. Two counters share the rules of this module:

* ``units_aws.AwsCounter`` sees every call at the boundary of the AWS adapters (boto3's events, the slim client) and looks at the stored
  items itself: what an emulator reports as consumed is not asked.
* ``units_ports`` wraps ports in memory (``CountedLog``, ``CountedFragments``, ``CountedIdentities``, ``CountedAnnouncer``) and counts the
  same calls from encoded sizes: for populations that no emulator holds. A test runs one scenario through both and compares the bills.

Both add to a ``Bill``::

    bill = Bill()
    with bill.by("stitch"):
        stitcher.stitch(records)                # over ports that were made with ``bill``
        bill.add(Unit.LAMBDA_REQUEST, 1, what="stitch")
    bill.total(Unit.WRITE), prices.cost_of(bill)

A ``Bill`` keeps (by which function, on what, unit) apart; ``since`` subtracts an earlier copy, so that a warm-up does not count.
Every rule names the page of AWS that states it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Self

KB = 1_024

type Item = Mapping[str, Mapping[str, Any]]
"""DynamoDB's typed attributes, binary values as bytes."""


class Unit(StrEnum):
    HTTP_REQUEST = "http_request"
    LAMBDA_REQUEST = "lambda_request"
    WRITE = "write_request_unit"
    READ = "read_request_unit"
    BUS_EVENT = "bus_event"
    QUEUE_REQUEST = "queue_request"
    LOG_BYTE = "log_byte"
    OBJECT_PUT = "object_put"
    OBJECT_GET = "object_get"
    KEY_CALL = "key_call"
    EMAIL = "email"
    SMS_PUBLISH = "sms_publish"


class Entry(NamedTuple):
    by: str
    """Which function."""
    what: str
    """Which table, queue, bus …"""
    unit: Unit


class Bill:
    """Units by function, thing and unit."""

    def __init__(self) -> None:
        self._units: dict[Entry, Decimal] = {}
        self._by = ""

    @contextmanager
    def by(self, function: str) -> Iterator[None]:
        """What is counted meanwhile was caused by ``function``."""
        before, self._by = self._by, function
        try:
            yield
        finally:
            self._by = before

    def add(self, unit: Unit, quantity: Decimal | int, *, what: str) -> None:
        entry = Entry(self._by, what, unit)
        self._units[entry] = self._units.get(entry, Decimal(0)) + quantity

    def total(self, unit: Unit) -> Decimal:
        return sum((quantity for entry, quantity in self._units.items() if entry.unit is unit), Decimal(0))

    @property
    def entries(self) -> Mapping[Entry, Decimal]:
        return {entry: self._units[entry] for entry in sorted(self._units) if self._units[entry]}

    def snapshot(self) -> Self:
        taken = copy(self)
        taken._units = dict(self._units)
        return taken

    def include(self, other: "Bill") -> None:
        for entry, quantity in other._units.items():
            self._units[entry] = self._units.get(entry, Decimal(0)) + quantity

    def only(self, wanted: Callable[[Entry], bool]) -> Self:
        left = self.snapshot()
        left._units = {entry: quantity for entry, quantity in self._units.items() if wanted(entry)}
        return left

    def since(self, earlier: "Bill") -> Self:
        """What came on top of ``earlier``."""
        rest = self.snapshot()
        for entry, quantity in earlier._units.items():
            rest._units[entry] = rest._units.get(entry, Decimal(0)) - quantity
        return rest


def chunks(size: int, chunk: int) -> int:
    """How many started chunks; nothing at all is one, too."""
    return max(1, -(-size // chunk))


def http_requests(body: int) -> int:
    """Of one call to an HTTP API: metered in steps of 512 KB. https://aws.amazon.com/api-gateway/pricing/"""
    return chunks(body, 512 * KB)


def queue_requests(payload: int) -> int:
    """Of one call to SQS, be it for one message or a batch of ten: a request for each 64 KB of payload. https://aws.amazon.com/sqs/pricing/"""
    return chunks(payload, 64 * KB)


def bus_events(entry: Mapping[str, Any]) -> int:
    """Of one entry of PutEvents: an event for each 64 KB. https://aws.amazon.com/eventbridge/pricing/

    Its size: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
    """
    texts = [str(entry.get(name, "")) for name in ("Source", "DetailType", "Detail")]
    size = sum(len(text.encode()) for text in [*texts, *entry.get("Resources", ())])
    return chunks(size + (14 if "Time" in entry else 0), 64 * KB)


def write_units(*sizes: int, is_transactional: bool = False) -> int:
    """One for each started kilobyte of the larger of the item before and after; twice in a transaction, a cancelled one too. A write that
    its condition refuses costs the same.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
    """
    return chunks(max(sizes, default=0), KB) * (2 if is_transactional else 1)


def read_units(size: int, *, is_consistent: bool) -> Decimal:
    """One for each started 4 KB, half of it where the read may lag. Looking for what is not there costs the least there is.

    GetItem and each item of BatchGetItem: the item's size. Query and Scan: of all items together.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """
    return Decimal(chunks(size, 4 * KB)) / (1 if is_consistent else 2)


def item_size(item: Item) -> int:
    """Names and values. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return number_size(content)
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(value_size({kind[0]: each}) for each in content)
        case "L":
            return 3 + sum(1 + value_size(each) for each in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + value_size(each) for name, each in content.items())
    raise ValueError(f"{kind} is no type of DynamoDB")


def number_size(text: str) -> int:
    """A byte for two significant digits, and one; AWS calls it approximate. One more for a sign."""
    digits = text.lstrip("-").replace(".", "").strip("0") or "0"
    return -(-len(digits) // 2) + 1 + text.startswith("-")
