"""What a transition tells the bus."""

from datetime import UTC, datetime

import orjson

from ariane.identity.model import Merged, Parted, Transition
from ariane.journeys.inbox import ProfileSplit, parse_incoming
from ariane.profiles.announcing import Fact, facts_of_transition

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAID = {"at": "2026-11-22T12:00:00.000Z", "cause": "c"}


def transition(**fields: object) -> Transition:
    return Transition(cause="c", at=AT, **fields)  # type: ignore[arg-type]


def test_merges_and_splits_are_told_each_on_its_own() -> None:
    merged = Merged(into="prs_a", absorbed=("prs_b", "prs_c"), cause="c", at=AT)
    parted = Parted(origin="prs_d", parts=("prs_d", "prs_e"), cause="c", at=AT)

    assert facts_of_transition(transition(merged=(merged,), parted=(parted,))) == [
        Fact("Profile Merged", {"into": "prs_a", "from": ["prs_b", "prs_c"], **SAID}),
        Fact("Profile Split", {"from": "prs_d", "into": ["prs_d", "prs_e"], **SAID}),
    ]


def test_events_that_may_have_found_another_owner_are_told_by_their_partition() -> None:
    (fact,) = facts_of_transition(transition(refold=("prs_p",)))

    assert fact == Fact("Profile Split", {"from": "prs_p", "into": [], "rehomed": ["prs_p"], **SAID})
    assert parse_incoming({"kind": "split", "fact": fact.detail}) == ProfileSplit(("prs_p",))


def test_the_background_waiting_for_a_cluster_is_nobodys_news() -> None:
    assert facts_of_transition(transition(quarantined="clu_1")) == []


def test_journeys_hear_of_everybody_who_had_a_part_in_a_split() -> None:
    (fact,) = facts_of_transition(transition(parted=(Parted(origin="prs_d", parts=("prs_d", "prs_e"), cause="c", at=AT),)))

    assert parse_incoming({"kind": "split", "fact": fact.detail}) == ProfileSplit(("prs_d", "prs_e"))


def test_what_concerns_thousands_is_told_in_facts_that_fit_the_bus() -> None:
    ids = tuple(f"prs_{number:026}" for number in range(12_000))
    merged, parted = Merged(into="prs_a", absorbed=ids, cause="c", at=AT), Parted(origin="prs_d", parts=ids, cause="c", at=AT)

    facts = facts_of_transition(transition(merged=(merged,), parted=(parted,)))

    assert max(len(orjson.dumps(dict(fact.detail))) for fact in facts) < 200_000
    for kind, name in (("Profile Merged", "from"), ("Profile Split", "into")):
        assert tuple(each for fact in facts if fact.kind == kind for each in fact.detail[name]) == ids
