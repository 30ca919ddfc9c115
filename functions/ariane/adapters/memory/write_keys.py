from collections.abc import Sequence
from dataclasses import replace

from ariane.access.write_keys import WriteKey
from ariane.adapters.memory.access_reader import MemoryAccessReader
from ariane.errors import Conflict, NotFound


class MemoryAccess(MemoryAccessReader):
    """The keys' store, which its reader reads: ``WriteKeyStore`` and ``AccessReader`` in one."""

    def add(self, key: WriteKey) -> None:
        if key.hash in self._keys:
            raise Conflict("write_key_exists", "this write key is stored already")
        self._keys[key.hash] = key

    def all(self) -> Sequence[WriteKey]:
        return list(self._keys.values())

    def revoke(self, key_hash: str) -> None:
        if key_hash not in self._keys:
            raise NotFound("unknown_write_key", "there is no such write key")
        self._keys[key_hash] = replace(self._keys[key_hash], is_revoked=True)
