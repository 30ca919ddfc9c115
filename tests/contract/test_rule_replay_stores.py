"""What a change of rules reads and remembers: everything that is stored, the whole log, and how far it is. Memory and DynamoDB."""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ariane.adapters.aws.event_items import attributes_of
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.identity_scan import DynamoIdentityScan
from ariane.adapters.aws.log_scan import DynamoLogScan
from ariane.adapters.aws.originals import DynamoOriginals
from ariane.adapters.aws.replay_states import DynamoReplayStates
from ariane.adapters.aws.table_scan import TableScan
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.adapters.memory.identity_scan import MemoryIdentityScan
from ariane.adapters.memory.log_scan import MemoryLogScan
from ariane.adapters.memory.originals import MemoryOriginals
from ariane.adapters.memory.replay_states import MemoryReplayStates
from ariane.errors import Conflict
from ariane.events.model import LogItem
from ariane.identity.commits import Commit, Entry, IdentityStore
from ariane.identity.model import Cluster
from ariane.identity.rule_ports import LogScan, Originals, ReplayState, ReplayStates
from ariane.identity.rule_snapshot import Held
from tests.builders.identity import assertion
from tests.builders.identity_tables import union
from tests.builders.identity_worlds import ids, lifted, parts
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON, item, prs, track


@dataclass(frozen=True, slots=True)
class Tables:
    identities: IdentityStore
    scan: Any
    states: ReplayStates
    originals: Originals
    log: LogScan
    append: Any


@pytest.fixture(params=["memory", "dynamodb"])
def tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    if request.param == "memory":
        memory, log = MemoryIdentities(), MemoryEventLog()
        yield Tables(memory, MemoryIdentityScan(memory), MemoryReplayStates(), MemoryOriginals(), MemoryLogScan(log), log.append)
        return
    with mock_aws():
        make_table("identities")
        make_table("events")
        client = boto3.client("dynamodb", region_name=REGION)

        def append(made: LogItem) -> None:
            client.put_item(TableName="events", Item=_with_bytes(made))

        scan = DynamoIdentityScan(TableScan(client, table="identities", limit=2), client, table="identities")
        yield Tables(
            DynamoIdentities(client, table="identities"),
            scan,
            DynamoReplayStates(client, table="identities"),
            DynamoOriginals(client, table="identities"),
            DynamoLogScan(TableScan(client, table="events", limit=2)),
            append,
        )


def _with_bytes(made: LogItem) -> Any:
    attributes = attributes_of(made, retention=timedelta(days=760))
    return {**attributes, "b": {"B": b64decode(attributes["b"]["B"])}}


STATE = ReplayState(digest="abc", before={"spread": 20}, after={"spread": 3}, began_at=NOON)


def test_everything_that_is_stored_is_read_but_what_was_changed_when(tables: Tables) -> None:
    commit = union("user_id:a", "email:b@x.fr", "anonymous_id:c")
    cluster = Cluster(id="clu_1", quarantine="why")
    split = parts(["user_id:a"], ["card:k"])
    tables.identities.commit(commit)
    tables.identities.commit(Commit(clusters=(cluster,), entries=(Entry("clu_1", prs("user_id:a")),), split=split))
    tables.states.save(STATE)
    found = list(tables.scan.everything())
    heads = {each.person_id: replace(each, version=each.version + 1) for each in commit.heads}
    expected = [
        *heads.values(),
        *commit.joined,
        *(Held(*row) for row in commit.assertions),
        replace(cluster, version=1),
        Entry("clu_1", prs("user_id:a")),
        split,
    ]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_rows_are_replaced_and_dropped_whatever_is_there(tables: Tables) -> None:
    early, late = (assertion("user_id:a", "email:b@x.fr", minute=minute) for minute in (1, 2))
    other = assertion("user_id:a", "card:k")
    owner = prs("user_id:a")
    tables.identities.commit(Commit(assertions=((owner, early), (owner, other))))
    tables.identities.commit(Commit(replaced=((owner, late),), dropped=((owner, other),)))
    assert list(tables.identities.assertions_under(owner)) == [late]


def test_a_splits_sides_are_written_anew_and_nothing_else_of_it(tables: Tables) -> None:
    split = parts(["card:K1"], ["card:K2"])
    wider = replace(split, left=frozenset(ids("card:K1", "card:k1")))
    tables.scan.rewrite(wider)
    assert tables.identities.splits([split.id]) == {}
    tables.identities.commit(Commit(split=split))
    tables.identities.commit(Commit(split=lifted(split)))
    tables.scan.rewrite(wider)
    assert tables.identities.splits([split.id]) == {split.id: lifted(wider)}


