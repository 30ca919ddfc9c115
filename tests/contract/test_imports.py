"""Imports' rows, files, objects and queue: memory and AWS."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws

from ariane.adapters.aws.import_files import UPLOADS, S3Reports, S3Uploads
from ariane.adapters.aws.import_queue import SqsImportQueue
from ariane.adapters.aws.imports import DynamoImports, DynamoObjects
from ariane.adapters.memory.import_files import MemoryReports, MemoryUploads
from ariane.adapters.memory.imports import MemoryImports, MemoryObjects
from ariane.errors import Conflict, Permanent, Rejected, Retryable
from ariane.imports.jobs import imports_of
from ariane.imports.model import (
    BusinessObject,
    FileInfo,
    Import,
    ImportStore,
    ObjectStore,
    Progress,
    RejectedLine,
    Reports,
    State,
    Uploads,
)
from tests.builders.imports import NOW
from tests.builders.moto_endpoint import REGION, make_table

BUCKET = "imports"
LINES = [RejectedLine(3, "ragged_line", "the line has 2 cells", 'a,"é\nb"'), RejectedLine(9, "bad_encoding", "not utf-8", "\ufffd")]


@dataclass
class Stores:
    imports: ImportStore
    uploads: Uploads
    reports: Reports
    objects: ObjectStore
    memory_uploads: MemoryUploads | None = None

    def upload(self, identity: str, content: bytes) -> None:
        if self.memory_uploads is not None:
            self.memory_uploads.files[identity] = content
        else:
            _s3().put_object(Bucket=BUCKET, Key=UPLOADS + identity, Body=content)


def _s3() -> Any:
    return boto3.client("s3", region_name=REGION)


@pytest.fixture(params=["memory", "aws"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        uploads = MemoryUploads()
        yield Stores(MemoryImports(), uploads, MemoryReports(), MemoryObjects(), uploads)
        return
    with mock_aws():
        make_table("imports")
        _s3().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        yield Stores(
            DynamoImports(dynamodb, table="imports"),
            S3Uploads(_s3(), bucket=BUCKET),
            S3Reports(_s3(), bucket=BUCKET),
            DynamoObjects(dynamodb, table="imports"),
        )


def made(identity: str = "imp_a", **changes: Any) -> Import:
    file = FileInfo("till.csv", 3, "ab" * 32)
    return Import(
        id=identity, source="till", mapping={"source": "till", "rules": []}, file=file, as_of=NOW, created_at=NOW, by="t", updated_at=NOW
    ).on(**changes)


def test_an_import_is_created_once_and_read_as_it_was_saved(stores: Stores) -> None:
    assert stores.imports.get("imp_a") is None
    assert stores.imports.create(made())
    assert not stores.imports.create(made(by="another"))
    first = stores.imports.get("imp_a")
    assert first == made(version=1)

    changed = made(
        version=1,
        state=State.FAILED,
        error=("size_mismatch", "too short"),
        layout={"delimiter": ";"},
        header="a;b",
        tag="etag",
        progress=Progress(bytes=1, lines=2, rejected=1),
        after_line=7,
        after_byte=70,
        parts=1,
    )
    assert stores.imports.save(changed) == changed.on(version=2)
    assert stores.imports.get("imp_a") == changed.on(version=2)


def test_who_read_an_older_version_saves_nothing(stores: Stores) -> None:
    stores.imports.create(made())
    stores.imports.save(made(version=1, after_line=1))
    with pytest.raises(Conflict):
        stores.imports.save(made(version=1, after_line=2))
    found = stores.imports.get("imp_a")
    assert found is not None
    assert found.after_line == 1


def test_imports_are_listed_the_newest_first(stores: Stores) -> None:
    for number, name in enumerate("bca"):
        stores.imports.create(made(f"imp_{name}", created_at=NOW + timedelta(seconds=number)))
    assert [each.id for each in stores.imports.all()] == ["imp_a", "imp_c", "imp_b"]


def test_a_file_is_read_from_its_beginning_or_from_a_byte_on(stores: Stores) -> None:
    assert stores.uploads.find("imp_a") is None
    content = bytes(range(256)) * 10_000
    stores.upload("imp_a", content)
    found = stores.uploads.find("imp_a")
    assert found is not None
    assert found.size == len(content)
    for _ in range(2):
        assert b"".join(stores.uploads.read("imp_a", found.tag)) == content
        assert b"".join(stores.uploads.read("imp_a", found.tag, after=len(content) - 1)) == content[-1:]


def test_a_file_that_was_replaced_is_not_read_for_the_one_before(stores: Stores) -> None:
    stores.upload("imp_a", b"before")
    found = stores.uploads.find("imp_a")
    assert found is not None
    stores.upload("imp_a", b"behind")

    with pytest.raises(Rejected, match="file_changed"):
        b"".join(stores.uploads.read("imp_a", found.tag))


def test_a_part_of_a_report_is_replaced_and_read_as_it_was(stores: Stores) -> None:
    stores.reports.put("imp_a", 0, LINES[:1])
    stores.reports.put("imp_a", 0, LINES)
    assert list(stores.reports.part("imp_a", 0)) == LINES
    assert list(stores.reports.part("imp_a", 1)) == []


def test_an_object_is_replaced_by_what_is_as_new_and_not_by_what_is_older(stores: Stores) -> None:
    def stock(number: int, *, hours: int = 0) -> BusinessObject:
        at = NOW + timedelta(hours=hours)
        return BusinessObject(type="stock", key="sku:é", properties={"n": number}, at=at, import_id="imp_a")

    assert stores.objects.get("stock", "sku:é") is None
    assert stores.objects.put(stock(1))
    assert stores.objects.put(stock(2))
    assert not stores.objects.put(stock(3, hours=-1))
    assert stores.objects.get("stock", "sku:é") == stock(2)
    assert stores.objects.get("products", "sku:é") is None


def test_every_object_of_a_type_is_on_some_page_once(stores: Stores) -> None:
    for number in range(70):
        stores.objects.put(BusinessObject(type="products", key=f"k{number}", properties={}, at=NOW, import_id="imp_a"))
    stores.objects.put(BusinessObject(type="stock", key="k0", properties={}, at=NOW, import_id="imp_a"))
    found: list[str] = []
    cursor = None
    while True:
        page, cursor = stores.objects.page("products", limit=3, cursor=cursor)
        assert len(page) <= 3
        found += [each.key for each in page]
        if cursor is None:
            break
    assert sorted(found) == sorted(f"k{number}" for number in range(70))


@pytest.mark.parametrize("cursor", ["²/", "16/", "-1/", "x", "+1/", "00/", "0/" + "k" * 1_025])
def test_a_cursor_that_is_none_of_the_tables_is_refused(cursor: str) -> None:
    with mock_aws():
        make_table("imports")
        objects = DynamoObjects(boto3.client("dynamodb", region_name=REGION), table="imports")
        with pytest.raises(Rejected, match="invalid_cursor"):
            objects.page("stock", cursor=cursor)


def test_a_report_of_any_length_is_one_file_behind_its_link() -> None:
    with mock_aws():
        _s3().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        reports = S3Reports(_s3(), bucket=BUCKET)
        pieces = [bytes([65 + number % 26]) * 700_001 for number in range(30)]
        reports.publish("imp_a", pieces)

        link = reports.link("imp_a", now=NOW)
        assert link.expires_at > NOW
        assert _s3().get_object(Bucket=BUCKET, Key="reports/imp_a/rejected")["Body"].read() == b"".join(pieces)
        assert httpx.URL(link.url).path.endswith("reports/imp_a/rejected")


def test_an_uploads_link_is_for_one_file_of_the_announced_size() -> None:
    with mock_aws():
        link = S3Uploads(_s3(), bucket=BUCKET).link(made(), now=NOW)
        assert httpx.URL(link.url).path.endswith("uploads/imp_a")
        assert "content-length" in httpx.URL(link.url).params["X-Amz-SignedHeaders"]
        assert link.headers == {"content-length": "3"}


def test_what_the_queue_is_given_is_read_from_it() -> None:
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        url = sqs.create_queue(QueueName="imports")["QueueUrl"]
        SqsImportQueue(sqs, queue_url=url).put("imp_a")
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert imports_of(message["Body"]) == ["imp_a"]


def test_a_store_that_is_away_asks_for_patience() -> None:
    with mock_aws():
        away: dict[str, Any] = {"region_name": REGION, "endpoint_url": "http://127.0.0.1:9"}
        for call in (
            lambda: DynamoImports(boto3.client("dynamodb", **away), table="imports").get("imp_a"),
            lambda: S3Uploads(boto3.client("s3", **away), bucket=BUCKET).find("imp_a"),
            lambda: list(S3Uploads(boto3.client("s3", **away), bucket=BUCKET).read("imp_a", "etag")),
            lambda: SqsImportQueue(boto3.client("sqs", **away), queue_url="http://127.0.0.1:9/imports").put("imp_a"),
        ):
            with pytest.raises(Retryable):
                call()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"Event": "s3:TestEvent", "Bucket": "imports"}', []),
        ('{"Records": [{"s3": {"object": {"key": "uploads/imp_a"}}}, {"s3": {"object": {"key": "reports/x"}}}]}', ["imp_a"]),
    ],
)
def test_the_words_of_s3_are_read(body: str, found: list[str]) -> None:
    assert imports_of(body) == found


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"Records": [{}]}'])
def test_what_names_no_import_is_refused_for_good(body: str) -> None:
    with pytest.raises(Permanent):
        imports_of(body)
