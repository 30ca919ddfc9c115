"""Lines in the function's log group, as JSON: collect does without Powertools."""

from collections.abc import Mapping
from typing import TextIO

import orjson


class LogJournal:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def warn(self, message: str, fields: Mapping[str, str | int]) -> None:
        self._stream.write(orjson.dumps({"level": "WARN", "message": message, **fields}).decode() + "\n")
        self._stream.flush()
