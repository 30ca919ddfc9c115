"""Bugs in who is one person, as people make them: each planted for one test, as those of ``planted`` are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Conflict
from ariane.identity import components, explaining, facts, joining, linking, trees
from ariane.identity.clusters import ClusterReader
from ariane.identity.commits import Commit
from ariane.identity.model import Cluster, Evidence, Head, Summary, Transition
from ariane.identity.rule_replay import RuleReplay
from ariane.identity.trees import Paths
from ariane.profiles import one_person, refolding
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.contention import PatientLinker
from ariane.profiles.rule_consequences import RuleConsequences
from tests.faults.planted import Planted


def _merge_of_a_non_root(patch: pytest.MonkeyPatch) -> None:
    """The event's own heads are joined, wherever they hang."""

    class Careless(Paths):
        def root_of(self, person_id: str) -> Head:
            return self.heads.get(person_id, Head(person_id=person_id))

    whole = trees.climb
    patch.setattr(linking, "climb", lambda store, ids: Careless(whole(store, ids).heads))


def _alias_before_head(patch: pytest.MonkeyPatch) -> None:
    """Whoever is absorbed points to its new root and is listed there before anybody looks whether that root is still as it was read."""
    whole = MemoryIdentities.commit

    def commit(self: MemoryIdentities, commit: Commit) -> None:
        for child in commit.joined:
            self._members[child.parent][child.child] = child.identifier
        absorbed = {child.child for child in commit.joined}
        known = {head.person_id: head for head in commit.heads if head.person_id in absorbed}
        whole_before = dict(self._heads)
        try:
            whole(self, commit)
        except Conflict:
            for person_id, head in known.items():
                before = whole_before.get(person_id, Head(person_id=person_id))
                self._heads[person_id] = replace(before, identifier=head.identifier, parent=head.parent, version=before.version + 1)
            raise

    patch.setattr(MemoryIdentities, "commit", commit)


def _stale_read_trusted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryIdentities, "_expect_unchanged", lambda self, commit: None)


def _epoch_not_refolded(patch: pytest.MonkeyPatch) -> None:
    whole = refolding.follow

    def follow(transitions: Iterable[Transition], **known: Any) -> None:
        whole([replace(each, refold=()) for each in transitions], **known)

    patch.setattr(one_person, "follow", follow)


def _cut_at_accepted_links(patch: pytest.MonkeyPatch) -> None:
    """What was refused is not looked at again."""

    def connected(self: ClusterReader, roots: Mapping[str, Head], tops: Mapping[str, Cluster]) -> Any:
        return dict(tops), dict.fromkeys(tops, frozenset()), dict(roots)

    patch.setattr(ClusterReader, "_connected", connected)


def _split_ignored_by_a_step(patch: pytest.MonkeyPatch) -> None:
    whole = components.refusal

    def refusal(anchor: Summary, other: Summary, **known: Any) -> Any:
        return whole(replace(anchor, left=frozenset(), right=frozenset()), other, **known)

    patch.setattr(joining, "refusal", refusal)


def _sighting_not_lowered(patch: pytest.MonkeyPatch) -> None:
    """The first one heard of stays, though an earlier one comes later."""
    whole = facts.learn

    def learn(evidence: Evidence, *known: Any) -> Evidence:
        learnt = whole(evidence, *known)
        return learnt if evidence.seen_at is None else replace(learnt, seen_at=evidence.seen_at)

    patch.setattr(linking, "learn", learn)


def _protection_forgotten(patch: pytest.MonkeyPatch) -> None:
    """That a contact has been brought by a trusted source is learnt, and the person that it is of is not looked at again."""
    whole = linking._changed

    def changed(before: Any, after: Any, known: Any) -> Any:
        return whole(before, replace(after, protected=frozenset()), known)

    patch.setattr(linking, "_changed", changed)


def _unmerge_not_announced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Aftermath, "announce", lambda self, transition: None)


def _quarantine_not_handed_over(patch: pytest.MonkeyPatch) -> None:
    whole = refolding.follow

    def follow(transitions: Iterable[Transition], **known: Any) -> None:
        whole([replace(each, quarantined=None) for each in transitions], **known)

    patch.setattr(one_person, "follow", follow)


def _late_link_dropped(patch: pytest.MonkeyPatch) -> None:
    """Whom others stand in the way of is let go, and nobody links it later."""
    patch.setattr(PatientLinker, "_leave", lambda self, key: self._left.add(key))


def _rules_fold_nothing_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RuleConsequences, "refold", lambda self, partition, rules: None)


def _rules_untold(patch: pytest.MonkeyPatch) -> None:
    """Whom other rules merge and part is written, and nobody hears of it."""
    patch.setattr(RuleConsequences, "announce", lambda self, transitions: None)


def _rules_carried_out_once(patch: pytest.MonkeyPatch) -> None:
    """Of several rounds the first is taken for the last: what came meanwhile is not looked at."""
    whole = RuleReplay._round

    def once(self: RuleReplay, *known: Any) -> int:
        whole(self, *known)
        return 0

    patch.setattr(RuleReplay, "_round", once)


def _refusals_unsaid(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(explaining, "_refusals", lambda component, resolution: [])


def _sum_left_as_it_was(patch: pytest.MonkeyPatch) -> None:
    """What is folded into somebody at rest does not reach the sum that he is in."""
    whole = MemoryFragments.save

    def save(self: MemoryFragments, stored: Any, routed: Any = (), bundle: Any = None) -> None:
        whole(self, stored, routed)

    patch.setattr(MemoryFragments, "save", save)


IDENTITY: Sequence[Planted] = (
    Planted("a node that is no root is merged", _merge_of_a_non_root, "identity", 10, "inv 3"),
    Planted("an alias is written before the head's condition", _alias_before_head, "meetings", 10, "inv 3"),
    Planted("a stale read is trusted", _stale_read_trusted, "meetings", 30, "inv 3"),
    Planted("an epoch is not refolded", _epoch_not_refolded, "kiosk", 10, "inv 1"),
    Planted("a cluster is cut at accepted links", _cut_at_accepted_links, "identity", 30, "inv 3"),
    Planted("a split is ignored by a step", _split_ignored_by_a_step, "undo", 30, "inv 3"),
    Planted("a sighting is not lowered", _sighting_not_lowered, "identity", 30, "inv 3"),
    Planted("a contact's protection changes nothing", _protection_forgotten, "identity", 60, "inv 3"),
    Planted("an un-merge is not announced", _unmerge_not_announced, "undo", 10, "never announced"),
    Planted("a quarantine is not handed over", _quarantine_not_handed_over, "crowd", 10, "still waits"),
    Planted("a late link is dropped", _late_link_dropped, "meetings", 30, "inv 3"),
    Planted("a change of rules folds nothing again", _rules_fold_nothing_again, "new rules", 10, "inv 1"),
    Planted("a change of rules is not announced", _rules_untold, "new rules", 10, "never announced"),
    Planted("a change of rules is one round", _rules_carried_out_once, "new rules", 10, "inv 3"),
    Planted("a refusal is not explained", _refusals_unsaid, "new rules", 10, "demoted"),
    Planted("a sum is not added to", _sum_left_as_it_was, "crowd", 30, "read briefly"),
)
