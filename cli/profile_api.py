"""The public API, as any client of the project would call it: with a base URL and a token."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from cli.deployment import Deployment
from cli.failures import CommandFailed


class ProfileApi:
    """Answers as JSON. Raises CommandFailed with the API's own message for everything but success."""

    def __init__(self, base_url: str, token: str) -> None:
        self._http = httpx.Client(base_url=base_url, headers={"authorization": f"Bearer {token}"}, timeout=30)

    def profile(self, identifier: str) -> dict[str, Any]:
        return self._get(f"/v1/profiles/{_segment(identifier)}")

    def find_profile(self, identifier: str) -> dict[str, Any] | None:
        """None while nobody has the identifier."""
        answer = self._http.get(f"/v1/profiles/{_segment(identifier)}")
        return None if answer.status_code == 404 else _json(answer)

    def timeline(self, identifier: str) -> list[dict[str, Any]]:
        """All pages, the newest first."""
        return self._pages(f"/v1/profiles/{_segment(identifier)}/timeline")

    def messages(self, identifier: str) -> list[dict[str, Any]]:
        return self._pages("/v1/messages", profile=identifier)

    def rejects(self) -> list[dict[str, Any]]:
        return self._pages("/v1/rejects")

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        return _json(self._http.get(path, params=query))

    def _pages(self, path: str, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self._get(path, **query, **cursor)
            found += page["data"]
            if not page["cursor"]["has_more"]:
                return found
            cursor = {"cursor": page["cursor"]["next"]}


def connect(deployment: Deployment) -> ProfileApi:
    """The local run knows its token; for a stage in AWS it is read from ARIANE_API_TOKEN."""
    stack = deployment.local_stack
    if stack is not None:
        return ProfileApi(stack.api_url, stack.api_token)
    token = os.environ.get("ARIANE_API_TOKEN")
    if not token:
        raise CommandFailed("set ARIANE_API_TOKEN to an API token (`ariane tokens create NAME` makes one)")
    return ProfileApi(deployment.output("ApiUrl"), token)


def _segment(identifier: str) -> str:
    if ":" not in identifier:
        raise CommandFailed(f"{identifier!r} is no identifier: write namespace:value, for example email:jeanne@example.fr")
    return quote(identifier, safe=":@+")


def _json(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        value: dict[str, Any] = answer.json()
        return value
    raise CommandFailed(f"the API answers {answer.status_code}: {_message(answer)}")


def _message(answer: httpx.Response) -> str:
    try:
        value: Mapping[str, object] = answer.json()
    except ValueError:
        return answer.text[:200]
    return str(value.get("message", answer.text[:200]))
