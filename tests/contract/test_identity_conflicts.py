"""Commits over identities that have changed since they were read: memory and DynamoDB."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from ariane.errors import Conflict
from ariane.identity.commits import Child, Commit, Entry
from ariane.identity.model import Cluster, Evidence, Head, Standing, Summary, Transition
from tests.builders.identity import assertion, head
from tests.builders.identity_tables import KINDS, Identities, IdentityTable, below, identity_table, union
from tests.builders.profiles import NOON, prs

A, B, C = "user_id:a", "email:b@x.fr", "anonymous_id:c"
LAST: Standing = (True, "2026-11-22T12:00:00.000Z", "web", "m1", "d", "e" * 32)
CLUSTER = Cluster(id="clu_1")


@pytest.fixture(params=KINDS)
def table(request: pytest.FixtureRequest) -> Iterator[IdentityTable]:
    with identity_table(request.param) as table:
        yield table


@pytest.fixture
def store(table: IdentityTable) -> Identities:
    return table.store


def everything(store: Identities) -> Sequence[object]:
    """All that the commits of these tests may touch."""
    ids = [prs(A), prs(B), prs(C)]
    return [
        store.heads(ids),
        store.clusters(["clu_1", "clu_2"]),
        [(store.members(each), store.assertions_under(each), store.history_under(each)) for each in ids],
        [store.entries(each) for each in ("clu_1", "clu_2")],
    ]


def _seeded(store: Identities) -> None:
    """A (version 1) is the root of B (version 1), and clu_1 is at version 1; C and clu_2 have never been seen."""
    store.commit(replace(union(A, B), clusters=(CLUSTER,)))


STALE: Mapping[str, Commit] = {
    "head read before it was there": Commit(heads=(head(A),)),
    "head read before its last change": Commit(heads=(head(A, version=2),)),
    "root that was absorbed": Commit(heads=(replace(below(B, C), version=0), head(C, children=1))),
    "head read as there that is not": Commit(heads=(head(C, version=1),)),
    "head that was only checked": Commit(checked=(head(A),), heads=(head(C),)),
    "checked head that is not there": Commit(checked=(head(C, version=3),), heads=(head(A, version=1),)),
    "cluster read before it was there": Commit(clusters=(CLUSTER,)),
    "cluster read before its last change": Commit(clusters=(replace(CLUSTER, version=2),), heads=(head(C),)),
    "cluster that was only checked": Commit(checked_clusters=(CLUSTER,), heads=(head(C),)),
    "checked cluster that is not there": Commit(checked_clusters=(Cluster(id="clu_2", version=1),), heads=(head(C),)),
    "one head of many": Commit(heads=(head(A, version=1), head(C), head(B, version=7))),
    "assertion that is stored": Commit(assertions=((prs(A), assertion(A, B)),), heads=(head(C),)),
    "assertion that an earlier one stands for": Commit(assertions=((prs(A), assertion(A, B, minute=1)),)),
    "the same commit again": replace(union(A, B), clusters=(CLUSTER,)),
}


@pytest.mark.parametrize("stale", STALE)
def test_a_commit_over_what_has_changed_is_a_conflict_and_changes_nothing(store: Identities, stale: str) -> None:
    _seeded(store)
    before = everything(store)
    also = Commit(
        joined=(Child(prs(C), prs(A), A),),
        entries=(Entry("clu_2", prs(C)),),
        transition=(prs(C), Transition(cause="other", at=NOON)),
    )
    for commit in (STALE[stale], _both(STALE[stale], also)):
        with pytest.raises(Conflict):
            store.commit(commit)
        assert everything(store) == before


def _both(one: Commit, other: Commit) -> Commit:
    return replace(one, joined=other.joined, entries=other.entries, transition=other.transition)


@pytest.mark.parametrize("checked", [head(A, version=1), head(C)], ids=["stored", "not stored"])
def test_what_is_checked_and_as_it_was_read_stays_so(store: Identities, checked: Head) -> None:
    _seeded(store)
    before = store.heads([prs(A), prs(C)])
    store.commit(
        Commit(checked=(checked,), checked_clusters=(replace(CLUSTER, version=1), Cluster(id="clu_2")), entries=(Entry("clu_1", prs(A)),))
    )
    assert store.heads([prs(A), prs(C)]) == before
    assert store.clusters(["clu_1"])["clu_1"].version == 1
    assert list(store.entries("clu_1")) == [prs(A)]


def test_a_head_that_a_consent_decision_made_counts_by_its_version(table: IdentityTable) -> None:
    store = table.store
    table.decide(prs(C))
    assert store.heads([prs(C)]) == {prs(C): Head(person_id=prs(C), version=1)}
    for stale in (Commit(heads=(head(C),)), Commit(checked=(head(C),), heads=(head(A),))):
        with pytest.raises(Conflict):
            store.commit(stale)
    store.commit(Commit(checked=(Head(person_id=prs(C), version=1),), heads=(head(A),)))
    store.commit(Commit(heads=(replace(below(C, A), version=1),)))
    assert store.heads([prs(C)])[prs(C)] == replace(below(C, A), version=2)


def test_a_consent_decision_raises_the_version_and_keeps_the_rest(table: IdentityTable) -> None:
    evidence = Evidence(accounts={"0a1b2c3d4e5f": NOON})
    full = replace(head(A), evidence=evidence, summary=Summary(counts={"user_id": 1}), last=LAST, cluster="clu_1")
    table.store.commit(Commit(heads=(full,)))
    table.decide(prs(A))
    assert table.store.heads([prs(A)])[prs(A)] == replace(full, version=2)
    with pytest.raises(Conflict):
        table.store.commit(Commit(heads=(replace(full, version=1),)))
    table.store.commit(Commit(heads=(replace(full, version=2),)))


def test_a_consent_decision_about_an_absorbed_root_is_a_conflict(table: IdentityTable) -> None:
    table.store.commit(union(A, B))
    with pytest.raises(Conflict):
        table.decide(prs(B))
    assert table.store.heads([prs(B)])[prs(B)].version == 1
