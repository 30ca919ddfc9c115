"""What one decision about identities writes: all of it or nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ariane.identity.model import Assertion, Cluster, Head, Split, Transition
from ariane.identity.trees import Members

MOST_ACTIONS = 100
"""Of one DynamoDB transaction."""


class Child(NamedTuple):
    parent: str
    child: str
    identifier: str
    """Of the child, ``namespace:value``; empty where the row is removed."""


class Entry(NamedTuple):
    """A person id, or another cluster, by which a cluster's people are found."""

    cluster: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """``heads`` and ``clusters`` carry the version at which they were read, under which the commit is conditional, and otherwise what is to
    be stored, as ``version + 1``. ``checked`` heads are only to be as they were read. No head is in both."""

    heads: tuple[Head, ...] = ()
    checked: tuple[Head, ...] = ()
    joined: tuple[Child, ...] = ()
    left: tuple[Child, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    checked_clusters: tuple[Cluster, ...] = ()
    entries: tuple[Entry, ...] = ()
    assertions: tuple[tuple[str, Assertion], ...] = ()
    """With each the person id that it is stored under: the first identifier's, and each one's where the first is a device."""
    dropped: tuple[tuple[str, Assertion], ...] = ()
    """Rows of assertions to delete, as ``assertions``: a change of rules says them otherwise. Nothing happens where they are gone."""
    replaced: tuple[tuple[str, Assertion], ...] = ()
    """Rows to write whatever is there, as a change of rules does: what their event says may be later than what stands, or ordered
    otherwise. Guarded by the version of a head, as every commit that stores an assertion about its people raises one."""
    split: Split | None = None
    transition: tuple[str, Transition] | None = None
    """With the person id that it is stored under."""

    @property
    def actions(self) -> int:
        people = (self.heads, self.checked, self.joined, self.left)
        evidence = (self.clusters, self.checked_clusters, self.entries, self.assertions, self.dropped, self.replaced)
        return sum(map(len, (*people, *evidence))) + (self.split is not None) + (self.transition is not None)


class EvidenceReader(Members, Protocol):
    """What a re-resolution reads. Everything sees every commit made before the call."""

    def assertions_under(self, person_id: str) -> Sequence[Assertion]:
        """By time."""
        ...

    def clusters(self, ids: Collection[str]) -> Mapping[str, Cluster]:
        """Those that are stored."""
        ...

    def entries(self, cluster_id: str) -> Sequence[str]:
        """The direct ones: person ids (``prs_…``) and ids of clusters (``clu_…``)."""
        ...

    def splits(self, ids: Collection[str]) -> Mapping[str, Split]:
        """Those that are stored, lifted ones too."""
        ...


class IdentityStore(EvidenceReader, Protocol):
    def assertion(self, person_id: str, digest: str) -> Assertion | None: ...

    def transition(self, person_id: str, cause: str) -> Transition | None: ...

    def commit(self, commit: Commit) -> None:
        """All or nothing. Raises Conflict where a head or a cluster is not as it was read."""
        ...
