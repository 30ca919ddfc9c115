"""Whatever goes wrong for good ends the import, and says so; whatever passes is tried again; what died is taken up."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ariane.adapters.memory.import_files import MemoryUploads
from ariane.adapters.memory.imports import MemoryObjects
from ariane.errors import Permanent, Retryable
from ariane.imports.importing import Importer
from ariane.imports.model import BusinessObject, State
from tests.builders.imports import ImportWorld, no_end

TILL = """\
source: till
rules:
  - event: Order Completed
    timestamp: at
    identifiers: {user_id: customer}
    properties: {order_id: order}
"""
FILE = b"order,customer,at\no1,u1,2025-12-24\n"
SKUS = b"sku,name,picture\na,Robe,x\n"
PRODUCTS = """\
source: till
rules:
  - object: products
    key: [sku]
    timestamp: {value: 2026-01-01T00:00:00Z}
    properties: {name: name, picture: picture}
"""


class Refusing(MemoryObjects):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def put(self, stored: BusinessObject) -> bool:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"),
    [(Permanent("table_refused", "the table refuses it"), "table_refused"), (ZeroDivisionError("of ours"), "internal_error")],
)
def test_what_no_retry_mends_fails_the_import_and_is_told(error: Exception, code: str) -> None:
    world = ImportWorld()
    identity = world.begin(PRODUCTS, SKUS)

    with pytest.raises(type(error)):
        Importer(world.ports(objects=Refusing(error))).run(identity, no_end)

    told = world.desk.one(identity)
    assert (told["state"], told["error"]["code"]) == ("failed", code)
    assert "of ours" not in told["error"]["message"]
    assert world.run(identity) is State.FAILED


def test_what_passes_is_tried_again() -> None:
    world = ImportWorld()
    identity = world.begin(PRODUCTS, SKUS)

    with pytest.raises(Retryable):
        Importer(world.ports(objects=Refusing(Retryable("throttled", "later")))).run(identity, no_end)

    assert world.run(identity) is State.DONE


def test_an_import_that_nobody_is_at_is_taken_up_when_it_is_begun_again() -> None:
    """Its message may lie among the dead letters."""
    world = ImportWorld()
    identity = world.begin(PRODUCTS, SKUS)
    with pytest.raises(Retryable):
        Importer(world.ports(objects=Refusing(Retryable("throttled", "later")))).run(identity, no_end)
    assert world.desk.one(identity)["state"] == "running"

    world.now += timedelta(minutes=5)
    world.begin(PRODUCTS, SKUS)
    assert world.queue.ids == []

    world.now += timedelta(hours=2)
    assert world.begin(PRODUCTS, SKUS) == identity
    assert world.queue.ids == [identity]
    assert world.run(identity) is State.DONE
    world.now += timedelta(hours=2)
    world.begin(PRODUCTS, SKUS)
    assert world.queue.ids == [identity]


class Limited(MemoryObjects):
    """As DynamoDB is."""

    def put(self, stored: BusinessObject) -> bool:
        if len(str(stored.properties)) > 400_000:
            raise Permanent("table_refused", "the item is too large")
        return super().put(stored)


def test_an_object_too_large_is_refused_by_its_line() -> None:
    world = ImportWorld()
    world.objects = Limited()
    done = world.imported(PRODUCTS, f"sku,name,picture\na,Robe,{'x' * 500_000}\nb,Jupe,y\n".encode())

    assert done.state is State.DONE
    assert world.refused(done.id) == [(2, "object_too_large")]
    assert world.objects.get("products", "b") is not None


class Replaced(MemoryUploads):
    """After the first pieces of what is read another file lies there."""

    def __init__(self) -> None:
        super().__init__()
        self.other = b""
        self.reads = 0

    def read(self, import_id: str, tag: str, *, after: int = 0) -> Iterator[bytes]:
        self.reads += 1
        if self.reads == 3:
            self.files[import_id] = self.other
        return super().read(import_id, tag, after=after)


def test_a_file_that_is_replaced_while_it_is_read_fails_the_import() -> None:
    world = ImportWorld()
    world.uploads = Replaced()
    world.uploads.other = FILE.replace(b"o1", b"X1")
    done = world.imported(TILL, FILE)

    assert done.state is State.FAILED
    assert done.error is not None
    assert done.error[0] == "file_changed"
    assert "X1" not in {message["properties"]["order_id"] for message in world.messages()}


def test_long_lines_do_not_make_the_answer_long() -> None:
    world = ImportWorld()
    lines: list[Any] = [f"o{number},u1,no time at all,{'é' * 400_000}" for number in range(9)]
    done = world.imported(TILL, "\n".join(["order,customer,at,note", *lines]).encode())

    told = world.desk.rejects(done.id, cursor=None)
    assert len(told["data"]) == 9
    assert sum(len(each["raw"]) for each in told["data"]) <= 9 * 500
    assert told["file"]["url"]
