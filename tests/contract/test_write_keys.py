"""Write keys: the store that people work with and the reader that collect asks, memory and DynamoDB."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import orjson
import pytest

from ariane.access import write_keys
from ariane.access.hashing import hash_of
from ariane.access.write_keys import WriteKeyStore
from ariane.adapters.aws.access_reader import DynamoAccessReader
from ariane.adapters.aws.signed_client import DYNAMODB
from ariane.adapters.aws.write_keys import DynamoWriteKeys
from ariane.adapters.memory.write_keys import MemoryAccess
from ariane.errors import Conflict, NotFound
from ariane.events.sources import AccessReader
from tests.builders.events import RECEIVED
from tests.builders.moto_endpoint import REGION, make_table, moto_endpoint


@dataclass
class Access:
    store: WriteKeyStore
    reader: AccessReader
    publish: Callable[[Mapping[str, Any]], None]


@pytest.fixture(params=["memory", "dynamodb"])
def access(request: pytest.FixtureRequest) -> Iterator[Access]:
    if request.param == "memory":
        memory = MemoryAccess()
        yield Access(memory, memory, lambda document: setattr(memory, "document", document))
        return
    with moto_endpoint() as endpoint:
        make_table("access")
        client = boto3.client("dynamodb", region_name=REGION)

        def publish(document: Mapping[str, Any]) -> None:
            packed = zlib.compress(orjson.dumps(document))
            client.put_item(TableName="access", Item={"pk": {"S": "DEFS"}, "sk": {"S": "collect"}, "b": {"B": packed}, "v": {"S": "1"}})

        yield Access(DynamoWriteKeys(client, table="access"), DynamoAccessReader(endpoint.client(DYNAMODB), table="access"), publish)


def create(access: Access, source: str = "site", secret: str = "0123456789") -> str:
    return write_keys.create(access.store, source, clock=lambda: RECEIVED, new_secret=lambda: secret)


def test_a_created_key_leads_to_its_source(access: Access) -> None:
    key = create(access)

    assert key.startswith("wk_")
    assert access.reader.source_name(hash_of(key)) == "site"


def test_the_key_itself_is_not_stored(access: Access) -> None:
    key = create(access)

    (stored,) = write_keys.list_keys(access.store)
    assert key not in repr(stored)
    assert (stored.source, stored.hint, stored.created_at, stored.is_revoked) == ("site", "wk_012", RECEIVED, False)


def test_an_unknown_key_leads_nowhere(access: Access) -> None:
    assert access.reader.source_name(hash_of("wk_unknown")) is None


def test_a_revoked_key_leads_nowhere_and_stays_listed(access: Access) -> None:
    key = create(access)

    write_keys.revoke(access.store, key)
    write_keys.revoke(access.store, hash_of(key))

    assert access.reader.source_name(hash_of(key)) is None
    assert [stored.is_revoked for stored in write_keys.list_keys(access.store)] == [True]


def test_revoking_an_unknown_key_is_said(access: Access) -> None:
    with pytest.raises(NotFound):
        write_keys.revoke(access.store, "wk_unknown")
    assert write_keys.list_keys(access.store) == []


def test_no_key_is_stored_twice(access: Access) -> None:
    create(access)

    with pytest.raises(Conflict):
        create(access, source="app")


def test_keys_are_listed_by_source(access: Access) -> None:
    create(access, "site", "1")
    create(access, "app", "2")

    assert [stored.source for stored in write_keys.list_keys(access.store)] == ["app", "site"]


def test_the_published_document_is_read(access: Access) -> None:
    assert access.reader.collect_document() is None

    access.publish({"sources": {"site": {"kind": "browser"}}, "identity": {}})

    assert access.reader.collect_document() == {"sources": {"site": {"kind": "browser"}}, "identity": {}}
    assert write_keys.list_keys(access.store) == []