def test_the_whole_log_is_read(tables: Tables) -> None:
    items = [item(track(message_id=f"m{number}", anonymousId=f"a{number % 3}", minute=number)) for number in range(9)]
    for each in items:
        tables.append(each)
    found = list(tables.log.items())
    assert sorted(each.sort for each in found) == sorted(each.sort for each in items)
    assert {each.sort: each for each in found} == {each.sort: each for each in items}


def test_how_far_a_change_is_comes_back_as_it_was_saved(tables: Tables) -> None:
    assert tables.states.latest() is None
    assert tables.states.applied() is None
    assert list(tables.states.partitions("abc", 0)) == []
    tables.states.save(STATE)
    assert tables.states.latest() == replace(STATE, version=1)
    later = replace(
        STATE,
        told=("prs_a rules/abc/prs_a", "clu_1"),
        partitions=2,
        rows="abc/1",
        refolded=7,
        ended_at=NOON + timedelta(hours=1),
        held_by="lea@till (process 7)",
        held_until=NOON + timedelta(minutes=5),
        version=1,
    )
    tables.states.save(later)
    tables.states.save_partitions("abc", 0, ["prs_a", "prs_b"])
    tables.states.save_partitions("abc", 1, ["prs_c"])
    tables.states.save_applied(STATE.after)
    assert tables.states.latest() == replace(later, version=2)
    assert [list(tables.states.partitions("abc", number)) for number in (0, 1, 2)] == [["prs_a", "prs_b"], ["prs_c"], []]
    assert tables.states.applied() == STATE.after


@pytest.mark.parametrize("version", [0, 1, 3])
def test_how_far_a_change_is_is_saved_only_by_who_knows_how_far_it_was(tables: Tables, version: int) -> None:
    tables.states.save(STATE)
    tables.states.save(replace(STATE, refolded=1, version=1))
    with pytest.raises(Conflict):
        tables.states.save(replace(STATE, refolded=9, version=version))
    assert tables.states.latest() == replace(STATE, refolded=1, version=2)


def test_a_change_that_was_begun_before_states_had_versions_goes_on() -> None:
    with mock_aws():
        make_table("identities")
        client = boto3.client("dynamodb", region_name=REGION)
        states = DynamoReplayStates(client, table="identities")
        states.save(replace(STATE, partitions=1, rows="abc"))
        names = {"#v": "v", "#ps": "ps"}
        key = {"pk": {"S": "RULES"}, "sk": {"S": "STATE"}}
        client.update_item(TableName="identities", Key=key, UpdateExpression="REMOVE #v, #ps", ExpressionAttributeNames=names)
        earlier = replace(STATE, partitions=1, rows="abc")
        assert states.latest() == earlier
        states.save(earlier)
        assert states.latest() == replace(earlier, version=1)


def test_assertions_are_kept_as_they_were(tables: Tables) -> None:
    assert list(tables.originals.kept()) == []
    link = replace(assertion("user_id:a", "card:k"), source="operator", by="lea", why="asked")
    other = assertion("user_id:a", "email:b@x.fr", minute=3)
    for each in (link, other, link):
        tables.originals.keep(each)
    assert sorted(tables.originals.kept(), key=lambda each: each.order) == sorted([link, other], key=lambda each: each.order)
    assert list(tables.scan.everything()) == []


def test_what_cannot_be_read_of_the_log_is_counted_and_left_out() -> None:
    with mock_aws():
        make_table("events")
        client = boto3.client("dynamodb", region_name=REGION)
        client.put_item(TableName="events", Item={"pk": {"S": "prs_a"}, "sk": {"S": "2026"}, "b": {"B": b"junk"}})
        client.put_item(TableName="events", Item=_with_bytes(item(track(message_id="m1"))))
        scan = DynamoLogScan(TableScan(client, table="events"))
        assert [each.messages[0]["messageId"] for each in scan.items()] == ["m1"]
        assert scan.unreadable == 1


class Busy:
    """Throttles every other call."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls = 0

    def scan(self, **request: Any) -> Any:
        self.calls += 1
        if self.calls % 2:
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "Scan")
        return self._client.scan(**request)


def test_a_throttled_scan_goes_on_from_where_it_was() -> None:
    with mock_aws():
        make_table("events")
        client = boto3.client("dynamodb", region_name=REGION)
        for number in range(20):
            client.put_item(TableName="events", Item={"pk": {"S": f"prs_{number}"}, "sk": {"S": "x"}})
        pauses: list[float] = []
        busy: Any = Busy(client)
        found = [each["pk"]["S"] for each in TableScan(busy, table="events", segments=1, limit=3, pause=pauses.append).items()]
        assert sorted(found) == sorted(f"prs_{number}" for number in range(20))
        assert len(pauses) == busy.calls / 2
