"""How far a backfill of the lake is: an object beside the tables' folders."""

from typing import TYPE_CHECKING

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import error_code, translated
from ariane.lake.backfilling import Backfill

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "state/backfill.json"
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class S3BackfillState:
    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def load(self) -> Backfill | None:
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=KEY)["Body"].read()
        except ClientError as error:
            if error_code(error) in _MISSING:
                return None
            raise translated(error) from error
        except BotoCoreError as error:
            raise translated(error) from error
        return Backfill.of_document(orjson.loads(body))

    def save(self, backfill: Backfill) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=KEY, Body=orjson.dumps(backfill.as_document()), ContentType="application/json")
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
