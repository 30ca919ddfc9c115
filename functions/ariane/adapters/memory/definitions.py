"""Published definitions in memory."""

from collections.abc import Mapping
from typing import Any

from ariane.definitions.publish import StoredDocument
from ariane.definitions.store import LiveJourney
from ariane.errors import Conflict, NotFound, Permanent


class MemoryDocuments:
    def __init__(self) -> None:
        self._documents: dict[str, StoredDocument] = {}
        self._pointers: dict[str, LiveJourney] = {}

    def document(self, name: str) -> Mapping[str, Any] | None:
        found = self._documents.get(name)
        return found.content if found else None

    def stored(self, name: str) -> StoredDocument | None:
        return self._documents.get(name)

    def put(self, name: str, document: StoredDocument) -> None:
        before = self._documents.get(name)
        if document.revision != (before.revision + 1 if before else 1):
            raise Conflict("document_changed", "the document was published meanwhile")
        self._documents[name] = document

    def live(self, journey: str) -> LiveJourney | None:
        return self._pointers.get(journey)

    def point(self, journey: str, live: LiveJourney, *, over: LiveJourney | None) -> None:
        if self._pointers.get(journey) != over:
            raise Conflict("pointer_changed", "the journey's state changed meanwhile")
        self._pointers[journey] = live


class MemoryVersions:
    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], Mapping[str, Any]] = {}

    def journey(self, name: str, version: str) -> Mapping[str, Any]:
        if (name, version) not in self._versions:
            raise NotFound("definition_missing", f"the journey {name} has no version {version}")
        return self._versions[name, version]

    def put(self, name: str, version: str, journey: Mapping[str, Any]) -> None:
        if self._versions.setdefault((name, version), journey) != journey:
            raise Permanent("version_taken", f"version {version} of the journey {name} has other content")


class MemoryBundles:
    def __init__(self, objects: Mapping[tuple[str, str], bytes]) -> None:
        self._objects = objects

    def fetch(self, bucket: str, key: str) -> bytes:
        if (bucket, key) not in self._objects:
            raise NotFound("bundle_missing", "there is no bundle at this place")
        return self._objects[bucket, key]
