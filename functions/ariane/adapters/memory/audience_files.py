"""Audience files in memory."""

from ariane.segments.exporting import Written


class MemoryAudienceFiles:
    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, Written]] = {}

    def find(self, key: str) -> Written | None:
        return self.objects[key][1] if key in self.objects else None

    def put(self, key: str, content: bytes, written: Written, *, media_type: str) -> None:  # noqa: ARG002 - nobody reads it here
        self.objects[key] = content, written
