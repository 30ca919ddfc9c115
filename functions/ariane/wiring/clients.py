"""boto3 clients, one of each per process. Time-outs are short: a Lambda that waits is paid for, and whatever feeds it retries."""

from functools import cache
from typing import TYPE_CHECKING, Literal, overload

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_DEFAULT = Config(connect_timeout=2, read_timeout=5, parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 3})
"""Validation costs a tenth of a call's CPU and tells what the service would tell too: types hold before, contract tests after."""
_NO_BLIND_RETRY = Config(
    connect_timeout=2, read_timeout=5, parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 1}
)
"""Providers: after a time-out a message may have left already, so a repeat is the ledger's decision, not the SDK's."""

_SIGNED_IN_FULL = Config(signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional"})
"""In the oldest regions presigned addresses would be signed in the old way, which leaves the length of what is uploaded to the sender and
which newer buckets refuse."""


@overload
def client(name: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(name: Literal["events"]) -> "EventBridgeClient": ...
@overload
def client(name: Literal["s3"]) -> "S3Client": ...
@overload
def client(name: Literal["sesv2"]) -> "SESV2Client": ...
@overload
def client(name: Literal["sns"]) -> "SNSClient": ...
@overload
def client(name: Literal["sqs"]) -> "SQSClient": ...
@overload
def client(name: Literal["ssm"]) -> "SSMClient": ...
def client(name: Literal["dynamodb", "events", "s3", "sesv2", "sns", "sqs", "ssm"]) -> object:
    return _client(name)


@cache
def _client(name: Literal["dynamodb", "events", "s3", "sesv2", "sns", "sqs", "ssm"]) -> object:
    config = _NO_BLIND_RETRY if name in ("sesv2", "sns") else _DEFAULT
    return boto3.client(name, config=config.merge(_SIGNED_IN_FULL) if name == "s3" else config)
