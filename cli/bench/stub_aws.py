"""A stand-in for AWS that costs its caller nothing but the call: rows in a dictionary, no conditions, secrets that are their names.

It runs in a process of its own, so that what is measured is the caller's CPU alone. ``python -m cli.bench.stub_aws`` prints its port.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import PIPE, Popen
from sys import executable
from typing import Any
from zlib import crc32

import orjson

type Row = dict[str, Any]

_rows: dict[tuple[str, str, str], Row] = {}


def _key(table: str, attributes: Mapping[str, Any]) -> tuple[str, str, str]:
    return table, attributes["pk"]["S"], attributes["sk"]["S"]


def _put(given: Mapping[str, Any]) -> Row:
    _rows[_key(given["TableName"], given["Item"])] = given["Item"]
    return {}


def _get(given: Mapping[str, Any]) -> Row:
    found = _rows.get(_key(given["TableName"], given["Key"]))
    return {"Item": found} if found else {}


def _get_many(given: Mapping[str, Any]) -> Row:
    found = {
        table: [row for key in asked["Keys"] if (row := _rows.get(_key(table, key)))] for table, asked in given["RequestItems"].items()
    }
    return {"Responses": found, "UnprocessedKeys": {}}


def _transact(given: Mapping[str, Any]) -> Row:
    for action in given["TransactItems"]:
        if "Put" in action:
            _put(action["Put"])
    return {}


def _announce(given: Mapping[str, Any]) -> Row:
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in given["Entries"]]}


def _secrets(given: Mapping[str, Any]) -> Row:
    return {"Parameters": [{"Name": name, "Value": name} for name in given["Names"]], "InvalidParameters": []}


def _nothing(_: Mapping[str, Any]) -> Row:
    return {"Items": [], "Count": 0, "UnprocessedItems": {}}


_ACTIONS = {
    "PutItem": _put,
    "GetItem": _get,
    "BatchGetItem": _get_many,
    "TransactWriteItems": _transact,
    "PutEvents": _announce,
    "GetParameters": _secrets,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def do_POST(self) -> None:
        given = orjson.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        action = self.headers["x-amz-target"].partition(".")[2]
        content = orjson.dumps(_ACTIONS.get(action, _nothing)(given))
        self.send_response_only(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(content)))
        self.send_header("x-amz-crc32", str(crc32(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@contextmanager
def stub_aws() -> Iterator[str]:
    """Its URL, on loopback."""
    process = Popen([executable, "-m", "cli.bench.stub_aws"], stdout=PIPE, stdin=PIPE, text=True)
    try:
        port = process.stdout.readline() if process.stdout else ""
        yield f"http://127.0.0.1:{int(port)}"
    finally:
        process.terminate()
        process.communicate()


def _serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    server.serve_forever()


def _end_with_parent(server: ThreadingHTTPServer) -> None:
    """Standard input closes when whoever started this is gone, however it went."""
    import sys

    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    _serve()
