"""The bucket in which Lambda leaves the batches that the stream gave up on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ariane.events.log import LogKey
from ariane.profiles.stream_failures import keys_of_failure, reader_of_failure

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DONE = "replayed/"
"""What was replayed is moved below this, and expires there."""


@dataclass(frozen=True, slots=True)
class Failure:
    key: str
    at: datetime
    size: int


class StreamFailures:
    def __init__(self, s3: "S3Client", *, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def open(self, *, since: datetime | None = None) -> Iterator[Failure]:
        """Not replayed yet, the oldest first within a shard."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket):
            for found in page.get("Contents", []):
                if not found["Key"].startswith(DONE) and (since is None or found["LastModified"] >= since):
                    yield Failure(found["Key"], found["LastModified"], found["Size"])

    def keys(self, failure: Failure) -> Sequence[LogKey]:
        """Raises Rejected for what is no record of a failed batch."""
        return keys_of_failure(self._content(failure))

    def is_of_lake(self, failure: Failure) -> bool:
        """Whether it was landing that gave up on it; otherwise it was stitching."""
        return reader_of_failure(self._content(failure)).endswith("-lake")

    def _content(self, failure: Failure) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=failure.key)["Body"].read()

    def done(self, failure: Failure) -> None:
        """Copied, then deleted: ended in between, it is replayed again, which changes nothing."""
        source = {"Bucket": self._bucket, "Key": failure.key}
        self._s3.copy_object(Bucket=self._bucket, Key=f"{DONE}{failure.key}", CopySource=source)  # type: ignore[arg-type]
        self._s3.delete_object(Bucket=self._bucket, Key=failure.key)
