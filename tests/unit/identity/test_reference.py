"""Each rule of the reference by itself. Whether they hold together: test_reference_twice."""

from collections.abc import Sequence

import pytest

from ariane.identity.components import MOST_IN_WINDOWED
from ariane.identity.epochs import Reason, later_self, plain
from ariane.identity.ids import person_id
from ariane.identity.model import Assertion, Split
from ariane.identity.reference import Resolution, first_assertions, resolve, root_of
from ariane.identity.rules import Identifier, Rules
from tests.builders.identity_worlds import NOON, ids, parts, rules, says

LOOSE = rules(component_limit=50, spread=20)


def solve(*said: Assertion, splits: Sequence[Split] = (), by: Rules = LOOSE) -> Resolution:
    return resolve(said, splits, by)


def people(resolution: Resolution) -> set[frozenset[str]]:
    return {frozenset(map(str, each)) for each in resolution.components}


def refused(resolution: Resolution) -> list[tuple[str, str, Reason]]:
    return [(each.assertion.message_id, str(each.identifier), each.reason) for each in resolution.refusals]


def groups(*texts: str) -> set[frozenset[str]]:
    return {frozenset(each.split()) for each in texts}


def anchor(resolution: Resolution, said: Assertion) -> Identifier:
    return resolution.mapped(said.identifiers, said.at).anchor


def id_of(identifier: Identifier) -> str:
    return person_id(identifier, b"test-person-key")


def test_identifiers_of_one_event_are_one_person_and_so_is_whoever_shares_one_with_them() -> None:
    found = solve(says("email:ea", "anonymous_id:na"), says("email:ea", "phone:pa"), says("card:la"))

    assert people(found) == groups("email:ea anonymous_id:na phone:pa", "card:la")
    assert refused(found) == []


def test_an_event_is_the_person_of_its_strongest_identifier() -> None:
    said = says("anonymous_id:na", "email:ea", "user_id:ua")

    assert anchor(solve(said), said) == Identifier("user_id", "ua")


def test_the_weaker_identifiers_join_the_anchor_and_not_each_other() -> None:
    """The account may not have the first e-mail, which has nothing to do with whether it may have the second."""
    split = parts(["user_id:ua"], ["email:ea"])
    found = solve(says("user_id:ua", "email:ea", "email:eb", message_id="m"), splits=[split])

    assert people(found) == groups("user_id:ua email:eb", "email:ea")
    assert refused(found) == [("m", "email:ea", Reason.SPLIT)]


def test_two_values_of_a_unique_namespace_never_share_a_person() -> None:
    found = solve(says("user_id:ua", "email:ea", minute=0), says("user_id:ub", "email:ea", minute=1, source="till", message_id="m"))

    assert people(found) == groups("user_id:ub email:ea", "user_id:ua")  # the till's word goes first
    assert [reason for _, _, reason in refused(found)] == [Reason.UNIQUE]


def test_an_alias_of_one_account_to_another_is_refused() -> None:
    found = solve(says("user_id:ua", "user_id:ub", source="backend", message_id="alias"))

    assert people(found) == groups("user_id:ua", "user_id:ub")
    assert refused(found) == [("alias", "user_id:ub", Reason.UNIQUE)]


def test_a_person_has_no_more_values_than_the_limit() -> None:
    found = solve(*(says("user_id:ua", f"email:e{name}", minute=minute, message_id=name) for minute, name in enumerate("abc")))

    assert people(found) == groups("user_id:ua email:ea email:eb", "email:ec")
    assert refused(found) == [("c", "email:ec", Reason.LIMIT)]


@pytest.mark.parametrize(("minute", "is_joined"), [(0, False), (9.999, False), (10, True), (600, True)])
def test_a_limit_over_a_window_counts_first_sightings_within_it(minute: float, *, is_joined: bool) -> None:
    first, second = says("user_id:ua", "phone:pa", minute=0), says("user_id:ua", "phone:pb", minute=minute)

    assert (len(people(solve(first, second))) == 1) is is_joined


def test_a_sighting_counts_where_it_is_first_even_without_the_person() -> None:
    """The second phone was seen alone soon after the first, long before it was the account's."""
    said = [says("user_id:ua", "phone:pa"), says("user_id:ua", "phone:pb", minute=600, message_id="m")]

    assert refused(solve(*said)) == []
    assert refused(solve(*said, says("phone:pb", minute=5))) == [("m", "phone:pb", Reason.LIMIT)]


