"""The front in JavaScript, as CloudFront runs it, and its twin of the local run: one table, two programs."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ariane.events.front import PROOF_HEADER, VIEWER_HEADER
from cli.local.front import Headers, fronted, rewritten
from cli.node import NODE

FUNCTION = Path(__file__).parents[3] / "infra" / "front_function.js"
VIEWER = "203.0.113.77"
CASES: dict[str, tuple[str, Headers]] = {
    "gzip that says JSON": ("POST", [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]),
    "gzip that says text and nothing of gzip, as Kotlin": ("POST", [("content-type", "text/plain")]),
    "a form": ("POST", [("content-type", "application/x-www-form-urlencoded")]),
    "no type at all": ("POST", [("x-retry-count", "1")]),
    "bytes already": ("POST", [("content-type", "application/octet-stream")]),
    "a read": ("GET", [("content-type", "text/plain"), ("origin", "https://shop.example")]),
    "a preflight": ("OPTIONS", [("access-control-request-method", "POST")]),
    "a forged address": ("POST", [("X-Ariane-Viewer", "198.51.100.1"), ("authorization", "Basic d2s6")]),
    "a forged address on a read": ("GET", [("X-Ariane-Viewer", "198.51.100.1")]),
}


def run_function(*requests: dict[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    """What the function makes of each request. It runs as CloudFront runs it: a global ``handler``, no module."""
    source = FUNCTION.read_text().replace("const PREFIX = '';", f"const PREFIX = '{prefix}';")
    script = f"{source}\nconsole.log(JSON.stringify({json.dumps(requests)}.map(handler)));"
    done = subprocess.run([str(NODE), "-e", script], capture_output=True, text=True, check=True, timeout=30)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def event(method: str, headers: Headers, uri: str = "/v1/batch") -> dict[str, Any]:
    """CloudFront's: header names in lower case."""
    named = {name.lower(): {"value": value} for name, value in headers}
    return {"version": "1.0", "viewer": {"ip": VIEWER}, "request": {"method": method, "uri": uri, "querystring": {}, "headers": named}}


def by_name(headers: Headers) -> dict[str, str]:
    names = [name.lower() for name, _ in headers]
    assert len(names) == len(set(names)), "a header stands twice"
    return {name.lower(): value for name, value in headers}


def test_the_function_and_its_twin_make_the_same_of_every_request() -> None:
    answers = run_function(*(event(method, headers) for method, headers in CASES.values()))

    of_function = {
        name: {key: value["value"] for key, value in answer["headers"].items()} for name, answer in zip(CASES, answers, strict=True)
    }
    of_twin = {name: by_name(rewritten(method, headers, VIEWER)) for name, (method, headers) in CASES.items()}
    assert of_function == of_twin


@pytest.mark.parametrize("name", [name for name, (method, _) in CASES.items() if method == "POST"])
def test_every_post_goes_on_as_bytes(name: str) -> None:
    assert by_name(rewritten(*CASES[name], VIEWER))["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("name", CASES)
def test_everything_else_goes_on_as_it_came_and_the_address_is_the_viewers(name: str) -> None:
    method, headers = CASES[name]
    after = by_name(rewritten(method, headers, VIEWER))

    assert after.pop(VIEWER_HEADER) == VIEWER
    changed = {VIEWER_HEADER} | ({"content-type"} if method == "POST" else set())
    assert {key: value for key, value in after.items() if key not in changed} == {
        key: value for key, value in by_name(headers).items() if key not in changed
    }


def test_the_proof_is_the_fronts_whatever_the_client_wrote() -> None:
    after = by_name(fronted("the-proof")("GET", [("X-Ariane-Front", "guessed")], VIEWER))

    assert after == {PROOF_HEADER: "the-proof", VIEWER_HEADER: VIEWER}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/collect/v1/batch", "/v1/batch"),
        ("/collect/", "/"),
        ("/collect", "/collect"),
        ("/collection/v1/t", "/collection/v1/t"),
        ("/v1/batch", "/v1/batch"),
    ],
)
def test_a_path_of_a_sites_own_cdn_is_taken_off_once_the_function_is_told(uri: str, expected: str) -> None:
    (answer,) = run_function(event("POST", [], uri), prefix="/collect")

    assert answer["uri"] == expected


def test_without_a_prefix_the_path_stays() -> None:
    (answer,) = run_function(event("GET", [], "/collect/v1/t"))

    assert answer["uri"] == "/collect/v1/t"
