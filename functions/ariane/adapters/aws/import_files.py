"""Files of imports in S3: what was uploaded, and the reports of what was refused."""

import gzip
import io
from collections.abc import Buffer, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from ariane.adapters.aws.errors import error_code, translated
from ariane.errors import Retryable
from ariane.imports.model import Import, Link, RejectedLine, Upload, changed
from ariane.imports.report import packed, unpacked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOADS = "uploads/"
REPORTS = "reports/"
_PIECE = 1024 * 1024
_LASTS = timedelta(hours=1)
_CHANGED = frozenset({"412", "PreconditionFailed"})
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Uploads:
    """``uploads/{import}``: one object each, whose arrival S3 tells the queue."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def link(self, made: Import, *, now: datetime) -> Link:
        asked = {"Bucket": self._bucket, "Key": UPLOADS + made.id, "ContentLength": made.file.size}
        url = self._client.generate_presigned_url("put_object", Params=asked, ExpiresIn=int(_LASTS.total_seconds()))
        return Link(url, {"content-length": str(made.file.size)}, now + _LASTS)

    def find(self, import_id: str) -> Upload | None:
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=UPLOADS + import_id)
            return Upload(int(found["ContentLength"]), str(found["ETag"]))
        except ClientError as error:
            if error_code(error) in _MISSING:
                return None
            raise translated(error) from error
        except BotoCoreError as error:
            raise translated(error) from error

    def read(self, import_id: str, tag: str, *, after: int = 0) -> Iterator[bytes]:
        """A connection that breaks in the middle is Retryable: the next run goes on behind the last checkpoint."""
        behind = {"Range": f"bytes={after}-"} if after else {}  # S3 refuses any range of an empty file
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=UPLOADS + import_id, IfMatch=tag, **behind)["Body"]  # type: ignore[arg-type]
            yield from body.iter_chunks(_PIECE)
        except ClientError as error:
            if error_code(error) in _CHANGED:
                raise changed() from error
            raise translated(error) from error
        except (BotoCoreError, HTTPClientError, OSError) as error:
            raise Retryable("file_unreachable", f"the file was not read to its end: {type(error).__name__}") from error


class S3Reports:
    """``reports/{import}/{part}`` as gzip, and ``reports/{import}/rejected`` as one plain file."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, import_id: str, part: int, rejected: Sequence[RejectedLine]) -> None:
        content = gzip.compress(packed(rejected), mtime=0)
        try:
            self._client.put_object(Bucket=self._bucket, Key=_part_key(import_id, part), Body=content)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def part(self, import_id: str, part: int) -> Sequence[RejectedLine]:
        try:
            content = self._client.get_object(Bucket=self._bucket, Key=_part_key(import_id, part))["Body"].read()
        except ClientError as error:
            if error_code(error) in _MISSING:
                return []
            raise translated(error) from error
        except BotoCoreError as error:
            raise translated(error) from error
        return unpacked(gzip.decompress(content))

    def publish(self, import_id: str, pieces: Iterable[bytes]) -> None:
        """In parts of some megabytes: however long the report is, little of it is in memory."""
        try:
            self._client.upload_fileobj(io.BufferedReader(_Stream(pieces), _PIECE), self._bucket, _whole_key(import_id))
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error

    def link(self, import_id: str, *, now: datetime) -> Link:
        asked = {"Bucket": self._bucket, "Key": _whole_key(import_id), "ResponseContentDisposition": 'attachment; filename="rejected"'}
        url = self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=int(_LASTS.total_seconds()))
        return Link(url, {}, now + _LASTS)


class _Stream(io.RawIOBase):
    """Pieces as a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer).cast("B")
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = piece
        given = self._held[: len(view)]
        view[: len(given)] = given
        self._held = self._held[len(given) :]
        return len(given)


def _part_key(import_id: str, part: int) -> str:
    return f"{REPORTS}{import_id}/{part:08}"


def _whole_key(import_id: str) -> str:
    return f"{REPORTS}{import_id}/rejected"
