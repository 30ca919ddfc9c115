"""`ariane stream-failures`, over moto: what Lambda left in the bucket goes to the replay queue."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import orjson
import pytest
from moto import mock_aws

from ariane.adapters.aws.event_items import attributes_of
from ariane.events.log import LogKey
from ariane.events.model import LogItem
from ariane.lake.messages import ItemLater, read_message
from ariane.profiles.replaying import key_of_message
from cli import replay as commands
from cli.main import main
from tests.builders.moto_endpoint import REGION
from tests.builders.profiles import NOON, item, track

FOLDER = "aws/lambda/b8a3b0e9/shardId-00000001701892344/2026/11/22"


def record_of(*items: LogItem) -> dict[str, Any]:
    """As Lambda writes it: metadata, and the whole event as text."""
    records = [
        {
            "eventID": str(place),
            "eventName": "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": {"pk": {"S": each.person_id}, "sk": {"S": each.sort}},
                "NewImage": attributes_of(each, retention=NOON - NOON),
                "SequenceNumber": f"{100 + place}",
            },
        }
        for place, each in enumerate(items)
    ]
    return {
        "requestContext": {"condition": "RecordAgeExceeded", "approximateInvokeCount": 412},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-22T12:13:06.195Z",
        "DDBStreamBatchInfo": {"shardId": "shardId-00000001701892344", "batchSize": len(items)},
        "payload": orjson.dumps({"Records": records}).decode(),
    }


@dataclass
class World:
    shell: Callable[..., tuple[int, str, str]]

    def leave(self, name: str, document: Any) -> None:
        boto3.client("s3", region_name=REGION).put_object(Bucket="failures", Key=f"{FOLDER}/{name}", Body=orjson.dumps(document))

    def objects(self) -> set[str]:
        found = boto3.client("s3", region_name=REGION).list_objects_v2(Bucket="failures").get("Contents", [])
        return {each["Key"] for each in found}

    def queued(self, name: str = "replay") -> list[LogKey]:
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found: list[LogKey] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            found += [key_of_message(message["Body"]) if name == "replay" else _item_of(message["Body"]) for message in messages]
        return sorted(found)


def _item_of(body: str) -> LogKey:
    (asked,) = read_message(body)
    assert isinstance(asked, ItemLater)
    return LogKey(asked.person_id, asked.sort)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ariane", "stream-failures", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    with mock_aws():
        s3, sqs = boto3.client("s3", region_name=REGION), boto3.client("sqs", region_name=REGION)
        s3.create_bucket(Bucket="failures", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        queues = {f"{name.capitalize()}QueueUrl": sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("replay", "land")}
        outputs = {"StreamFailuresBucket": "failures", **queues}
        deployment = SimpleNamespace(s3=s3, sqs=sqs, output=outputs.__getitem__)
        monkeypatch.setattr(commands, "find", lambda _: deployment)
        yield World(run)


def some(*numbers: int) -> list[LogItem]:
    return [item(track(message_id=f"m{number}", anonymousId=f"a{number}")) for number in numbers]


def keys(items: list[LogItem]) -> list[LogKey]:
    return sorted(LogKey(each.person_id, each.sort) for each in items)


def test_failed_batches_are_listed_and_handed_to_stitch_once(world: World) -> None:
    world.leave("one", record_of(*some(*range(13))))
    world.leave("two", record_of(*some(20)))
    listed = orjson.loads(world.shell("list", "--json")[1])
    assert [(each["object"].rpartition("/")[2], each["items"]) for each in listed] == [("one", 13), ("two", 1)]

    code, out, _ = world.shell("replay")
    assert (code, out) == (0, "Handed on again: items 14, batches 2.\n")
    assert world.queued() == keys(some(*range(13), 20))
    assert world.objects() == {f"replayed/{FOLDER}/one", f"replayed/{FOLDER}/two"}
    assert world.shell("replay")[1] == "Handed on again: items 0, batches 0.\n"
    assert world.shell("list")[1].startswith("Nothing")


def test_one_object_may_be_chosen_and_a_dry_run_does_nothing(world: World) -> None:
    world.leave("one", record_of(*some(1)))
    world.leave("two", record_of(*some(2)))
    assert world.shell("replay", "--dry-run")[1] == "Would be handed on again: items 2, batches 2.\n"
    assert world.queued() == []

    world.shell("replay", f"{FOLDER}/two")
    assert world.queued() == keys(some(2))
    code, _, err = world.shell("replay", "nonsense")
    assert (code, "there is no such object" in err) == (1, True)


def test_what_came_before_a_day_is_left_alone(world: World) -> None:
    world.leave("one", record_of(*some(1)))

    assert world.shell("replay", "--since", "2999-01-01")[1].startswith("Handed on again: items 0")
    assert world.shell("replay", "--since", "2001-01-01")[1].startswith("Handed on again: items 1")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({**record_of(), "payload": "not JSON"}, "no event of the stream"),
        ({name: value for name, value in record_of().items() if name != "payload"}, "holds no events"),
        ([1], "no record of a failed batch"),
        ({"a": 1}, "no record of a failed batch"),
    ],
)
def test_what_cannot_be_replayed_is_told_stays_and_stops_nothing_else(world: World, document: Any, problem: str) -> None:
    world.leave("bad", document)
    world.leave("good", record_of(*some(1)))
    code, out, _ = world.shell("replay")

    assert code == 1
    assert problem in out
    assert "Handed on again: items 1, batches 1." in out
    assert world.objects() == {f"{FOLDER}/bad", f"replayed/{FOLDER}/good"}


def test_what_landing_gave_up_on_goes_to_landing_and_the_rest_to_stitch(world: World) -> None:
    of_lake = record_of(*some(1, 2))
    of_lake["requestContext"]["functionArn"] = "arn:aws:lambda:eu-west-3:123456789012:function:ariane-prod-lake"
    of_stitch = record_of(*some(3))
    of_stitch["requestContext"]["functionArn"] = "arn:aws:lambda:eu-west-3:123456789012:function:ariane-prod-stitch:$LATEST"
    world.leave("one", of_lake)
    world.leave("two", of_stitch)

    assert world.shell("replay")[0] == 0

    assert world.queued() == keys(some(3))
    assert world.queued("land") == keys(some(1, 2))
