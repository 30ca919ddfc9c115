"""What one decision about identities writes, and what is read of it: memory and DynamoDB."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from ariane.errors import Conflict, Permanent
from ariane.identity.commits import Child, Commit, Entry
from ariane.identity.model import Assertion, Cluster, Evidence, Head, Merged, Parted, Standing, Summary, Transition
from ariane.identity.rules import Identifier
from tests.builders.identity import assertion, head
from tests.builders.identity_tables import KINDS, Identities, below, identity_table, union
from tests.builders.profiles import NOON, prs

A, B, C = "user_id:a", "email:b@x.fr", "anonymous_id:c"
LAST: Standing = (True, "2026-11-22T12:00:00.000Z", "web", "m1", "d", "e" * 32)
CLUSTER = Cluster(id="clu_1")


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> Iterator[Identities]:
    with identity_table(request.param) as table:
        yield table.store


def test_nothing_is_known_at_first(store: Identities) -> None:
    assert store.heads([]) == {}
    assert store.heads([prs(A)]) == {}
    assert store.members(prs(A)) == {}
    assert store.assertion(prs(A), "digest") is None
    assert list(store.assertions_under(prs(A))) == []
    assert store.clusters([]) == {}
    assert store.clusters(["clu_1"]) == {}
    assert list(store.entries("clu_1")) == []
    assert store.splits(["spl_1"]) == {}
    assert store.transition(prs(A), "pk/sk/0") is None
    assert list(store.history_under(prs(A))) == []


def test_everything_of_a_commit_is_there_afterwards(store: Identities) -> None:
    commit = union(A, B, C)
    store.commit(commit)
    assert store.heads([prs(A), prs(B), prs(C), "prs_unknown"]) == {
        prs(A): head(A, version=1, children=2),
        prs(B): replace(below(B, A), version=1),
        prs(C): replace(below(C, A), version=1),
    }
    assert store.members(prs(A)) == {prs(B): B, prs(C): C}
    assert list(store.assertions_under(prs(A))) == [assertion(A, B, C)]
    assert commit.transition is not None
    assert store.transition(prs(A), "pk/sk/0") == commit.transition[1]
    assert store.transition(prs(A), "pk/sk/1") is None
    assert store.transition(prs(B), "pk/sk/0") is None
    assert list(store.history_under(prs(A))) == [commit.transition[1]]


def test_a_refold_is_marked_with_the_cause_that_asked_for_it(store: Identities) -> None:
    store.mark_refolded(prs(A), "operator/spl_1")
    store.mark_refolded(prs(A), "operator/spl_1")
    store.mark_refolded(prs(B), "operator/spl_2")
    assert {*store.refolded([prs(A), prs(B), prs(C)], "operator/spl_1")} == {prs(A)}
    assert {*store.refolded([prs(A), prs(B)], "operator/spl_2")} == {prs(B)}
    assert not store.refolded([], "operator/spl_1")
    assert not store.refolded([prs(A)], "operator/spl")


def test_marks_are_told_of_more_partitions_than_one_read_takes(store: Identities) -> None:
    every = [f"prs_{number}" for number in range(205)]
    for each in every[:-1]:
        store.mark_refolded(each, "operator/spl_1")
    assert {*store.refolded(every, "operator/spl_1")} == {*every[:-1]}


def test_marks_are_no_part_of_what_is_known_of_people(store: Identities) -> None:
    store.mark_refolded(prs(A), "operator/spl_1")
    assert store.heads([prs(A)]) == {}
    assert (store.members(prs(A)), list(store.assertions_under(prs(A))), list(store.history_under(prs(A)))) == ({}, [], [])


def test_a_head_says_all_that_was_stored_of_it(store: Identities) -> None:
    evidence = Evidence(accounts={"0a1b2c3d4e5f": NOON, "ffffffffffff": NOON - timedelta(days=30_000)}, is_protected=True, seen_at=NOON)
    counts, sightings = {"user_id": 1, "email": 2}, {"email": (-5, 1_800_000_000_000, 1_800_000_000_000, 1_800_000_777_777)}
    sides = {"left": frozenset({"spl_1", "spl_2"}), "right": frozenset({"spl_3"})}
    summary = Summary(counts=counts, sightings=sightings, is_identified=True, **sides)
    full = replace(head(A, children=1, is_identified=True), evidence=evidence, summary=summary, last=LAST, cluster="clu_1")
    bare = Head(person_id=prs(B), summary=Summary(), evidence=Evidence(seen_at=NOON))
    store.commit(Commit(heads=(full, bare)))
    assert store.heads([prs(A), prs(B)]) == {prs(A): replace(full, version=1), prs(B): replace(bare, version=1)}


def test_a_device_keeps_the_names_of_the_accounts_that_used_it(store: Identities) -> None:
    names = {"0a1b2c3d4e5f": A, "ffffffffffff": "user_id:ünï # code"}
    store.commit(Commit(heads=(replace(head(C), evidence=Evidence(accounts=dict.fromkeys(names, NOON), names=names)),)))
    assert store.heads([prs(C)])[prs(C)].evidence.names == names


def test_a_head_is_replaced_and_not_amended(store: Identities) -> None:
    store.commit(Commit(heads=(replace(head(A, children=1), summary=Summary(counts={"user_id": 1}), last=LAST, cluster="clu_1"),)))
    store.commit(Commit(heads=(replace(below(A, B), version=1),)))
    assert store.heads([prs(A)])[prs(A)] == replace(below(A, B), version=2)


def test_what_is_left_is_no_member_any_more(store: Identities) -> None:
    store.commit(union(A, B, C))
    stored = store.heads([prs(A), prs(B)])
    parted = Parted(origin=prs(A), parts=(prs(B),), cause="pk/sk/1", at=NOON)
    store.commit(
        Commit(
            heads=(replace(stored[prs(A)], children=1), replace(stored[prs(B)], parent=None)),
            left=(Child(prs(A), prs(B), ""), Child(prs(A), "prs_never_there", "")),
            transition=(prs(A), Transition(cause="pk/sk/1", at=NOON, parted=(parted,))),
        )
    )
    assert store.members(prs(A)) == {prs(C): C}
    assert store.heads([prs(B)])[prs(B)].parent is None


def test_a_member_moves_from_one_parent_to_another_at_once(store: Identities) -> None:
    store.commit(union(A, B))
    stored = store.heads([prs(A), prs(B)])
    moved = replace(stored[prs(B)], parent=prs(C))
    root, left = head(C, children=1), replace(stored[prs(A)], children=0)
    store.commit(Commit(heads=(moved, root, left), joined=(Child(prs(C), prs(B), B),), left=(Child(prs(A), prs(B), ""),)))
    assert (store.members(prs(A)), store.members(prs(C))) == ({}, {prs(B): B})


def test_clusters_and_their_entries_are_kept(store: Identities) -> None:
    outer = Cluster(id="clu_2", last=LAST, quarantine="over 500 assertions", shut_until=NOON)
    entries = (Entry("clu_2", prs(A)), Entry("clu_2", "clu_1"), Entry("clu_1", prs(B)))
    store.commit(Commit(clusters=(replace(CLUSTER, parent="clu_2"), outer), entries=entries))
    store.commit(Commit(entries=(Entry("clu_2", prs(A)), Entry("clu_2", prs(C)))))
    assert store.clusters(["clu_1", "clu_2", "clu_3"]) == {
        "clu_1": Cluster(id="clu_1", version=1, parent="clu_2"),
        "clu_2": replace(outer, version=1),
    }
    assert set(store.entries("clu_2")) == {prs(A), prs(C), "clu_1"}
    assert len(store.entries("clu_2")) == 3
    assert list(store.entries("clu_1")) == [prs(B)]


def test_a_cluster_counts_on_from_the_version_that_was_read(store: Identities) -> None:
    store.commit(Commit(clusters=(CLUSTER,)))
    store.commit(Commit(clusters=(replace(CLUSTER, version=1, last=LAST),)))
    assert store.clusters(["clu_1"]) == {"clu_1": Cluster(id="clu_1", version=2, last=LAST)}


def test_of_the_assertions_of_one_set_the_earliest_stands_in_any_order(store: Identities) -> None:
    versions = [assertion(A, C, minute=2), assertion(C, A, minute=1, message_id="z"), assertion(A, C, minute=1, message_id="b")]
    for number, order in enumerate(permutations(versions)):
        person = f"prs_{number}"
        for each in order:
            _commit_unless_overtaken(store, person, each)
        assert [kept.order for kept in store.assertions_under(person)] == [versions[2].order]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_copies_at_one_time_the_one_received_first_stands(store: Identities, order: tuple[int, ...]) -> None:
    copies = [replace(assertion(A, C), received_at=NOON + timedelta(hours=each), signature="expired") for each in (9, 8)]
    copies.append(replace(assertion(A, C), received_at=NOON + timedelta(hours=7)))
    for each in order:
        _commit_unless_overtaken(store, prs(A), copies[each])
    (kept,) = store.assertions_under(prs(A))
    assert (kept.received_at, kept.signature) == (NOON + timedelta(hours=7), None)
    _commit_unless_overtaken(store, prs(A), assertion(A, C))
    (kept,) = store.assertions_under(prs(A))
    assert kept.received_at is None


def test_what_is_told_beside_an_assertion_is_kept_with_it(store: Identities) -> None:
    store.commit(Commit(assertions=((prs(A), replace(assertion(A, B), received_at=NOON + timedelta(days=1), signature="forged")),)))
    kept = store.assertion(prs(A), assertion(A, B).digest)
    assert kept is not None
    assert (kept.received_at, kept.is_clamped, kept.signature) == (NOON + timedelta(days=1), True, "forged")


def _commit_unless_overtaken(store: Identities, person: str, each: Assertion) -> None:
    stored = store.assertion(person, each.digest)
    is_overtaken = stored is not None and stored.precedence <= each.precedence
    try:
        store.commit(Commit(assertions=((person, each),)))
    except Conflict:
        assert is_overtaken
    else:
        assert not is_overtaken


def test_trusted_and_public_assertions_of_one_set_stand_beside_each_other(store: Identities) -> None:
    trusted, public, other = assertion(A, B, minute=2, is_trusted=True), assertion(A, B, minute=1), assertion(A, C, minute=3)
    store.commit(Commit(assertions=tuple((prs(A), each) for each in (other, trusted, public))))
    assert list(store.assertions_under(prs(A))) == [public, trusted, other]
    assert store.assertion(prs(A), trusted.digest) == trusted
    assert store.assertion(prs(B), trusted.digest) is None


def test_an_assertion_of_devices_alone_lies_under_each_of_them(store: Identities) -> None:
    devices = assertion("anonymous_id:c", "device_id:d")
    store.commit(Commit(assertions=((prs("anonymous_id:c"), devices), (prs("device_id:d"), devices))))
    assert store.assertion(prs("device_id:d"), devices.digest) == store.assertion(prs("anonymous_id:c"), devices.digest) == devices


def test_an_assertion_that_is_dropped_is_gone_and_its_twins_stay(store: Identities) -> None:
    both = (assertion(A, B), assertion(A, C, minute=1))
    store.commit(Commit(assertions=tuple((prs(A), each) for each in both)))
    store.commit(Commit(dropped=((prs(A), both[0]), (prs(B), both[0])), assertions=((prs(B), both[1]),)))
    assert list(store.assertions_under(prs(A))) == [both[1]]
    store.commit(Commit(dropped=((prs(A), both[1]),)))
    assert list(store.assertions_under(prs(A))) == []
    assert list(store.assertions_under(prs(B))) == [both[1]]


def test_an_assertion_that_is_replaced_lies_as_it_is_said_now_whatever_stood_before(store: Identities) -> None:
    early, late = assertion(A, B), assertion(A, B, minute=1)
    for standing in (early, late, late, early):
        store.commit(Commit(replaced=((prs(A), standing),), entries=(Entry("clu_1", prs(A)),)))
        assert list(store.assertions_under(prs(A))) == [standing]


def test_who_linked_by_hand_and_why_is_kept(store: Identities) -> None:
    by_hand = replace(assertion(A, B, is_trusted=True), by="léa", why="same card, ticket 12")
    store.commit(Commit(assertions=((prs(A), by_hand),)))
    assert store.assertion(prs(A), by_hand.digest) == by_hand


def test_the_history_of_a_person_is_told_by_time(store: Identities) -> None:
    late = Transition(cause="a", at=NOON + timedelta(minutes=2), refold=(prs(A), prs(B)))
    early = Transition(
        cause="z",
        at=NOON,
        merged=(Merged(into=prs(A), absorbed=(prs(B), prs(C)), cause="z", at=NOON),),
        parted=(Parted(origin=prs(A), parts=(prs(C),), cause="another", at=NOON - timedelta(days=1)),),
        quarantined="clu_1",
    )
    for transition in (late, early):
        store.commit(Commit(transition=(prs(A), transition)))
    assert list(store.history_under(prs(A))) == [early, late]
    assert store.transition(prs(A), "z") == early
    assert list(store.history_under(prs(B))) == []


@pytest.mark.parametrize("count", [9_000, 20_000, 60_000])
def test_what_changed_is_kept_whole_however_many_partitions_are_to_be_folded_again(store: Identities, count: int) -> None:
    refold = tuple(prs(f"anonymous_id:{number}") for number in range(count))
    parts = refold[: count // 4]
    large = Transition(
        cause="pk/sk/0",
        at=NOON,
        refold=refold,
        parted=(Parted(origin=prs(A), parts=parts, cause="pk/sk/0", at=NOON),),
        sealing=(prs(B),),
    )
    small = Transition(cause="pk/sk/00", at=NOON + timedelta(minutes=1), refold=(prs(B),))
    for transition in (large, small):
        store.commit(Commit(heads=(head(f"email:{transition.cause}@x.fr"),), transition=(prs(A), transition)))
    assert store.transition(prs(A), "pk/sk/0") == large
    assert list(store.history_under(prs(A))) == [large, small]


def test_what_a_lost_commit_would_have_changed_is_nothing_that_was(store: Identities) -> None:
    def change(of: str) -> Transition:
        return Transition(cause="pk/sk/0", at=NOON, refold=tuple(prs(f"{of}:{number}") for number in range(20_000)))

    store.commit(Commit(heads=(head(A),), transition=(prs(A), change("card"))))
    with pytest.raises(Conflict):
        store.commit(Commit(heads=(head(A),), transition=(prs(A), change("phone"))))
    assert store.transition(prs(A), "pk/sk/0") == change("card")


def _heads(number: int) -> tuple[Head, ...]:
    return tuple(head(f"anonymous_id:{each}") for each in range(number))


def test_a_hundred_actions_are_one_commit_and_a_hundred_heads_are_read_at_once(store: Identities) -> None:
    store.commit(Commit(heads=_heads(100)))
    store.commit(Commit(heads=(head(A),)))
    assert len(store.heads([*(each.person_id for each in _heads(100)), prs(A)])) == 101


NOT_ONE_TRANSACTION: Mapping[str, Callable[[], Commit]] = {
    "nothing": Commit,
    "over a hundred actions": lambda: Commit(heads=_heads(101)),
    "a head twice": lambda: Commit(heads=(head(A), replace(head(A), children=1))),
    "a head written and checked": lambda: Commit(heads=(head(A),), checked=(head(A),)),
    "a member that joins and leaves one parent": lambda: Commit(joined=(Child(prs(A), prs(B), B),), left=(Child(prs(A), prs(B), ""),)),
    "a cluster written and checked": lambda: Commit(clusters=(CLUSTER,), checked_clusters=(CLUSTER,)),
    "an entry twice": lambda: Commit(entries=(Entry("clu_1", prs(A)), Entry("clu_1", prs(A)))),
    "an assertion kept and dropped": lambda: Commit(assertions=((prs(A), assertion(A, B)),), dropped=((prs(A), assertion(A, B)),)),
    "an assertion put twice": lambda: Commit(replaced=((prs(A), assertion(A, B)),), assertions=((prs(A), assertion(A, B)),)),
    "an assertion twice": lambda: Commit(assertions=((prs(A), assertion(A, B)), (prs(A), assertion(A, B, minute=1)))),
}


@pytest.mark.parametrize("wrong", NOT_ONE_TRANSACTION)
def test_what_is_no_transaction_of_dynamodb_is_refused_by_memory_too(store: Identities, wrong: str) -> None:
    with pytest.raises((AssertionError, Permanent)):
        store.commit(NOT_ONE_TRANSACTION[wrong]())
    assert store.heads([prs(A), prs("anonymous_id:1")]) == {}


def test_identifiers_of_a_later_epoch_come_back_as_they_were(store: Identities) -> None:
    later = Identifier("anonymous_id", "c\x1f1")
    store.commit(Commit(heads=(replace(head(A), identifier=later),), joined=(Child(prs(A), prs(C), str(later)),)))
    assert store.heads([prs(A)])[prs(A)].identifier == later
    assert store.members(prs(A)) == {prs(C): str(later)}
