"""What the functions ask of AWS is what their policies grant: nothing is missing, and nothing lies about unused."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.builders.a_day_on_aws import Day
from tests.builders.aws_calls import Call
from tests.builders.deployed import Deployed, deployed
from tests.builders.moto_endpoint import REGION
from tests.infra.templates import Synthesised, as_list, flat
from tests.infra.test_permissions import statements

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
"""A function never closes its connections: the process ends. Here it is the garbage collector that ends them."""

type Grant = tuple[str, str, str]
"""(function, action, resource)."""

BY_LAMBDA: Mapping[tuple[str, str], str] = {
    ("*", "logs:CreateLogStream"): "the runtime writes the function's log",
    ("*", "logs:PutLogEvents"): "the runtime writes the function's log",
    ("*", "sqs:ReceiveMessage"): "the queue's poller acts as the function's role",
    ("*", "sqs:ChangeMessageVisibility"): "the queue's poller",
    ("*", "sqs:GetQueueUrl"): "the queue's poller",
    ("*", "sqs:DeleteMessage"): "the queue's poller",
    ("*", "sqs:GetQueueAttributes"): "the queue's poller",
    ("stitch", "dynamodb:DescribeStream"): "the stream's poller acts as the function's role",
    ("stitch", "dynamodb:GetRecords"): "the stream's poller",
    ("stitch", "dynamodb:GetShardIterator"): "the stream's poller",
    ("stitch", "dynamodb:ListStreams"): "the stream's poller",
    ("stitch", "s3:PutObject"): "the stream's poller leaves there what it gave up on",
    ("stitch", "s3:ListBucket"): "the stream's poller looks whether it may",
    ("lake", "dynamodb:DescribeStream"): "the stream's poller acts as the function's role",
    ("lake", "dynamodb:GetRecords"): "the stream's poller",
    ("lake", "dynamodb:GetShardIterator"): "the stream's poller",
    ("lake", "dynamodb:ListStreams"): "the stream's poller",
    ("lake", "s3:ListBucket"): "the stream's poller looks whether it may leave there what it gave up on",
}
WITHOUT_A_CALL: Mapping[tuple[str, str], str] = {
    ("journey", "dynamodb:Query"): "the consents, where a branch asks for one",
    ("lake", "s3:PutObject"): "the stream's poller leaves there what it gave up on",
    ("segments", "dynamodb:ConditionCheckItem"): "a fragment that a backfill completes and that is sealed in a bundle",
    ("segments", "dynamodb:DeleteItem"): "who leaves a segment leaves its list; a consent that a backfill's refold finds to be another's",
    ("segments", "dynamodb:GetItem"): "consents of what a backfill refolds",
    ("segments", "dynamodb:PutItem"): "as dynamodb:GetItem",
    ("segments", "dynamodb:Query"): "the log, where only that tells whether a condition holds",
    ("segments", "dynamodb:UpdateItem"): "marks of a refold in the log, and what follows of consents",
    ("segments", "s3:GetObject"): "a scheduled list",
    ("segments", "s3:ListBucket"): "without it S3 answers a missing object as forbidden",
    ("segments", "s3:PutObject"): "a scheduled list",
    ("segments", "sqs:SendMessage"): "bundles that a backfill's refold dissolves are begun anew in the background",
    ("segments", "ssm:GetParameters"): "the key, where events of one partition are several people's",
    ("imports", "s3:ListBucket"): "without it S3 answers a missing object as forbidden",
    ("imports", "s3:AbortMultipartUpload"): "the upload of a long report that fails halfway",
    ("imports", "sqs:SendMessage"): "the overflow queue, while the log is throttled",
    ("api", "s3:PutObject"): "whoever has an upload's address acts as the function that made it",
    ("send", "dynamodb:GetItem"): "a run's entry event, where a split or a shared device touches its person and the run has not heard yet",
    ("api", "dynamodb:ConditionCheckItem"): "a link whose people an event puts into quarantine between its look at them and its commit",
    ("api", "s3:ListBucket"): "without it S3 answers a missing object as forbidden",
    ("journey", "s3:ListBucket"): "without it S3 answers a missing object as forbidden",
    ("send", "s3:ListBucket"): "without it S3 answers a missing object as forbidden",
    ("publish", "s3:ListBucket"): "without it S3 answers a missing object as forbidden",
}


def granted(synthesised: Synthesised) -> Iterator[Grant]:
    for function, statement in statements(synthesised):
        for action in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                yield function, action, _filled(flat(resource))


def _filled(resource: str) -> str:
    for pseudo, value in {"<AWS::Partition>": "aws", "<AWS::Region>": REGION, "<AWS::AccountId>": "123456789012"}.items():
        resource = resource.replace(pseudo, value)
    return resource


def allows(grant: Grant, call: Call, arn: str) -> bool:
    function, action, resource = grant
    return (function, action) == (call.function, call.action) and fnmatchcase(arn, resource)


@pytest.fixture(scope="module")
def lived(prod: Synthesised, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """After the day; its calls are in the recorder."""
    with pytest.MonkeyPatch.context() as monkeypatch, deployed(prod.platform, monkeypatch) as stack:
        Day(stack).live(tmp_path_factory.mktemp("bundle"))
        yield stack


def test_every_function_has_its_part_of_the_day(lived: Deployed, prod: Synthesised) -> None:
    assert {call.function for call in lived.recorder.calls} == prod.platform.functions().keys()


def test_every_call_is_granted_on_what_it_is_done_to(lived: Deployed, prod: Synthesised) -> None:
    grants = list(granted(prod))
    refused = [call for call in sorted(lived.recorder.calls) if not any(allows(grant, call, lived.arn(call)) for grant in grants)]
    assert refused == []


def test_every_grant_is_used_by_some_call_or_has_a_reason(lived: Deployed, prod: Synthesised) -> None:
    unused = {grant for grant in granted(prod) if not any(allows(grant, call, lived.arn(call)) for call in lived.recorder.calls)}
    unexplained = {grant for grant in unused if not {("*", grant[1]), grant[:2]} & (BY_LAMBDA.keys() | WITHOUT_A_CALL.keys())}
    assert sorted(unexplained) == []


def test_every_reason_is_for_a_grant_that_exists(prod: Synthesised) -> None:
    made = {(function, action) for function, action, _ in granted(prod)}
    actions = {("*", action) for _, action in made}
    assert (BY_LAMBDA.keys() | WITHOUT_A_CALL.keys()) <= made | actions


def test_a_missing_grant_would_be_noticed(lived: Deployed, prod: Synthesised, tmp_path: Path) -> None:
    call = next(call for call in sorted(lived.recorder.calls) if call.function == "send" and call.action == "dynamodb:ConditionCheckItem")
    grants = [grant for grant in granted(prod) if grant[:2] != ("send", "dynamodb:ConditionCheckItem")]
    assert not any(allows(grant, call, lived.arn(call)) for grant in grants)
