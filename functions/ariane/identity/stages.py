"""From the trees of a cluster as they are to those that the reference says, in commits of a few moves."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ariane.identity.commits import Commit, Entry, IdentityStore
from ariane.identity.forests import Parents, pieces, regrouped
from ariane.identity.model import Cluster, Head, Transition
from ariane.identity.resolving import Resolving
from ariane.identity.shapes import affected_by, shaped

_MOVES = 20
"""Of one commit: each moves a head, two member rows, and changes the roots that it leaves and joins."""


class Stages:
    """From one forest to another in commits of a few moves. First everything is taken apart that does not belong together, then what does
    is joined: at every moment each tree is part of an old person or of a new one, so every rule holds throughout."""

    def __init__(self, store: IdentityStore, resolving: Resolving, stored_under: str) -> None:
        self._store = store
        self._resolving = resolving
        self._own = stored_under
        self._heads = dict(resolving.view.heads)
        self._row = resolving.row()
        self._listed = set(resolving.view.entries.get(self._row.id, ()))

    def run(self) -> Iterator[Transition]:
        resolving = self._resolving
        apart = regrouped(resolving.before, pieces(resolving.before, resolving.groups), resolving.choose)
        at = dict(resolving.before)
        step = 0
        for target in (apart, resolving.after):
            moves = sorted((each for each in at if at[each] != target[each]), key=lambda each: (target[each] is not None, each))
            for place in range(0, len(moves), _MOVES):
                before = dict(at)
                at |= {each: target[each] for each in moves[place : place + _MOVES]}
                yield self._step(before, at, f"{resolving.news.cause}/{step}")
                step += 1
        yield from self._finish(at, f"{resolving.news.cause}/{step}")

    def _step(self, before: Parents, after: Parents, cause: str) -> Transition:
        transition = self._resolving.transition(before, dict(after), cause=cause)
        near = _near(before, after)
        touched = [head for head in self._heads_in(after) if head.person_id in near and _differs(head, self._heads[head.person_id])]
        commit = self._with_entries(touched, joined=(before, after), transition=None if transition.is_nothing else (self._own, transition))
        self._store.commit(commit)
        return commit.transition[1] if commit.transition else transition

    def _heads_in(self, parents: Parents) -> Iterator[Head]:
        """With what the steps before have said of their trees."""
        for head in self._resolving.heads_in(parents):
            known = self._heads[head.person_id]
            yield replace(head, reshaped=known.reshaped, newest=known.newest)

    def _with_entries(
        self,
        heads: Sequence[Head],
        *,
        joined: tuple[Parents, Parents] | None = None,
        transition: tuple[str, Transition] | None = None,
        row: Cluster | None = None,
    ) -> Commit:
        put = [self._placed(head) for head in heads]
        turned = affected_by(*joined) if joined else ()
        entries = [Entry(self._row.id, head.person_id) for head in put if head.parent is None and head.person_id not in self._listed]
        drafted = Commit(
            heads=tuple(put),
            joined=tuple(self._resolving.moved(*joined)) if joined else (),
            left=tuple(self._resolving.moved(*reversed(joined))) if joined else (),
            clusters=() if row is None and self._row.version else (row or self._row,),
            checked_clusters=(self._row,) if row is None and self._row.version else (),
            entries=tuple(entries),
            transition=transition,
        )
        commit = shaped(drafted, turned if drafted.left else ())
        self._heads |= {head.person_id: replace(head, version=head.version + 1) for head in commit.heads}
        self._listed |= {entry.member for entry in entries}
        if commit.clusters:
            self._row = replace(commit.clusters[0], version=commit.clusters[0].version + 1)
        return commit

    def _placed(self, head: Head) -> Head:
        """All of them stay in one cluster in conflict, which is true of a part of them: they are only looked at more closely."""
        version = self._heads[head.person_id].version
        return replace(head, version=version, cluster=self._row.id if head.parent is None else None)

    def _finish(self, at: Parents, cause: str) -> Iterator[Transition]:
        resolving = self._resolving
        waiting = [head for head in self._heads_in(at) if _differs(head, self._heads[head.person_id]) or self._is_unplaced(head)]
        told = replace(resolving.transition(resolving.before, resolving.after, cause=cause), merged=(), parted=())
        transition = None if told.is_nothing else (self._own, told)
        for place in range(0, len(waiting), _MOVES):
            # With the first: once the last head has forgotten a lifted split, nobody can tell any more whose events it moved.
            self._store.commit(self._with_entries(waiting[place : place + _MOVES], transition=None if place else transition))
        self._take_in()
        last = max((each.sequence for each in resolving.resolution.assertions), default=None)
        extra = resolving.commit(stored_under=self._own)
        self._store.commit(
            replace(
                self._with_entries([], row=replace(self._row, quarantine=None, shut_until=None, last=last)),
                assertions=extra.assertions,
                dropped=extra.dropped,
                transition=None if waiting else transition,
            )
        )
        if not told.is_nothing:
            yield told

    def _take_in(self) -> None:
        """The other clusters' rows, whose people lie in this one by now."""
        others = [row for row in self._resolving.view.rows.values() if row.parent is None and row.id != self._row.id]
        for row in sorted(others, key=lambda each: each.id):
            taken = replace(row, parent=self._row.id, quarantine=None, shut_until=None)
            checked = (self._row,) if self._row.version else ()
            self._store.commit(Commit(clusters=(taken,), checked_clusters=checked, entries=(Entry(self._row.id, row.id),)))

    def _is_unplaced(self, head: Head) -> bool:
        return head.parent is None and self._heads[head.person_id].cluster != self._row.id


def _near(before: Parents, after: Parents) -> set[str]:
    """Heads that the step itself changes: what else is new about the others is the last step's."""
    moved = [each for each in after if before[each] != after[each]]
    return {*affected_by(before, after), *(parent for each in moved for parent in (before[each], after[each]) if parent is not None)}


def _differs(new: Head, old: Head) -> bool:
    return replace(new, version=0, last=None, cluster=None) != replace(old, version=0, last=None, cluster=None)
