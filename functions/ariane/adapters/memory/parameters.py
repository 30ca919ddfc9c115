"""Secret parameters in memory."""

from ariane.errors import NotFound


class MemoryParameters:
    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def create(self, name: str, value: str) -> bool:
        if name in self._values:
            return False
        self._values[name] = value
        return True

    def read(self, name: str) -> str:
        if name not in self._values:
            raise NotFound("parameter_missing", "a key was not made yet: the platform stack makes it")
        return self._values[name]
