"""The public API, as any client of the project would call it: with a base URL and a token."""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

import httpx

from cli.deployment import Deployment
from cli.failures import CommandFailed

_LARGEST_PAGE = 100


class ApiRefused(CommandFailed):
    """``code`` is the API's own, empty where it gives none."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"the API answers {status}: {message}")
        self.code = code


class ProfileApi:
    """Answers as JSON. Raises ApiRefused with the API's own message for everything but success."""

    def __init__(self, base_url: str, token: str) -> None:
        self._http = httpx.Client(base_url=base_url, headers={"authorization": f"Bearer {token}"}, timeout=30)

    def profile(self, identifier: str, *, view: str | None = None, locale: str | None = None) -> dict[str, Any]:
        """``view``: ``counter``, which may be asked for in a ``locale``; None for the whole profile."""
        given = {"view": view, "locale": locale}
        return self._get(f"/v1/profiles/{_segment(identifier)}", **{name: value for name, value in given.items() if value})

    def find_profile(self, identifier: str) -> dict[str, Any] | None:
        """None while nobody has the identifier."""
        answer = self._http.get(f"/v1/profiles/{_segment(identifier)}")
        return None if answer.status_code == 404 else _json(answer)

    def timeline(self, identifier: str, *, most: int | None = None) -> list[dict[str, Any]]:
        """All pages, the newest first."""
        size = {"limit": str(min(most, _LARGEST_PAGE))} if most is not None else {}
        return self._pages(f"/v1/profiles/{_segment(identifier)}/timeline", most=most, **size)

    def explain(self, identifier: str) -> dict[str, Any]:
        return self._get(f"/v1/profiles/{_segment(identifier)}/explain")

    def unmerge(self, identifiers: Sequence[str], *, why: str, events_to: str | None = None, is_dry_run: bool = False) -> dict[str, Any]:
        body: dict[str, object] = {"identifiers": [*identifiers], "why": why}
        body |= {"events_to": events_to} if events_to else {}
        query = {"dry_run": "true"} if is_dry_run else {}
        return self._post(f"/v1/profiles/{_segment(identifiers[0])}/unmerge", body, **query)

    def link(self, identifier: str, others: Sequence[str], *, why: str) -> dict[str, Any]:
        return self._post(f"/v1/profiles/{_segment(identifier)}/link", {"identifiers": [*others], "why": why})

    def split(self, split_id: str) -> dict[str, Any]:
        return self._get(f"/v1/splits/{quote(split_id, safe='')}")

    def lift(self, split_id: str, *, why: str) -> dict[str, Any]:
        return self._post(f"/v1/splits/{quote(split_id, safe='')}/lift", {"why": why})

    def events(self, identifier: str) -> Iterator[dict[str, Any]]:
        """As ``timeline``, page by page."""
        return self._each(f"/v1/profiles/{_segment(identifier)}/timeline", limit="100")

    def messages(self, identifier: str) -> list[dict[str, Any]]:
        return self._pages("/v1/messages", profile=identifier)

    def rejects(self, *, most: int | None = None, **asked: str) -> list[dict[str, Any]]:
        """Of one day, the newest first. ``asked``: day, source, code, all."""
        return self._pages("/v1/rejects", most=most, **asked)

    def reject(self, identity: str) -> dict[str, Any]:
        return self._get(_reject_path(identity))

    def reject_stats(self, first: str, last: str) -> dict[str, Any]:
        return self._get("/v1/rejects/stats", **{"from": first, "to": last})

    def retry_reject(self, identity: str, *, is_dry_run: bool) -> dict[str, Any]:
        query = {"dry_run": "true"} if is_dry_run else {}
        return _json(self._http.post(f"{_reject_path(identity)}/retry", params=query))

    def begin_import(self, body: Mapping[str, object]) -> dict[str, Any]:
        return self._post("/v1/imports", body)

    def imports(self) -> list[dict[str, Any]]:
        data: list[dict[str, Any]] = self._get("/v1/imports")["data"]
        return data

    def import_of(self, identity: str) -> dict[str, Any]:
        return self._get(f"/v1/imports/{quote(identity, safe='')}")

    def import_rejects(self, identity: str) -> dict[str, Any]:
        """The first part; ``file`` has the address of all of them."""
        return self._get(f"/v1/imports/{quote(identity, safe='')}/rejects")

    def objects(self, kind: str, *, most: int | None = None) -> list[dict[str, Any]]:
        return self._pages(f"/v1/objects/{quote(kind, safe='')}", most=most)

    def object_of(self, kind: str, key: str) -> dict[str, Any]:
        return self._get(f"/v1/objects/{quote(kind, safe='')}/{quote(key, safe=':')}")

    def segments(self) -> list[dict[str, Any]]:
        return self._pages("/v1/segments")

    def segment(self, name: str) -> dict[str, Any]:
        return self._get(_segment_path(name))

    def members(self, name: str, *, is_brief: bool = False) -> Iterator[dict[str, Any]]:
        """Page by page; ``is_brief`` without identifiers."""
        size = {"limit": "1000", "identifiers": "false"} if is_brief else {"limit": "100"}
        return self._each(f"{_segment_path(name)}/members", **size)

    def export_pages(self, name: str, **asked: str) -> Iterator[dict[str, Any]]:
        """``asked``: format, consent, columns."""
        cursor: dict[str, str] = {}
        while True:
            page = self._get(f"{_segment_path(name)}/export", **asked, **cursor)
            yield page
            if not page["cursor"]["has_more"]:
                return
            cursor = {"cursor": page["cursor"]["next"]}

    def start_backfill(self, name: str | None, *, announce: bool) -> dict[str, Any]:
        path = f"{_segment_path(name)}/backfill" if name else "/v1/backfills"
        return self._post(path, {"announce": announce})

    def backfills(self) -> list[dict[str, Any]]:
        """The last ten, the newest first."""
        found: list[dict[str, Any]] = self._get("/v1/backfills")["data"]
        return found

    def backfill_of(self, name: str) -> dict[str, Any]:
        """The latest since the segment is what it is."""
        return self._get(f"{_segment_path(name)}/backfill")

    def resume_backfill(self, backfill_id: str) -> dict[str, Any]:
        return self._post(f"/v1/backfills/{quote(backfill_id, safe='')}/resume", None)

    def backfill(self, backfill_id: str) -> dict[str, Any]:
        return self._get(f"/v1/backfills/{quote(backfill_id, safe='')}")

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        return _json(self._http.get(path, params=query))

    def _post(self, path: str, body: object, **query: str) -> dict[str, Any]:
        return _json(self._http.post(path, json=body, params=query))

    def _pages(self, path: str, *, most: int | None = None, **query: str) -> list[dict[str, Any]]:
        return list(islice(self._each(path, **query), most))

    def _each(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        cursor: dict[str, str] = {}
        while True:
            page = self._get(path, **query, **cursor)
            yield from page["data"]
            if not page["cursor"]["has_more"]:
                return
            cursor = {"cursor": page["cursor"]["next"]}


def connect(deployment: Deployment) -> ProfileApi:
    """With the token in ARIANE_API_TOKEN; the local run has one of its own for whoever sets none."""
    stack, token = deployment.local_stack, os.environ.get("ARIANE_API_TOKEN")
    if stack is not None:
        return ProfileApi(stack.api_url, token or stack.api_token)
    if not token:
        raise CommandFailed("set ARIANE_API_TOKEN to an API token (`ariane tokens create NAME` makes one)")
    return ProfileApi(deployment.output("ApiUrl"), token)


def _segment_path(name: str) -> str:
    return f"/v1/segments/{quote(name, safe='')}"


def _reject_path(identity: str) -> str:
    day, _, digest = identity.partition("/")
    if not digest:
        raise CommandFailed(f"{identity!r} is no reject: write DAY/DIGEST, as `ariane rejects list` shows it")
    return f"/v1/rejects/{quote(day, safe='')}/{quote(digest, safe='')}"


def _segment(identifier: str) -> str:
    if ":" not in identifier and not identifier.startswith("prs_"):
        raise CommandFailed(f"{identifier!r} is no identifier: write namespace:value, for example email:jeanne@example.fr")
    return quote(identifier, safe=":@+")


def _json(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        value: dict[str, Any] = answer.json()
        return value
    told = _told(answer)
    code, message = str(told.get("code", "")), str(told.get("message", answer.text[:200]))
    if not code and answer.status_code in (401, 403) and os.environ.get("ARIANE_API_TOKEN"):
        message += ": ARIANE_API_TOKEN is no token of this stage"
    raise ApiRefused(answer.status_code, code, message)


def _told(answer: httpx.Response) -> Mapping[str, object]:
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
