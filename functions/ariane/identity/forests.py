"""Trees of person ids as plain parent pointers, and regrouping them with few moves."""

from collections.abc import Callable, Collection, Iterable, Mapping

type Parents = Mapping[str, str | None]
"""Person id -> its parent; None: a root. Closed: every parent is a key."""


def tops(parents: Parents) -> dict[str, str]:
    """Person id -> its root."""
    found: dict[str, str] = {}
    for start in parents:
        path = [start]
        while path[-1] not in found and (above := parents[path[-1]]) is not None:
            path.append(above)
        root = found.get(path[-1], path[-1])
        found.update(dict.fromkeys(path, root))
    return found


def are_trees(parents: Mapping[str, str | None]) -> bool:
    """Whether every node leads to a root. What was read while others wrote may not: two nodes each below the other, or one below
    nobody read."""
    below: dict[str | None, list[str]] = {}
    for each, above in parents.items():
        below.setdefault(above, []).append(each)
    reached, wanted = 0, below.get(None, [])
    while wanted:
        reached += len(wanted)
        wanted = [child for each in wanted for child in below.get(each, ())]
    return reached == len(parents)


def trees(parents: Parents) -> dict[str, set[str]]:
    """Root -> everything in its tree, itself too."""
    found: dict[str, set[str]] = {}
    for each, root in tops(parents).items():
        found.setdefault(root, set()).add(each)
    return found


def children(parents: Parents) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each, above in parents.items():
        if above is not None:
            found.setdefault(above, set()).add(each)
    return found


def regrouped(parents: Parents, groups: Iterable[Collection[str]], choose: Callable[[Collection[str]], str]) -> dict[str, str | None]:
    """The trees of ``groups``, which are disjoint and cover all. A node stays where it is as long as its parent is of its group: only the
    tops of what moves are moved. ``choose`` names a group's root."""
    result: dict[str, str | None] = {}
    for group in groups:
        root = choose(group)
        for each in group:
            above = parents[each]
            result[each] = None if each == root else above if above in group else root
    return result


def pieces(parents: Parents, groups: Iterable[Collection[str]]) -> list[set[str]]:
    """What the present trees and ``groups`` have in common: the largest parts that need not be taken apart."""
    top = tops(parents)
    found: dict[tuple[int, str], set[str]] = {}
    for number, group in enumerate(groups):
        for each in group:
            found.setdefault((number, top[each]), set()).add(each)
    return list(found.values())
