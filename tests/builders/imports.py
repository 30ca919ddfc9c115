"""Imports over memory: the very function's service, its stores, and files given as bytes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.import_files import MemoryReports, MemoryUploads
from ariane.adapters.memory.import_queue import MemoryImportQueue
from ariane.adapters.memory.imports import MemoryImports, MemoryObjects
from ariane.adapters.memory.meter import MemoryMeter
from ariane.adapters.memory.overflow import MemoryOverflow
from ariane.events.model import Message
from ariane.events.sources import SourceDirectory
from ariane.imports.desk import ImportDesk
from ariane.imports.documents import document_of
from ariane.imports.importing import Importer, ImportPorts
from ariane.imports.mapping_file import read_mapping
from ariane.imports.model import Import, State

KEY = b"0123456789abcdef"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES: Mapping[str, Any] = {
    "namespaces": {
        "user_id": {"priority": 1, "limit": 1, "unique": True},
        "email": {"priority": 2, "limit": 5, "normalise": "email"},
        "phone": {"priority": 3, "limit": 5, "normalise": "phone"},
        "loyalty_card": {"priority": 4, "limit": 3},
        "anonymous_id": {"priority": 9, "limit": "none", "device": True},
    }
}
SOURCES: Mapping[str, Any] = {
    "imports": {"kind": "import", "default_country": "FR"},
    "till": {"kind": "import", "default_country": "FR"},
    "backend": {"kind": "server"},
}


class Published:
    """The Access table's part."""

    plan: Mapping[str, Any] | None = None

    def source_name(self, key_hash: str) -> str | None:
        return None

    def collect_document(self) -> Mapping[str, Any]:
        return {"sources": SOURCES, "identity": RULES, **({"plan": self.plan} if self.plan else {})}


def no_end() -> bool:
    return True


class ImportWorld:
    def __init__(self) -> None:
        self.now = NOW
        self.log = MemoryEventLog()
        self.imports, self.uploads, self.reports = MemoryImports(), MemoryUploads(), MemoryReports()
        self.objects, self.queue = MemoryObjects(), MemoryImportQueue()
        self.published = Published()
        self.sources = SourceDirectory(self.published, clock=lambda: self.now, ttl=timedelta(days=1))

    @property
    def desk(self) -> ImportDesk:
        return ImportDesk(self.imports, self.uploads, self.reports, self.objects, self.queue, sources=self.sources, clock=lambda: self.now)

    def ports(self, **changes: Any) -> ImportPorts:
        given: dict[str, Any] = {
            "imports": self.imports,
            "uploads": self.uploads,
            "reports": self.reports,
            "objects": self.objects,
            "queue": self.queue,
            "log": self.log,
            "overflow": MemoryOverflow(),
            "meter": MemoryMeter(),
            **changes,
        }
        return ImportPorts(sources=self.sources, person_key=lambda: KEY, clock=lambda: self.now, **given)

    def begin(self, mapping: str, content: bytes, *, name: str = "file.csv", as_of: str | None = None) -> str:
        """As the command does, up to the upload."""
        file = {"name": name, "size": len(content), "sha256": sha256(content).hexdigest()}
        body = {"mapping": document_of(read_mapping("m.yaml", mapping)), "file": file, "as_of": as_of}
        begun = self.desk.begin(orjson.loads(orjson.dumps(body)), by="tests")
        self.uploads.files[begun["id"]] = content
        return str(begun["id"])

    def run(self, identity: str, has_time: Callable[[], bool] = no_end) -> State | None:
        return Importer(self.ports()).run(identity, has_time)

    def imported(self, mapping: str, content: bytes, **options: Any) -> Import:
        """The import, over."""
        identity = self.begin(mapping, content, **options)
        while self.run(identity) is State.RUNNING:
            pass
        found = self.imports.get(identity)
        assert found is not None
        return found

    def messages(self) -> list[Message]:
        return [message for item in self.log.items() for message in item.messages]

    def refused(self, identity: str) -> list[tuple[int, str]]:
        found = self.imports.get(identity)
        assert found is not None
        return [(each.line, each.code) for part in range(found.parts) for each in self.reports.part(identity, part)]
