class MemoryImportQueue:
    """The imports queue as a list."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def put(self, import_id: str) -> None:
        self.ids.append(import_id)
