"""Walking the trees of identities: up to a root, down to every member."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ariane.errors import Conflict, Retryable
from ariane.identity.model import Head

_ATTEMPTS = 5


class Heads(Protocol):
    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        """Those that are stored; sees every merge committed before the call."""
        ...


class Members(Heads, Protocol):
    def members(self, person_id: str) -> Mapping[str, str]:
        """Direct children: person id -> ``namespace:value``; sees every merge committed before the call."""
        ...


@dataclass(frozen=True, slots=True)
class Paths:
    """Heads met on the way up from some person ids."""

    heads: Mapping[str, Head] = field(default_factory=dict)

    def root_of(self, person_id: str) -> Head:
        *_, root = self.path(person_id)
        return self.heads.get(root, Head(person_id=root))

    def path(self, person_id: str) -> tuple[str, ...]:
        """The id itself first, the root last."""
        steps = [person_id]
        while (head := self.heads.get(steps[-1])) is not None and head.parent is not None:
            steps.append(head.parent)
        return tuple(steps)

    def is_circle(self, person_id: str) -> bool:
        """Whether two levels were read at two moments between which one went below the other."""
        step: str | None = person_id
        for _ in range(len(self.heads) + 1):
            head = self.heads.get(step) if step is not None else None
            step = head.parent if head is not None else None
        return step is not None


def climb(store: Heads, person_ids: Collection[str]) -> Paths:
    """One read per level of the trees, for all ids together. Raises Retryable where they are moved about again and again meanwhile."""
    for _ in range(_ATTEMPTS):
        paths = Paths(_read_up(store, person_ids))
        if not any(paths.is_circle(each) for each in person_ids):
            return paths
    raise Retryable("identity_contended", "other changes of the same identities keep coming")


def _read_up(store: Heads, person_ids: Collection[str]) -> dict[str, Head]:
    found: dict[str, Head] = {}
    wanted = set(person_ids)
    while wanted:
        level = store.heads(sorted(wanted))
        found.update(level)
        wanted = {head.parent for head in level.values() if head.parent is not None} - found.keys()
    return found


def are_one(store: Heads, one: str, other: str) -> bool:
    """Whether two person ids belong to one identity."""
    paths = climb(store, [one, other])
    return paths.root_of(one).person_id == paths.root_of(other).person_id


def expect_unmoved(store: Heads, paths: Paths, person_ids: Collection[str]) -> None:
    """Levels are read one after the other: where a commit is conditional on the roots, who is below them must still have been there when
    they were read. Raises Conflict."""
    steps = {step for each in person_ids for step in paths.path(each)}
    below = {each: head for each in steps if (head := paths.heads.get(each)) is not None and head.parent is not None}
    if below and store.heads(sorted(below)) != below:
        raise Conflict("identity_changed", "an identity was changed while it was read")


def gather(store: Members, root: Head) -> dict[str, str]:
    """Every person id of the identity below ``root`` -> ``namespace:value``, without the root itself. How many they are is known from the
    root's summary: where its own children are all, as they mostly are, their heads need not be read."""
    most = sum(root.summary.counts.values()) - 1 if root.summary else None
    gathered: dict[str, str] = {}
    parents: Sequence[Head] = [root] if root.children else []
    while parents:
        level: dict[str, str] = {}
        for parent in parents:
            level.update(store.members(parent.person_id))
        gathered.update(level)
        if len(gathered) == most:
            break
        heads = store.heads(sorted(level)) if level else {}
        parents = [head for head in heads.values() if head.children]
    return gathered
