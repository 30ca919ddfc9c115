"""The part of a day on AWS in which files are imported."""

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from ariane.adapters.aws.import_files import UPLOADS
from ariane.adapters.aws.imports import DynamoImports
from ariane.imports.model import State
from tests.builders.deployed import CONTEXT

if TYPE_CHECKING:
    from tests.builders.a_day_on_aws import Day

_MAPPING = {
    "source": "imports",
    "rules": [
        {"when": [{"property": "kind", "equals": "stock"}], "object": "stock", "key": ["id"], "properties": {"n": "n"}},
        {"event": "Store Visited", "timestamp": "at", "identifiers": {"user_id": "id"}, "properties": {"n": "n"}},
    ],
}
_CONTENT = b"kind,id,at,n\nvisit,u1,2026-01-01,1\nvisit,u1,never,1\nstock,sku,,3\n"


def import_files(day: "Day") -> None:
    """S3 tells of the file; the first run has no time, and hands itself on. The same file again is the same import."""
    file = {"name": "visits.csv", "size": len(_CONTENT), "sha256": sha256(_CONTENT).hexdigest()}
    asked = {"mapping": _MAPPING, "file": file, "as_of": "2026-11-22T08:00:00Z"}
    begun = day.api("/v1/imports", method="POST", body=asked)
    key = UPLOADS + begun["id"]
    day.stack.s3.put_object(Bucket=day.stack.named("IMPORTS_BUCKET"), Key=key, Body=_CONTENT)
    arrived = orjson.dumps({"Records": [{"s3": {"object": {"key": key}}}]}).decode()
    _deliver(day, arrived, millis=0)
    following = day.stack.received("IMPORTS_QUEUE_URL")
    assert following
    _deliver(day, *following, millis=170_000)
    ended: dict[str, Any] = day.api(f"/v1/imports/{begun['id']}")
    assert (ended["state"], ended["progress"]["accepted"], ended["progress"]["rejected"]) == ("done", 2, 1)
    assert day.api(f"/v1/imports/{begun['id']}/rejects")["data"][0]["code"] == "not_a_time"
    assert day.api("/v1/imports", method="POST", body=asked)["state"] == "done"
    assert [each["id"] for each in day.api("/v1/imports")["data"]] == [begun["id"]]
    assert day.api("/v1/objects/stock/sku")["properties"] == {"n": "3"}
    day.api("/v1/objects/stock")
    _abandon(day, begun["id"])
    assert day.api("/v1/imports", method="POST", body=asked)["state"] == "running"
    _deliver(day, *day.stack.received("IMPORTS_QUEUE_URL"), millis=170_000)
    assert day.api(f"/v1/imports/{begun['id']}")["state"] == "done"


def _abandon(day: "Day", identity: str) -> None:
    """As if whoever was at it had died, again and again."""
    imports = DynamoImports(day.stack.dynamodb, table=day.stack.named("IMPORTS_TABLE"))
    found = imports.get(identity)
    assert found is not None
    imports.save(found.on(state=State.RUNNING, updated_at=found.created_at - timedelta(hours=2)))


def _deliver(day: "Day", *bodies: str, millis: int) -> None:
    CONTEXT.get_remaining_time_in_millis = lambda: millis
    assert day.stack.deliver("imports", *bodies) == []
