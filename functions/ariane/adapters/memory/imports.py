"""Imports and the objects that they bring, in memory."""

from collections.abc import Sequence

from ariane.errors import Conflict
from ariane.imports.model import BusinessObject, Import


class MemoryImports:
    def __init__(self) -> None:
        self._imports: dict[str, Import] = {}

    def create(self, made: Import) -> bool:
        if made.id in self._imports:
            return False
        self._imports[made.id] = made.on(version=1)
        return True

    def save(self, changed: Import) -> Import:
        there = self._imports.get(changed.id)
        if there is None or there.version != changed.version:
            raise Conflict("import_changed", "the import was changed meanwhile")
        self._imports[changed.id] = changed.on(version=changed.version + 1)
        return self._imports[changed.id]

    def get(self, import_id: str) -> Import | None:
        return self._imports.get(import_id)

    def all(self) -> Sequence[Import]:
        return sorted(self._imports.values(), key=lambda each: (each.created_at, each.id), reverse=True)


class MemoryObjects:
    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], BusinessObject] = {}

    def put(self, stored: BusinessObject) -> bool:
        there = self._objects.get((stored.type, stored.key))
        if there is not None and there.at > stored.at:
            return False
        self._objects[stored.type, stored.key] = stored
        return True

    def get(self, kind: str, key: str) -> BusinessObject | None:
        return self._objects.get((kind, key))

    def page(self, kind: str, *, limit: int = 100, cursor: str | None = None) -> tuple[Sequence[BusinessObject], str | None]:
        keys = sorted(key for of, key in self._objects if of == kind and (cursor is None or key > cursor))
        found = [self._objects[kind, key] for key in keys[:limit]]
        return found, keys[limit - 1] if len(keys) > limit else None
