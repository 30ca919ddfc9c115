from collections.abc import Mapping
from typing import Any

from ariane.access.write_keys import WriteKey


class MemoryAccessReader:
    """``AccessReader`` over a dictionary of keys and the document that was published last."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        self.document = document
        self._keys: dict[str, WriteKey] = {}

    def source_name(self, key_hash: str) -> str | None:
        key = self._keys.get(key_hash)
        return None if key is None or key.is_revoked else key.source

    def collect_document(self) -> Mapping[str, Any] | None:
        return self.document
