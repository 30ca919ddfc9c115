"""A file from the command line into profiles, through the presigned upload, the queue and the function."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from cli.local.home import PROJECT
from cli.waiting import wait_for
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e

MAPPING = """\
source: imports
group: {by: [order]}
rules:
  - event: Order Completed
    timestamp: at
    identifiers: {user_id: customer}
    properties: {order_id: order, total: {sum: [n, price]}, currency: {value: EUR}}
    item: {product_id: sku, quantity: {column: n, type: integer}, price: {column: price, type: number}}
"""
STOCK = "source: imports\nrules: [{object: stock, key: [sku], timestamp: at, properties: {quantity: {column: n, type: integer}}}]\n"


def ariane(world: World, *arguments: str) -> tuple[int, str]:
    environment = {"ARIANE_HOME": str(world.home.path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "cli.main", *arguments]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    return ended.returncode, ended.stdout or ended.stderr


def imported(world: World, file: Path, mapping: str, *options: str) -> tuple[int, dict[str, Any]]:
    path = file.with_suffix(".yaml")
    path.write_text(mapping)
    code, out = ariane(world, "import", str(file), "--mapping", str(path), "--json", *options)
    return code, orjson.loads(out)


def test_a_file_becomes_profiles_and_its_refused_lines_come_back(world: World, tmp_path: Path) -> None:
    customer, order = fresh("c"), fresh("o")
    file = tmp_path / "orders.csv"
    rows = [
        f"{order},{customer},2025-12-24,a,2,10.50",
        f"{order},{customer},2025-12-24,b,1,4",
        f"{order}-2,{customer},2025-13-24,a,1,1",
    ]
    file.write_text("\n".join(["order,customer,at,sku,n,price", *rows, ""]))

    code, done = imported(world, file, MAPPING)

    assert code == 1
    assert done["state"] == "done"
    assert (done["progress"]["lines"], done["progress"]["accepted"], done["progress"]["rejected"]) == (3, 2, 1)
    (message,) = {entry["messageId"]: entry for entry in _timeline(world, customer, 1)}.values()
    assert message["properties"]["total"] == 25
    assert (message["kind"], message["timestamp"]) == ("import", "2025-12-24T00:00:00.000Z")

    report = Path(done["report"])
    report.write_text(report.read_text().replace("2025-13-24", "2025-12-25"))
    code, again = imported(world, report, MAPPING)
    assert (code, again["progress"]["accepted"], again["progress"]["copies"]) == (0, 1, 0)
    assert len(_timeline(world, customer, 2)) == 2

    file.write_text(file.read_text() + "\n")
    _, third = imported(world, file, MAPPING, "--allow-rejects")
    assert third["progress"]["copies"] == third["progress"]["events"] == 1


def test_objects_are_read_where_they_are_kept(world: World, tmp_path: Path) -> None:
    sku = fresh("sku")
    file = tmp_path / "stock.csv"
    file.write_text(f"sku,at,n\n{sku},2026-01-01,3\n")

    assert imported(world, file, STOCK)[0] == 0

    assert orjson.loads(ariane(world, "objects", "show", "stock", sku)[1])["properties"] == {"quantity": 3}


def test_an_upload_that_is_not_the_announced_file_brings_nothing_and_says_why(world: World) -> None:
    file = {"name": "f.csv", "size": 10, "sha256": sha256(fresh("x").encode()).hexdigest()}
    mapping = {"source": "imports", "rules": [{"skip": True}]}
    begun = world.api.begin_import({"mapping": mapping, "file": file})

    assert httpx.put(begun["upload"]["url"], content=b"a,b\n", timeout=30).status_code == 403
    assert httpx.put(begun["upload"]["url"], content=b"a,b\n123,45", timeout=30).status_code == 200

    failed = wait_for("the import to fail", lambda: _over(world, begun["id"]))
    assert (failed["state"], failed["error"]["code"]) == ("failed", "digest_mismatch")


def test_events_of_a_file_go_through_the_collector(world: World, tmp_path: Path) -> None:
    user, message_id = fresh("u"), fresh("m")
    file = tmp_path / "events.jsonl"
    event = {"type": "track", "event": "Store Visited", "userId": user, "messageId": message_id}
    file.write_bytes(orjson.dumps(event) + b"\n" + orjson.dumps({"type": "track", "userId": user}) + b"\n")

    code, out = ariane(world, "events", "send", str(file))

    assert code == 1
    assert "2 events: 1 accepted, 1 refused" in out
    assert world.timeline_with(f"user_id:{user}", message_id)


def _over(world: World, identity: str) -> dict[str, Any] | None:
    found = world.api.import_of(identity)
    return found if found["state"] in ("done", "failed") else None


def _timeline(world: World, customer: str, count: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]] | None:
        if world.api.find_profile(f"user_id:{customer}") is None:
            return None
        entries = world.api.timeline(f"user_id:{customer}")
        return entries if len(entries) >= count else None

    return wait_for(f"{count} imported events", found)
