"""The lake and its queue in memory."""

import gzip
from collections.abc import Sequence
from typing import Any

import orjson

from ariane.lake.messages import Put
from ariane.lake.rows import LakeObject


class MemoryLake:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, found: LakeObject) -> None:
        self.objects[found.key] = found.body

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every line, copies too."""
        lines = (gzip.decompress(body).splitlines() for key, body in sorted(self.objects.items()) if key.startswith(f"{table}/"))
        return [orjson.loads(line) for some in lines for line in some]


class MemoryLandQueue:
    def __init__(self) -> None:
        self.messages: list[tuple[Put, int]] = []
        """With the delay of each, in seconds."""

    def put(self, messages: Sequence[Put], *, delay: int) -> None:
        self.messages += [(each, delay) for each in messages]

    def take(self) -> list[Put]:
        taken, self.messages = self.messages, []
        return [each for each, _ in taken]
