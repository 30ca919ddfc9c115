"""Who is sending: from a write key to a source and its options, cached for as long as definitions may be stale."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from ariane.access.hashing import hash_of
from ariane.errors import Permanent, Rejected, Retryable
from ariane.events.limits import Limits
from ariane.events.model import SourceKind
from ariane.events.origins import Origins
from ariane.identity.rules import Rules
from ariane.instants import Clock

if TYPE_CHECKING:
    from ariane.events.tracking_plan import TrackingPlan

_REMEMBERED_KEYS = 1_000
"""Known ones, and as many unknown ones: whoever tries keys at random must neither fill our memory nor drive the known ones out of it."""
_LONGEST_KEY = 200

_PATIENCE = timedelta(seconds=5)
"""How long the old answer serves after the table gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One entry of ``brand/sources.yaml``."""

    name: str
    kind: SourceKind
    default_country: str | None = None
    keep_ip: bool = False
    allowed_origins: Origins | None = None
    """None: any origin may send."""
    limits: Limits = field(default_factory=Limits)
    """Of each of its write keys."""
    cookie_domain: str | None = None

    @staticmethod
    def from_document(name: str, document: Mapping[str, Any]) -> "Source":
        origins = document.get("allowed_origins")
        kind = SourceKind(document["kind"])
        return Source(
            name=name,
            kind=kind,
            default_country=document.get("default_country"),
            keep_ip=bool(document.get("keep_ip", False)),
            allowed_origins=None if origins is None else Origins.of(origins),
            limits=Limits.from_document(document, is_public=not kind.is_trusted),
            cookie_domain=document.get("cookie_domain"),
        )


@dataclass(frozen=True, slots=True)
class CollectDefinitions:
    """The published document ``collect``: ``{"sources": {name: options}, "identity": rules, "plan"?}``."""

    sources: Mapping[str, Source]
    rules: Rules
    plan: "TrackingPlan | None" = None

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> "CollectDefinitions":
        sources = {name: Source.from_document(name, options) for name, options in document["sources"].items()}
        plan = _plan_of(document["plan"]) if "plan" in document else None
        return CollectDefinitions(sources, Rules.from_document(document["identity"]), plan)


def _plan_of(document: Mapping[str, Any]) -> "TrackingPlan":
    from ariane.events.tracking_plan import TrackingPlan  # most brands have none, and no cold start waits for it

    return TrackingPlan.from_document(document)


class AccessReader(Protocol):
    """What collect may read of the Access table. Both raise Retryable."""

    def source_name(self, key_hash: str) -> str | None:
        """None: no such key, or revoked."""
        ...

    def collect_document(self) -> Mapping[str, Any] | None:
        """None: nothing was published yet."""
        ...


@dataclass(frozen=True, slots=True)
class _Remembered[T]:
    value: T
    until: datetime


class SourceDirectory:
    """Answers from memory for ``ttl``. While the table does not answer, what was known stays true."""

    def __init__(self, access: AccessReader, *, clock: Clock, ttl: timedelta) -> None:
        self._access = access
        self._clock = clock
        self._ttl = ttl
        self._known: OrderedDict[str, _Remembered[str | None]] = OrderedDict()
        self._unknown: OrderedDict[str, _Remembered[str | None]] = OrderedDict()
        self._definitions: _Remembered[CollectDefinitions] | None = None

    def by_key(self, write_key: str) -> Source | None:
        """None: an unknown, revoked or orphaned key."""
        if not 0 < len(write_key) <= _LONGEST_KEY:
            return None
        key_hash = hash_of(write_key)
        remembered = self._known.get(key_hash) or self._unknown.get(key_hash)
        found = self._renewed(remembered, lambda: self._access.source_name(key_hash))
        self._remember(key_hash, found)
        return None if found.value is None else self.by_name(found.value)

    def _remember(self, key_hash: str, found: _Remembered[str | None]) -> None:
        for memory in (self._known, self._unknown):
            memory.pop(key_hash, None)
        memory = self._unknown if found.value is None else self._known
        memory[key_hash] = found
        while len(memory) > _REMEMBERED_KEYS:
            memory.popitem(last=False)

    def by_name(self, name: str) -> Source | None:
        return self.definitions().sources.get(name)

    def definitions(self) -> CollectDefinitions:
        """Raises Retryable while nothing is published: refusing would make the SDKs throw their events away."""
        self._definitions = self._renewed(self._definitions, self._load)
        return self._definitions.value

    def _load(self) -> CollectDefinitions:
        document = self._access.collect_document()
        if document is None:
            raise Retryable("not_published", "no sources are published yet")
        try:
            return CollectDefinitions.from_document(document)
        except (Rejected, KeyError, TypeError, ValueError) as error:
            raise Permanent("definitions_invalid", "the published sources cannot be read") from error

    def _renewed[T](self, known: _Remembered[T] | None, load: Callable[[], T]) -> _Remembered[T]:
        now = self._clock()
        if known is not None and now < known.until:
            return known
        try:
            return _Remembered(load(), now + self._ttl)
        except (Retryable, Permanent):
            if known is None:
                raise
            return _Remembered(known.value, now + _PATIENCE)
