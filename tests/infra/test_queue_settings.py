from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.templates import Synthesised, flat


def sources(synthesised: Synthesised) -> dict[str, Mapping[str, Any]]:
    """Event source mappings by the logical id of what feeds them."""
    mappings = synthesised.platform.properties("AWS::Lambda::EventSourceMapping").values()
    return {flat(item["EventSourceArn"]).strip("<>").split(".")[0]: item for item in mappings}


def queues(synthesised: Synthesised) -> Mapping[str, Mapping[str, Any]]:
    return synthesised.platform.properties("AWS::SQS::Queue")


def dead_letters(synthesised: Synthesised) -> dict[str, str]:
    """Dead-letter queue by the queue that it serves."""
    redriven = {name: queue["RedrivePolicy"] for name, queue in queues(synthesised).items() if "RedrivePolicy" in queue}
    return {name: flat(policy["deadLetterTargetArn"]).strip("<>").split(".")[0] for name, policy in redriven.items()}


NAMES = ("overflow", "replay", "resolve", "evaluate", "journey", "send", "imports", "land")


def test_every_kind_of_work_has_a_queue_of_its_own(prod: Synthesised) -> None:
    names = {queue["QueueName"] for queue in queues(prod).values()}
    assert names == {f"ariane-prod-{name}{suffix}" for name in NAMES for suffix in ("", "-dlq")}


def test_every_queue_has_a_dead_letter_queue_of_its_own_that_keeps_14_days(prod: Synthesised) -> None:
    served = dead_letters(prod)
    dead = set(served.values())
    assert len(dead) == len(served)
    assert served.keys() | dead == queues(prod).keys()
    assert all(queues(prod)[name]["MessageRetentionPeriod"] == 14 * 24 * 3600 for name in dead)


def test_every_queue_is_encrypted_and_refuses_plain_http(prod: Synthesised) -> None:
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues(prod).values())
    policies = prod.platform.properties("AWS::SQS::QueuePolicy").values()
    denied = {
        flat(queue)
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for queue in policy["Queues"]
    }
    assert denied == {f"<{name}>" for name in queues(prod)}


def test_every_queue_source_reports_partial_failures_with_bounded_concurrency(prod: Synthesised, local: Synthesised) -> None:
    for stage, concurrency in ((prod, 10), (local, 2)):
        served = dead_letters(stage)
        assert served.keys() <= sources(stage).keys()
        for name in served:
            assert sources(stage)[name]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            most = 2 if queues(stage)[name]["QueueName"].endswith(("-resolve", "-imports")) else concurrency
            assert sources(stage)[name]["ScalingConfig"] == {"MaximumConcurrency": most}


def test_the_background_takes_one_job_at_a_time_and_as_long_as_lambda_lets_it(prod: Synthesised) -> None:
    worker = prod.platform.functions()["resolve"]
    (source,) = [each for each in sources(prod).values() if flat(each["FunctionName"]) == f"<{prod.platform.logical_id('resolve')}>"]
    assert (worker["Timeout"], worker["MemorySize"], source["BatchSize"]) == (900, 1024, 1)


def test_a_queue_hides_a_message_for_six_times_its_workers_timeout(prod: Synthesised) -> None:
    functions = prod.platform.properties("AWS::Lambda::Function")
    for name in dead_letters(prod):
        worker = functions[flat(sources(prod)[name]["FunctionName"]).strip("<>")]
        assert queues(prod)[name]["VisibilityTimeout"] >= 6 * worker["Timeout"]


def stream_source(synthesised: Synthesised, reader: str = "stitch") -> Mapping[str, Any]:
    """The stream as one of its readers gets it."""
    function = f"<{synthesised.platform.logical_id(reader)}>"
    mappings = synthesised.platform.properties("AWS::Lambda::EventSourceMapping").values()
    (stream,) = [each for each in mappings if "StartingPosition" in each and flat(each["FunctionName"]) == function]
    return stream


def test_the_stream_has_no_more_readers_than_it_serves(prod: Synthesised) -> None:
    """A shard of DynamoDB's streams serves two."""
    mappings = prod.platform.properties("AWS::Lambda::EventSourceMapping").values()
    assert sum("StartingPosition" in each for each in mappings) == 2


def test_the_stream_feeds_stitch_new_items_with_bisect(prod: Synthesised) -> None:
    stream = stream_source(prod)
    assert flat(stream["FunctionName"]) == f"<{prod.platform.logical_id('stitch')}>"
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["FilterCriteria"] == {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]}
    assert stream["BisectBatchOnFunctionError"] is True


def test_the_stream_is_tried_again_for_hours_not_for_a_number_of_times(prod: Synthesised) -> None:
    """A throttled table or a missing grant fails a handful of attempts within seconds. The stream itself forgets after a day."""
    stream = stream_source(prod)
    assert stream["MaximumRetryAttempts"] == 10_000
    assert 4 * 3600 <= stream["MaximumRecordAgeInSeconds"] <= 12 * 3600


def test_a_shard_is_read_in_order_in_every_stage(prod: Synthesised, local: Synthesised, dev: Synthesised) -> None:
    """Above 1, Lambda keeps the order of each item (pk and sk), no longer that of a person's items (pk)."""
    for stage in (prod, local, dev):
        assert stream_source(stage).get("ParallelizationFactor", 1) == 1


@pytest.mark.parametrize("reader", ["stitch", "lake"])
def test_the_stream_never_takes_partial_failures(prod: Synthesised, reader: str) -> None:
    assert "FunctionResponseTypes" not in stream_source(prod, reader)


@pytest.mark.parametrize("reader", ["stitch", "lake"])
def test_what_the_stream_gives_up_on_lands_in_a_bucket(prod: Synthesised, reader: str) -> None:
    destination = flat(stream_source(prod, reader)["DestinationConfig"]["OnFailure"]["Destination"]).strip("<>").split(".")[0]
    assert destination in prod.platform.of_type("AWS::S3::Bucket")


def test_the_lake_gathers_for_minutes_and_is_tried_again_for_most_of_the_streams_day(prod: Synthesised, local: Synthesised) -> None:
    stream = stream_source(prod, "lake")
    assert (stream["BatchSize"], stream["MaximumBatchingWindowInSeconds"]) == (10_000, 300)
    assert stream["BisectBatchOnFunctionError"] is True
    assert 12 * 3600 <= stream["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert stream_source(local, "lake")["MaximumBatchingWindowInSeconds"] == 1


def test_production_rings_for_each_dead_letter_queue(prod: Synthesised) -> None:
    alarms = prod.platform.properties("AWS::CloudWatch::Alarm").values()
    watched = {flat(alarm["Dimensions"][0]["Value"]) for alarm in alarms if alarm["Namespace"] == "AWS/SQS"}
    assert watched == {f"<{name}.QueueName>" for name in dead_letters(prod).values()}