def test_a_window_however_long_ago_holds_no_more_than_a_head_has_room_for() -> None:
    """Each first sighting lies in the root's head."""
    by = rules(component_limit=1_000)
    said = [says("user_id:ua", f"phone:p{number}", minute=11 * number) for number in range(MOST_IN_WINDOWED + 1)]

    assert refused(solve(*said[:-1], by=by)) == []
    assert [reason for _, _, reason in refused(solve(*said, by=by))] == [Reason.LIMIT]


def test_a_person_has_no_more_contacts_than_the_component_limit_and_any_number_of_devices() -> None:
    said = [says("user_id:ua", each, minute=minute) for minute, each in enumerate(["email:ea", "card:la", "device_id:da", "device_id:db"])]
    last = says("user_id:ua", "card:lb", minute=9, message_id="m")

    assert refused(solve(*said, last, by=rules(component_limit=4))) == []
    assert refused(solve(*said, last, by=rules(component_limit=3))) == [("m", "card:lb", Reason.COMPONENT_LIMIT)]


def test_what_two_people_have_together_is_what_counts() -> None:
    found = solve(
        says("user_id:ua", "email:ea", "email:eb"),
        says("phone:pa", "email:ec", minute=1),
        says("user_id:ua", "phone:pa", minute=2, message_id="m"),
    )

    assert refused(found) == [("m", "phone:pa", Reason.LIMIT)]


def test_a_contact_beside_more_accounts_than_the_spread_links_nothing_for_all_time() -> None:
    said = [says(f"user_id:u{name}", "email:shop", minute=minute, message_id=name) for minute, name in enumerate("abc")]
    found = solve(*said, says("email:shop", "anonymous_id:na", minute=9, message_id="d"), by=rules(spread=2))

    assert people(found) == groups("user_id:ua", "user_id:ub", "user_id:uc", "email:shop", "anonymous_id:na")
    assert {reason for _, _, reason in refused(found)} == {Reason.HUB}
    assert [message for message, _, _ in refused(found)] == ["a", "b", "c", "d"]


def test_as_many_accounts_as_the_spread_are_no_hub() -> None:
    said = [says(f"user_id:u{name}", "email:shop", minute=minute, message_id=name) for minute, name in enumerate("ab")]

    assert [reason for _, _, reason in refused(solve(*said, by=rules(spread=2)))] == [Reason.UNIQUE]


def test_an_account_is_never_a_hub() -> None:
    said = [says("user_id:ua", f"crm:c{name}", minute=minute, source="backend") for minute, name in enumerate("abcd")]

    assert {reason for _, _, reason in refused(solve(*said, by=rules(spread=1)))} == {Reason.UNIQUE}


def test_a_device_is_shared_from_the_second_accounts_first_appearance_on() -> None:
    before = says("device_id:da", minute=4)
    at_once, after = says("device_id:da", minute=5, source="app"), says("device_id:da", minute=6, source="till")
    found = solve(
        says("user_id:ua", "device_id:da", minute=0),
        before,
        says("user_id:ub", "device_id:da", minute=5, message_id="second"),
        at_once,
        after,
    )
    device = Identifier("device_id", "da")

    assert found.facts.shared_since == {device: at_once.at}
    assert anchor(found, before) == device
    assert anchor(found, at_once) == anchor(found, after) == later_self(device)
    assert {frozenset(each) for each in found.components} == {
        frozenset(ids("user_id:ua", "device_id:da")),
        frozenset(ids("user_id:ub")),
        frozenset([later_self(device)]),
    }
    assert refused(found) == [("second", "device_id:da", Reason.SHARED_DEVICE)]


def test_the_same_account_again_shares_nothing() -> None:
    assert solve(says("user_id:ua", "device_id:da"), says("user_id:ua", "device_id:da", minute=9)).facts.shared_since == {}


def test_the_moment_only_moves_earlier() -> None:
    said = [says("user_id:ua", "device_id:da", minute=0), says("user_id:ub", "device_id:da", minute=5)]
    earlier = says("user_id:uc", "device_id:da", minute=3)

    (moment,) = solve(*said, earlier).facts.shared_since.values()
    assert moment == earlier.at


def test_an_alias_on_a_new_device_shares_it_at_once() -> None:
    found = solve(says("user_id:ua", "user_id:ub", "device_id:da"))

    assert people(found) == groups("user_id:ua", "user_id:ub")
    assert {each.reason for each in found.refusals} == {Reason.UNIQUE, Reason.SHARED_DEVICE}


def test_of_several_devices_only_the_shared_ones_stop_linking() -> None:
    shared = [says("user_id:ua", "device_id:da", minute=0), says("user_id:ub", "device_id:da", minute=1)]
    both = says("device_id:da", "device_id:db", minute=2, message_id="m")
    found = solve(*shared, both)

    assert anchor(found, both) == Identifier("device_id", "db")
    assert frozenset(["device_id:db"]) in people(found)
    assert ("m", "device_id:da", Reason.SHARED_DEVICE) in refused(found)


