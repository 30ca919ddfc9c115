"""Which segments a publish made new, and what is to be done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ariane.adapters.aws.definitions import DynamoDocuments
from cli.deployment import Deployment

type Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SegmentChanges:
    new: Sequence[str]
    changed: Sequence[str]
    """Another condition, or another of a segment or computed trait that it names."""
    gone: Sequence[str]

    @classmethod
    def between(cls, before: Document | None, after: Document | None) -> "SegmentChanges":
        old, now = _versions(before), _versions(after)
        return cls(
            new=sorted(now.keys() - old.keys()),
            changed=sorted(name for name in now.keys() & old.keys() if now[name] != old[name]),
            gone=sorted(old.keys() - now.keys()),
        )

    def sentences(self) -> list[str]:
        found = []
        for what, names in (("New", self.new), ("Changed", self.changed), ("Taken out", self.gone)):
            if names:
                found.append(f"{what} segment{'s' if len(names) > 1 else ''}: {', '.join(names)}.")
        if to_do := sorted([*self.new, *self.changed]):
            command = "ariane segments backfill" + (f" {to_do[0]}" if len(to_do) == 1 else "")
            found.append(f"People are evaluated as they are heard of; for everybody else run `{command}`.")
        return found


def published_profiles(deployment: Deployment) -> Document | None:
    """The document ``profiles`` in force; None: nothing was published yet."""
    return DynamoDocuments(deployment.dynamodb, table=deployment.output("JourneysTable")).document("profiles")


def _versions(document: Document | None) -> dict[str, str]:
    return {name: segment["version"] for name, segment in (document or {}).get("segments", {}).items()}
