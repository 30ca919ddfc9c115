"""What Lambda leaves in the bucket of the stream's failures, and which items of the log it is about.

An object is the invocation record of a batch: ``requestContext`` (with the ``condition``), ``DDBStreamBatchInfo`` (shard and sequence
numbers) and, for a destination in S3 alone, ``payload``: the whole event as JSON text.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ariane.errors import Rejected
from ariane.events.log import LogKey


def keys_of_failure(content: bytes) -> Sequence[LogKey]:
    """The new log items of the batch, in its order, each once. Raises Rejected: ``no_failure``, ``no_payload``."""
    try:
        document = orjson.loads(content)
        payload = document["payload"] if "DDBStreamBatchInfo" in document or "payload" in document else None
    except (orjson.JSONDecodeError, TypeError) as error:
        raise Rejected("no_failure", "the object is no record of a failed batch") from error
    except KeyError as error:
        raise Rejected("no_payload", "the record holds no events, only where they lay in the stream") from error
    if payload is None:
        raise Rejected("no_failure", "the object is no record of a failed batch")
    return _keys(payload)


def _keys(payload: Any) -> Sequence[LogKey]:
    try:
        event = orjson.loads(payload) if isinstance(payload, str) else payload
        changes = [record["dynamodb"] for record in event["Records"] if record.get("eventName") == "INSERT"]
        return list(dict.fromkeys(_key(change) for change in changes))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Rejected("no_failure", "the record's payload is no event of the stream") from error


def _key(change: Mapping[str, Any]) -> LogKey:
    named = change.get("Keys") or change["NewImage"]
    return LogKey(str(named["pk"]["S"]), str(named["sk"]["S"]))


def reader_of_failure(content: bytes) -> str:
    """The name of the function that failed, ``ariane-{stage}-stitch`` or ``ariane-{stage}-lake``; empty where the record does not say."""
    try:
        arn = str(orjson.loads(content)["requestContext"]["functionArn"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    name: str = (arn.split(":") + [""] * 7)[6]
    return name