def test_an_event_of_shared_devices_alone_is_the_later_self_of_the_strongest() -> None:
    shared = [says(f"user_id:u{who}", "device_id:da", "anonymous_id:na", minute=minute) for minute, who in enumerate("ab")]
    both = says("device_id:da", "anonymous_id:na", minute=2, message_id="m")
    found = solve(*shared, both)

    assert anchor(found, both) == later_self(Identifier("device_id", "da"))
    assert refused(found)[-1] == ("m", "anonymous_id:na", Reason.SHARED_DEVICE)
    assert plain(anchor(found, both)) == Identifier("device_id", "da")


def test_a_public_source_joins_no_two_people_that_are_both_identified() -> None:
    known = [says("user_id:ua", "email:ea", source="till"), says("crm:ca", "phone:pa", minute=1, source="till")]
    link = says("email:ea", "phone:pa", minute=2, message_id="m")
    trusted = says("email:ea", "phone:pa", minute=2, source="backend")

    assert refused(solve(*known, link)) == [("m", "phone:pa", Reason.UNTRUSTED)]
    assert len(people(solve(*known, link, trusted))) == 1


def test_a_fresh_account_is_identified_too() -> None:
    found = solve(says("user_id:ua", "email:ea"), says("crm:ca", "email:ea", minute=1, message_id="m"))

    assert refused(found) == [("m", "email:ea", Reason.UNTRUSTED)]


def test_a_public_source_attaches_no_account_to_a_protected_contact_that_a_trusted_one_brought() -> None:
    by = rules(protect=["email"], component_limit=50)
    claim = says("user_id:ua", "email:ea", minute=0, message_id="m")
    till = says("email:ea", "card:la", minute=9, source="till")

    assert len(people(solve(claim, says("email:ea", "card:la", minute=9), by=by))) == 1
    assert refused(solve(claim, till, by=by)) == [("m", "email:ea", Reason.UNTRUSTED)]
    assert refused(solve(claim, says("email:ea", minute=9, source="till"), by=by)) == [("m", "email:ea", Reason.UNTRUSTED)]
    assert refused(solve(claim, till, by=LOOSE)) == []


def test_a_public_source_still_attaches_what_is_not_identified_to_a_protected_contact() -> None:
    by = rules(protect=["email"], component_limit=50)
    found = solve(says("email:ea", source="till"), says("email:ea", "anonymous_id:na", minute=1), by=by)

    assert people(found) == groups("email:ea anonymous_id:na")


def test_trusted_assertions_go_first_and_then_time_decides() -> None:
    early, late = says("user_id:ua", "email:ea", minute=0), says("user_id:ub", "email:ea", minute=9)
    trusted = says("user_id:ub", "email:ea", minute=9, source="backend")

    assert groups("user_id:ua email:ea") < people(solve(late, early))
    assert groups("user_id:ub email:ea") < people(solve(early, trusted))


def test_of_one_set_and_trust_only_the_earliest_stands() -> None:
    again = says("user_id:ub", "email:ea", minute=1, message_id="copy")
    found = solve(says("user_id:ub", "email:ea", minute=9), again, says("user_id:ua", "email:ea", minute=5))

    assert [each.message_id for each in found.assertions] == ["copy", "user_id:ua+email:ea@5"]
    assert groups("user_id:ub email:ea") < people(found)


def test_a_cluster_is_what_assertions_connect_accepted_or_refused() -> None:
    found = solve(says("user_id:ua", "email:ea"), says("user_id:ub", "email:ea", minute=1), says("card:la", minute=2))

    assert {frozenset(map(str, each)) for each in found.clusters} == groups("user_id:ua email:ea user_id:ub", "card:la")


def test_the_root_is_identified_first_then_oldest_then_of_the_smallest_id() -> None:
    found = solve(
        says("email:ea", "anonymous_id:na", minute=0), says("email:eb", "user_id:ua", minute=1), says("email:ea", "email:eb", minute=2)
    )
    first = first_assertions(found.assertions, found.facts)

    def root(*texts: str) -> str:
        return str(root_of(ids(*texts), first, found.facts, LOOSE, id_of))

    assert root("email:ea", "email:eb", "user_id:ua") == "user_id:ua"
    assert root("email:eb", "email:ea") == "email:ea"
    assert root("email:ea", "anonymous_id:na") == str(min(ids("email:ea", "anonymous_id:na"), key=id_of))
    assert first[Identifier("email", "ea")] == NOON
