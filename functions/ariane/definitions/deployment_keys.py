"""The secrets of a deployment, made once: the key of the person ids, the key that signs links, the brand's backend's."""

from collections.abc import Callable, Sequence
from typing import Protocol

KEY_BYTES = 32


class SecretParameters(Protocol):
    def create(self, name: str, value: str) -> bool:
        """False, and nothing written, where it exists: every person id depends on the value that stands."""
        ...

    def read(self, name: str) -> str:
        """Raises NotFound, Retryable."""
        ...


def make_keys(parameters: SecretParameters, names: Sequence[str], *, random_hex: Callable[[int], str]) -> int:
    """Makes those that are missing, 32 random bytes as hex; answers how many. Never replaces, never tells a value."""
    return sum(parameters.create(name, random_hex(KEY_BYTES)) for name in names)
