"""Rows of memberships, their due index and the lists of members: memory and DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.items.segment_rows import DUE_INDEX
from ariane.adapters.aws.segment_rows import DynamoSegmentRows
from ariane.adapters.memory.segment_rows import MemorySegmentRows
from ariane.errors import Conflict, Rejected
from ariane.profiles.announcing import Fact
from ariane.profiles.model import Shape
from ariane.segments.rows import (
    SHARDS,
    Due,
    DueRows,
    Member,
    MemberChange,
    Membership,
    MembershipRows,
    Row,
    RowChange,
    SegmentMembers,
    Stage,
    shard_of,
)
from tests.builders.moto_endpoint import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOON = 1_795_348_800_000
VIP = Membership("v1", NOON)


class Store(MembershipRows, DueRows, SegmentMembers, Protocol): ...


def make_profiles_table() -> "DynamoDBClient":
    client = boto3.client("dynamodb", region_name=REGION)
    client.create_table(
        TableName="profiles",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "dp", "da")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": DUE_INDEX,
                "KeySchema": [{"AttributeName": "dp", "KeyType": "HASH"}, {"AttributeName": "da", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemorySegmentRows()
        return
    with mock_aws():
        yield DynamoSegmentRows(make_profiles_table(), table="profiles")


def a_row(person: str = "prs_a", *, version: int = 0, **more: object) -> Row:
    return Row(person=person, version=version, **more)  # type: ignore[arg-type]


def in_vip(person: str) -> RowChange:
    return RowChange(row=a_row(person, memberships={"vip": VIP}), members=(MemberChange("vip", person, VIP),))


def listed(store: Store, segment: str = "vip") -> set[str]:
    return {each.person for each in store.members(segment, limit=1_000).members}


def test_a_row_is_read_back_as_it_was_committed(store: Store) -> None:
    row = a_row(
        evaluated_at=NOON,
        memberships={"vip": VIP, "always": Membership("v2", None)},
        stage=Stage("conversion", NOON - 5),
        due=NOON + 1,
        outbox=(Fact("Segment Entered", {"segment": "vip", "at": "x"}),),
        causes=("abc",),
        shape=Shape("prs_a", 3, 2),
    )
    store.commit(RowChange(row=row))

    assert store.load(["prs_a", "prs_b", "prs_a"]) == {"prs_a": replace(row, version=1)}


def test_an_empty_row_is_read_back_too(store: Store) -> None:
    store.commit(RowChange(row=a_row()))
    assert store.load(["prs_a"]) == {"prs_a": a_row(version=1)}
    assert store.load([]) == {}


@pytest.mark.parametrize("version", [0, 2])
def test_a_commit_needs_the_row_as_it_was_read(store: Store, version: int) -> None:
    store.commit(RowChange(row=a_row()))
    for change in (
        RowChange(row=a_row(version=version)),
        RowChange(row=a_row(version=version, memberships={"vip": VIP}), members=(MemberChange("vip", "prs_a", VIP),)),
    ):
        with pytest.raises(Conflict):
            store.commit(change)
    assert listed(store) == set()
    assert store.load(["prs_a"])["prs_a"].version == 1


def test_members_come_and_go_with_their_row(store: Store) -> None:
    store.commit(in_vip("prs_a"))
    assert store.members("vip", limit=9).members == [Member("prs_a", "v1", NOON)]
    store.commit(RowChange(row=a_row(version=1), members=(MemberChange("vip", "prs_a", None),)))

    assert listed(store) == set()
    assert store.count("vip") == 0


def test_a_member_since_nobody_knows_when(store: Store) -> None:
    always = Membership("v1", None)
    store.commit(RowChange(row=a_row(memberships={"vip": always}), members=(MemberChange("vip", "prs_a", always),)))
    assert store.members("vip", limit=9).members == [Member("prs_a", "v1", None)]


def test_absorbed_rows_go_with_what_absorbs_them_or_not_at_all(store: Store) -> None:
    for person in ("prs_a", "prs_b", "prs_c"):
        store.commit(in_vip(person))
    b, c = (a_row(person, version=1) for person in ("prs_b", "prs_c"))
    gone = (MemberChange("vip", "prs_b", None),)
    kept = replace(c, memberships={"vip": VIP})
    with pytest.raises(Conflict):
        store.commit(RowChange(row=a_row(version=1, memberships={"vip": VIP}), absorbed=(replace(b, version=7), kept), members=gone))
    assert listed(store) == {"prs_a", "prs_b", "prs_c"}
    store.commit(RowChange(row=a_row(version=1, memberships={"vip": VIP}), absorbed=(b, kept), members=gone))

    assert listed(store) == {"prs_a", "prs_c"}
    found = store.load(["prs_a", "prs_b", "prs_c"])
    assert {own: row.version for own, row in found.items()} == {"prs_a": 2, "prs_c": 2}
    assert found["prs_c"].memberships == {"vip": VIP}


def test_a_full_transaction_passes(store: Store) -> None:
    names = [f"s{number}" for number in range(99)]
    row = a_row(memberships=dict.fromkeys(names, VIP))
    store.commit(RowChange(row=row, members=tuple(MemberChange(name, "prs_a", VIP) for name in names)))
    assert all(listed(store, name) == {"prs_a"} for name in names)


def test_what_was_announced_is_emptied_unless_the_row_was_written_since(store: Store) -> None:
    row = a_row(memberships={"vip": VIP}, outbox=(Fact("Segment Entered", {}),), due=NOON)
    store.commit(RowChange(row=row))
    read = store.load(["prs_a"])["prs_a"]
    store.announced(replace(read, version=9))
    assert store.load(["prs_a"])["prs_a"].outbox
    store.announced(read)
    store.announced(read)

    assert store.load(["prs_a"])["prs_a"] == replace(read, outbox=())
    store.announced(a_row("prs_never"))
    assert store.load(["prs_never"]) == {}


@pytest.mark.parametrize("due", [None, NOON + 50])
def test_what_time_brought_stays_due_as_it_was_until_it_is_announced(store: Store, due: int | None) -> None:
    row = a_row(memberships={"vip": VIP}, outbox=(Fact("Segment Exited", {}),), due=due, overdue=NOON)
    store.commit(RowChange(row=row))
    read = store.load(["prs_a"])["prs_a"]
    assert (read.due, read.overdue, everybody_due(store)) == (due, NOON, [Due("prs_a", NOON)])
    store.announced(replace(read, version=9))
    assert everybody_due(store) == [Due("prs_a", NOON)]
    for _ in range(2):
        store.announced(read)

        assert store.load(["prs_a"])["prs_a"] == replace(read, outbox=(), overdue=None)
        assert everybody_due(store) == ([] if due is None else [Due("prs_a", due)])


def everybody_due(store: Store) -> list[Due]:
    return [each for shard in range(SHARDS) for page in store.due(shard, NOON + 99, page=9) for each in page]


def test_what_is_due_is_found_by_shard_the_earliest_first_page_by_page(store: Store) -> None:
    people = [f"prs_{number:03}" for number in range(60)]
    for number, person in enumerate(people):
        store.commit(RowChange(row=a_row(person, due=NOON + number)))
    store.commit(RowChange(row=a_row("prs_without")))
    found: list[Due] = []
    for shard in range(SHARDS):
        pages = list(store.due(shard, NOON + 39, page=2))
        assert all(0 < len(page) <= 2 for page in pages)
        theirs = [each for page in pages for each in page]
        assert theirs == sorted(theirs, key=lambda each: each.due)
        assert all(shard_of(each.person) == shard for each in theirs)
        found += theirs

    assert sorted(found) == [Due(person, NOON + number) for number, person in enumerate(people[:40])]
    store.commit(RowChange(row=a_row(people[0], version=1)))
    assert people[0] not in {each.person for shard in range(SHARDS) for page in store.due(shard, NOON + 99, page=9) for each in page}


def test_members_come_page_by_page_each_once(store: Store) -> None:
    people = {f"prs_{number:03}" for number in range(40)}
    for person in people:
        store.commit(in_vip(person))
    assert store.count("vip") == 40
    found, cursor, pages = list[str](), None, 0
    while pages == 0 or cursor is not None:
        page = store.members("vip", limit=7, cursor=cursor)
        found += [each.person for each in page.members]
        cursor, pages = page.cursor, pages + 1

    assert (len(found), set(found)) == (40, people)
    assert pages == 6
    assert store.members("vip", limit=40).cursor is None
    assert store.members("nobody", limit=5) == ([], None)


def test_a_cursor_of_nobodys_is_refused(store: Store) -> None:
    with pytest.raises(Rejected, match="invalid_cursor"):
        store.members("vip", limit=5, cursor="nonsense")
