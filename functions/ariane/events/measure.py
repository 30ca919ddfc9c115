"""How large an event is. What a batch says once for all its items is measured once: otherwise a request of some kilobytes would have the
collector write the same megabytes again for every item."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

from ariane.errors import Rejected

MAX_EVENT = 32 * 1024
_NESTED = 16
"""Room that is kept below the serialiser's nesting limit for what the log and the bus wrap around a message."""


def canonical(value: Mapping[str, Any]) -> bytes:
    """The same bytes for equal values. Raises Rejected: ``event_too_deep``, ``event_too_large``."""
    written = _written(value)
    if len(written) > MAX_EVENT:
        raise _too_large()
    return written


@dataclass(frozen=True, slots=True)
class Inherited:
    """A batch's own ``context`` or ``integrations``, which lies below that of each item."""

    values: Mapping[str, Any] = field(default_factory=dict)
    _sizes: Mapping[str, int] = field(default_factory=dict)
    _total: int = 0
    _deep: Set[str] = frozenset()
    """Names of what is nested too deeply for any event."""

    @classmethod
    def of(cls, value: Any, *, names: Set[str] | None = None) -> Self:
        """What is not an object counts as absent; of an object only ``names`` count, where they are given."""
        given = value if isinstance(value, Mapping) else {}
        values = {name: each for name, each in given.items() if names is None or name in names}
        sizes = dict(_sizes(values))
        return cls(values, sizes, sum(sizes.values()), values.keys() - sizes.keys())

    def is_within(self, limit: int) -> bool:
        """Whether all of it is at most ``limit`` bytes of JSON."""
        return not self._deep and self._total <= limit

    def below(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Raises Rejected, having looked at nothing but names, where more is inherited than an event holds."""
        if sum(name in self._deep for name in own) < len(self._deep):
            raise _too_deep()
        if self._total > MAX_EVENT and self._total - sum(self._sizes.get(name, 0) for name in own) > MAX_EVENT:
            raise _too_large()
        return {**self.values, **own}


def _sizes(values: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Of each name with its value, without the braces around them."""
    for name, value in values.items():
        try:
            yield name, len(_written({name: value})) - 2
        except Rejected:
            continue


def _written(value: Mapping[str, Any]) -> bytes:
    wrapped: Any = value
    for _ in range(_NESTED):
        wrapped = [wrapped]
    try:
        return orjson.dumps(wrapped, option=orjson.OPT_SORT_KEYS)[_NESTED:-_NESTED]
    except orjson.JSONEncodeError as error:
        raise _too_deep() from error


def _too_deep() -> Rejected:
    return Rejected("event_too_deep", "the event is nested too deeply")


def _too_large() -> Rejected:
    return Rejected("event_too_large", f"an event holds at most {MAX_EVENT} bytes")
