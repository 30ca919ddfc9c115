"""What the local front notes of each request. A path may carry an address, a token or an id: what is noted is the route that it took."""

import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from cli.local import proxy

UNKNOWN = "{unknown}"
"""For a path of no route."""
LINKS = "/u/{token}"


class Routes:
    """The paths of an API as its description has them, ``/v1/profiles/{identifier}``."""

    def __init__(self, paths: Iterable[str]) -> None:
        # Literal words before parameters: /v1/rejects/stats is no {day}.
        self._known = sorted((tuple(path.split("/")) for path in paths), key=lambda parts: sum(map(_is_parameter, parts)))

    @classmethod
    def of(cls, document: Mapping[str, Any], *more: str) -> "Routes":
        """Of an OpenAPI document, and others."""
        return cls((*document["paths"], *more))

    def taken_by(self, target: str) -> str:
        """``target``: path and query. A slash at the end is kept, as some SDKs' paths have it."""
        path = target.partition("?")[0]
        words = tuple(path.split("/"))
        found = self._fitting(words)
        if found is None and words[-1] == "" and (found := self._fitting(words[:-1])) is not None:
            found = (*found, "")
        return UNKNOWN if found is None else "/".join(found)

    def _fitting(self, words: tuple[str, ...]) -> tuple[str, ...] | None:
        return next((known for known in self._known if len(known) == len(words) and _fits(known, words)), None)


class AccessLog:
    """One JSON line a request: when, which API, which route, how it was answered. No path, query or body: they hold personal data."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch(mode=0o600)
        self._lock = threading.Lock()

    def observer(self, api: str, routes: Routes) -> proxy.Observer:
        def note(exchange: proxy.Exchange) -> None:
            entry = {
                "at": time.time(),
                "api": api,
                "method": exchange.method,
                "path": routes.taken_by(exchange.target),
                "status": exchange.status,
                "ms": round(exchange.seconds * 1000, 1),
            }
            with self._lock, self._path.open("ab") as file:
                file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

        return note


def _is_parameter(word: str) -> bool:
    return word.startswith("{")


def _fits(known: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return all(own == word or (_is_parameter(own) and word != "") for own, word in zip(known, words, strict=True))
