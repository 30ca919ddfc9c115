"""Audience files in S3: what is known of a part is the object's metadata."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import translated
from ariane.segments.exporting import Written

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = ("404", "NoSuchKey", "NotFound")


class S3AudienceFiles:
    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def find(self, key: str) -> Written | None:
        try:
            said = self._client.head_object(Bucket=self._bucket, Key=key)["Metadata"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise translated(error) from error
        except BotoCoreError as error:
            raise translated(error) from error
        return Written(int(said["people"]), int(said["left-out"]), said["next"] or None)

    def put(self, key: str, content: bytes, written: Written, *, media_type: str) -> None:
        said = {"people": str(written.people), "left-out": str(written.left_out), "next": written.next or ""}
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=media_type, Metadata=said)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
