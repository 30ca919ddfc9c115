"""Why identifiers are one person, in the reference's own steps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from ariane.identity.epochs import Reason, later_self
from ariane.identity.explaining import Explanation, explain, refusal_in_words
from ariane.identity.facts import evidence_of
from ariane.identity.model import Assertion, Split
from ariane.identity.reference import in_order, resolve
from ariane.identity.rules import Identifier, Rules
from tests.builders.identity_worlds import IdentityWorld, ids, lifted, parts, rules, says, worlds
from tests.builders.profiles import NOON

RULES = rules()


def explained(text: str, *assertions: Assertion, splits: Sequence[Split] = (), order: Rules = RULES) -> Explanation:
    """Of the person of ``text``."""
    (one,) = ids(text)
    component = resolve(assertions, splits, order).component_of()[one]
    return explain(component, assertions, splits, order)


def links(explanation: Explanation) -> list[tuple[str, str, str]]:
    return [(str(link.identifier), str(link.through), link.assertion.message_id) for link in explanation.links]


def test_each_identifier_is_led_back_to_the_strongest_by_what_first_joined_it() -> None:
    found = explained(
        "phone:pa",
        says("anonymous_id:na", "email:ea", minute=1, message_id="newsletter"),
        says("user_id:ua", "email:ea", minute=2, message_id="login"),
        says("user_id:ua", "anonymous_id:na", minute=3, message_id="later, and nothing new"),
        says("email:ea", "phone:pa", minute=4, message_id="order"),
    )

    assert str(found.begins_with) == "user_id:ua"
    assert links(found) == [
        ("anonymous_id:na", "email:ea", "newsletter"),
        ("email:ea", "user_id:ua", "login"),
        ("phone:pa", "email:ea", "order"),
    ]


def test_a_trusted_word_comes_before_an_earlier_public_one() -> None:
    found = explained(
        "email:ea",
        says("user_id:ua", "email:ea", "device_id:da", minute=1, message_id="site"),
        says("user_id:ua", "email:ea", minute=9, source="till", message_id="till"),
    )

    assert ("email:ea", "user_id:ua", "till") in links(found)


def test_one_that_nothing_linked_has_no_links() -> None:
    assert links(explained("user_id:ub", says("user_id:ua", "email:ea", minute=1), says("user_id:ub", "email:ea", minute=2))) == []


@pytest.mark.parametrize("whose", ["user_id:ua", "user_id:ub"])
def test_a_refusal_is_told_to_both_whom_it_kept_apart(whose: str) -> None:
    found = explained(whose, says("user_id:ua", "email:ea", minute=1), says("user_id:ub", "email:ea", minute=2, message_id="two accounts"))

    (refusal,) = found.refusals
    assert (str(refusal.identifier), refusal.reason, refusal.assertion.message_id) == ("email:ea", Reason.UNIQUE, "two accounts")
    assert "account of their own" in refusal_in_words(refusal, found, RULES)


def test_what_keeps_being_refused_is_told_once_with_its_first_time() -> None:
    again = [says("user_id:ub", "email:ea", f"device_id:d{number}", minute=2 + number) for number in range(3)]
    found = explained("user_id:ua", says("user_id:ua", "email:ea", minute=1), *again)

    assert [refusal.assertion.at for refusal in found.refusals] == [NOON + timedelta(minutes=2)]


def test_a_shared_device_is_told_with_its_moment_and_its_two_accounts() -> None:
    found = explained(
        "user_id:ub",
        says("user_id:ua", "device_id:da", minute=1),
        says("user_id:ub", "device_id:da", minute=5),
        says("user_id:uc", "device_id:da", minute=6),
    )

    (shared,) = found.shared
    assert (str(shared.device), shared.since) == ("device_id:da", NOON + timedelta(minutes=5))
    assert [*map(str, shared.accounts)] == ["user_id:ua", "user_id:ub"]
    assert [refusal.reason for refusal in found.refusals] == [Reason.SHARED_DEVICE]


def test_a_device_in_its_second_epoch_is_explained_as_a_person_of_its_own() -> None:
    (device,) = ids("device_id:da")
    evidence = [says("user_id:ua", "device_id:da", minute=1), says("user_id:ub", "device_id:da", minute=5)]
    found = explain(frozenset([later_self(device)]), evidence, (), RULES)

    assert (found.begins_with, links(found)) == (later_self(device), [])
    assert [each.device for each in found.shared] == [device]


def test_a_hub_is_named() -> None:
    everybody = [says(f"user_id:u{number}", "email:ea", minute=number) for number in range(3)]
    found = explained("email:ea", *everybody)

    assert [*map(str, found.hubs)] == ["email:ea"]
    assert {refusal.reason for refusal in found.refusals} == {Reason.HUB}
    assert "more than 2 customers" in refusal_in_words(found.refusals[0], found, RULES)


def test_what_a_hub_kept_from_somebody_else_is_told_with_the_hubs_name() -> None:
    everybody = [says(f"user_id:u{number}", "email:ea", minute=number) for number in range(3)]
    found = explained("phone:pa", *everybody, says("email:ea", "phone:pa", minute=9))

    (refusal,) = found.refusals
    assert refusal_in_words(refusal, found, RULES) == "more than 2 customers have given email:ea, so it is nobody's own"


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (3, "one customer would then have more than 3 telephone numbers, the most that the rules allow"),
        ({"count": 1, "within": "10 minutes"}, "one customer would then have more than 1 telephone numbers within 10 minutes"),
        ({"count": 5, "within": "30 days"}, "one customer would then have more than 5 telephone numbers within 30 days"),
        ({"count": 2, "within": "1 hour"}, "one customer would then have more than 2 telephone numbers within 1 hour"),
    ],
)
def test_a_limit_is_told_as_people_count(limit: object, words: str) -> None:
    order = rules(namespaces={"phone": {"priority": 4, "limit": limit}})
    found = explained("user_id:ub", says("user_id:ua", "phone:pa", minute=1), says("user_id:ub", "phone:pa", minute=2), order=order)

    assert refusal_in_words(replace(found.refusals[0], reason=Reason.LIMIT), found, order) == words


def test_a_split_is_told_with_who_and_why_and_a_lifted_one_too() -> None:
    evidence = [says("user_id:ua", "email:ea", minute=1, message_id="typo")]
    standing = parts(["user_id:ua"], ["email:ea"])
    gone = lifted(parts(["user_id:ua"], ["phone:pa"], name="spl_0", minute=50))
    found = explained("user_id:ua", *evidence, splits=[gone, standing])

    assert [(split.id, split.is_lifted) for split in found.splits] == [("spl_1", False), ("spl_0", True)]
    (refusal,) = found.refusals
    assert refusal.reason is Reason.SPLIT
    assert refusal_in_words(refusal, found, RULES) == "lea took the two apart on 2026-11-22 (two people)"


def test_what_more_is_known_of_an_identifier_than_its_cluster_says_counts() -> None:
    """The cluster of one account of a shared tablet does not hold the other account's events."""
    evidence = [says("user_id:ua", "device_id:da", minute=9)]
    said = [*evidence, says("user_id:ub", "device_id:da", minute=1)]
    (account,) = ids("user_id:ua")
    found = explain(frozenset([account]), evidence, (), RULES, evidence=evidence_of(said, RULES))

    assert [refusal.reason for refusal in found.refusals] == [Reason.SHARED_DEVICE]
    (shared,) = found.shared
    assert [*map(str, shared.accounts)] == ["user_id:ub", "user_id:ua"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words(reason: Reason) -> None:
    found = explained("user_id:ub", says("user_id:ua", "phone:pa", minute=1), says("user_id:ub", "phone:pa", minute=2))
    words = refusal_in_words(replace(found.refusals[0], reason=reason), found, RULES)

    assert len(words) > 30
    assert "component" not in words
    assert "_limit" not in words


@given(world=worlds())
@settings(max_examples=300, deadline=None)
def test_links_span_exactly_the_person_and_each_is_an_accepted_word_about_both(world: IdentityWorld) -> None:
    resolution = resolve(world.assertions, world.splits, world.rules)
    refused = {(each.assertion.digest, each.identifier) for each in resolution.refusals}
    for component in resolution.components:
        found = explain(
            component, world.assertions, world.splits, world.rules, evidence=evidence_of(in_order(world.assertions), world.rules)
        )
        reached: set[Identifier] = {found.begins_with}
        waiting = [*found.links]
        while ready := [link for link in waiting if link.through in reached]:
            reached |= {link.identifier for link in ready}
            waiting = [link for link in waiting if link not in ready]
        assert (reached, waiting, len(found.links)) == (set(component), [], len(component) - 1)
        for link in found.links:
            reading = resolution.mapped(link.assertion.identifiers, link.assertion.at)
            assert reading.anchor in (link.through, link.identifier)
            other = link.identifier if reading.anchor == link.through else link.through
            assert other in reading.others
            assert (link.assertion.digest, other) not in refused
