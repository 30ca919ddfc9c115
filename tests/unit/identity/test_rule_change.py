"""What a change of rules would do, on hand-made logs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ariane.events.model import Event, SourceKind, event_of
from ariane.identity.epochs import Reason, is_later
from ariane.identity.linking import assertion_of
from ariane.identity.model import OPERATOR, Assertion, Split
from ariane.identity.rule_change import Regrouped, RuleChange, compared, rewritten
from ariane.identity.rule_differences import change
from ariane.identity.rule_evidence import Stored, Turn, renormalised
from ariane.identity.rules import Identifier, Rules
from tests.builders.events import a_log_item
from tests.builders.identity_worlds import ids, says
from tests.builders.profiles import NOON, identify, track

NAMESPACES: Mapping[str, Any] = {
    "user_id": {"priority": 1, "unique": True},
    "email": {"priority": 2, "limit": 5, "normalise": "email"},
    "card": {"priority": 4, "limit": 3},
    "anonymous_id": {"priority": 9, "limit": "none", "device": True},
}


def rules(*, namespaces: Mapping[str, Any] | None = None, **fields: Any) -> Rules:
    named = {**NAMESPACES, **(namespaces or {})}
    return Rules.from_document({"namespaces": {name: body for name, body in named.items() if body is not None}, **fields})


def said(*, message_id: str, minute: float = 0, kind: SourceKind = SourceKind.SERVER, **fields: Any) -> Event:
    message = identify(message_id=message_id, minute=minute, **fields)
    return event_of(a_log_item(message, kind=kind, source=str(kind)), message)


def seen(*, message_id: str, minute: float = 0, **fields: Any) -> Event:
    message = track(message_id=message_id, minute=minute, **fields)
    return event_of(a_log_item(message), message)


def changed(
    events: list[Event], after: Rules, *, before: Rules | None = None, stored: Stored | None = None, splits: Any = ()
) -> RuleChange:
    found = compared(lambda: events, before=before or rules(), after=after, stored=stored or Stored(), splits=splits)
    return change(lambda: events, found)


TILL = [
    said(message_id="m1", minute=1, anonymousId="a1", traits={"email": "till@shop.fr"}),
    said(message_id="m2", minute=2, anonymousId="a2", traits={"email": "till@shop.fr"}),
    seen(message_id="m3", minute=3, anonymousId="a1"),
]


def test_the_same_rules_change_nothing() -> None:
    found = changed(TILL, rules())
    assert (found.events, found.assertions, found.people_before, found.people_after) == (3, 2, 1, 1)
    assert not any(value for name, value in found.counts.items() if name not in ("events", "assertions", "people_before", "people_after"))


def test_a_blocked_value_parts_those_whom_it_linked_and_their_events_go_home() -> None:
    found = changed(TILL, rules(blocked={"values": ["till@shop.fr"]}))
    assert found.splits == [Regrouped((ids("anonymous_id:a1"), ids("anonymous_id:a2")))]
    assert (found.merges, found.people_before, found.people_after) == ([], 1, 2)
    assert [(str(each.identifier), each.turn, each.events) for each in found.stopped] == [("email:till@shop.fr", Turn.BLOCKED, 2)]
    moved = [(str(each.before), str(each.after), each.events) for each in found.rehomed]
    assert moved == [("email:till@shop.fr", "anonymous_id:a1", 1), ("email:till@shop.fr", "anonymous_id:a2", 1)]


def test_an_event_that_names_nobody_any_more_stays_where_it_lies() -> None:
    alone = [said(message_id="m1", traits={"email": "till@shop.fr"})]
    (moved,) = changed(alone, rules(blocked={"values": ["till@shop.fr"]})).rehomed
    assert (str(moved.before), moved.after, moved.events) == ("email:till@shop.fr", None, 1)


def test_a_value_that_is_blocked_no_more_joins_and_begins_to_identify() -> None:
    found = changed(TILL, rules(), before=rules(blocked={"values": ["till@shop.fr"]}))
    assert found.merges == [Regrouped((ids("anonymous_id:a1"), ids("anonymous_id:a2")))]
    assert [(str(each.identifier), each.turn, each.events) for each in found.begun] == [("email:till@shop.fr", Turn.BLOCKED, 2)]


CARDS = [said(message_id=f"c{number}", minute=number, userId="u1", traits={"card": f"k{number}"}) for number in (1, 2, 3)]


def test_a_lower_limit_demotes_the_latest_and_a_higher_one_takes_them_in() -> None:
    low = rules(namespaces={"card": {"priority": 4, "limit": 2}})
    found = changed(CARDS, low)
    assert found.splits == [Regrouped((ids("card:k1", "card:k2", "user_id:u1"), ids("card:k3")))]
    assert [(each.assertion.message_id, str(each.identifier), each.reason) for each in found.demoted] == [("c3", "card:k3", Reason.LIMIT)]
    assert found.rehomed == []
    back = changed(CARDS, rules(), before=low)
    assert back.merges == [Regrouped((ids("card:k1", "card:k2", "user_id:u1"), ids("card:k3")))]
    assert (len(back.accepted), back.demoted) == (1, [])


def test_another_normaliser_makes_two_spellings_one_person() -> None:
    events = [said(message_id="m1", userId="u1", traits={"card": "K1"}), said(message_id="m2", traits={"card": "k1"})]
    found = changed(events, rules(namespaces={"card": {"priority": 4, "normalise": "lower"}}))
    assert found.merges == [Regrouped((ids("card:k1"), ids("card:k1", "user_id:u1")))]
    (stopped,) = found.stopped
    assert (str(stopped.identifier), stopped.turn, str(stopped.becomes)) == ("card:K1", Turn.NORMALISER, "card:k1")
    assert found.begun == []


def test_a_normaliser_taken_away_reads_the_events_as_they_were_sent() -> None:
    events = [said(message_id="m1", userId="u1", traits={"card": "K1"}), said(message_id="m2", traits={"card": "k1"})]
    found = changed(events, rules(), before=rules(namespaces={"card": {"priority": 4, "normalise": "lower"}}))
    (stopped,) = found.stopped
    assert (str(stopped.identifier), stopped.turn, str(stopped.becomes), stopped.events) == ("card:k1", Turn.NORMALISER, "card:K1", 1)
    assert (found.begun, found.people_before, found.people_after) == ([], 1, 2)


def test_a_new_namespace_finds_its_values_in_old_events() -> None:
    events = [
        said(message_id="m1", userId="u1", traits={"member": "7"}),
        said(message_id="m2", anonymousId="a1", traits={"member": "7"}),
    ]
    found = changed(events, rules(namespaces={"member": {"priority": 3}}))
    assert found.merges == [Regrouped((ids("anonymous_id:a1"), ids("user_id:u1")))]
    assert [(str(each.identifier), each.turn) for each in found.begun] == [("member:7", Turn.NAMESPACE)]
    gone = changed(events, rules(), before=rules(namespaces={"member": {"priority": 3}}))
    assert gone.splits == [Regrouped((ids("anonymous_id:a1"), ids("user_id:u1")))]
    assert [each.turn for each in gone.stopped] == [Turn.NAMESPACE]


def test_a_trait_that_is_read_no_more_identifies_no_more() -> None:
    (stopped,) = changed(CARDS[:1], rules(namespaces={"card": {"priority": 4, "traits": []}})).stopped
    assert (str(stopped.identifier), stopped.turn) == ("card:k1", Turn.PLACE)


def test_a_namespace_that_becomes_a_device_is_shared_from_its_second_account_on() -> None:
    events = [
        said(message_id="m1", minute=1, userId="u1", traits={"card": "k1"}),
        said(message_id="m2", minute=2, userId="u2", traits={"card": "k1"}),
        said(message_id="m3", minute=3, traits={"card": "k1"}),
    ]
    found = changed(events, rules(namespaces={"card": {"priority": 4, "limit": "none", "device": True}}))
    assert found.shared_devices == list(ids("card:k1"))
    (moved,) = found.rehomed
    assert moved.before == Identifier("card", "k1")
    assert moved.after is not None
    assert is_later(moved.after)


def test_a_lower_spread_makes_hubs() -> None:
    events = [said(message_id=f"m{each}", minute=each, userId=f"u{each}", traits={"email": "office@shop.fr"}) for each in range(3)]
    found = changed(events, rules(spread=2))
    assert found.hubs == list(ids("email:office@shop.fr"))
    assert [each.reason for each in found.demoted] == [Reason.HUB]


def test_other_priorities_give_events_another_home() -> None:
    found = changed(CARDS[:1], rules(namespaces={"card": {"priority": 1}, "user_id": {"priority": 4, "unique": True}}))
    assert [(str(each.before), str(each.after)) for each in found.rehomed] == [("user_id:u1", "card:k1")]
    assert (found.merges, found.splits, found.demoted) == ([], [], [])


def test_a_cluster_too_large_for_an_event_to_wait_is_told() -> None:
    events = [said(message_id=f"m{each}", minute=each, userId=f"u{each % 2}", traits={"card": f"k{each}"}) for each in range(502)]
    wide = {"card": {"priority": 4, "limit": "none"}}
    tied = [*events, said(message_id="tie", minute=600, userId="u0", traits={"card": "k1"})]
    before = rules(namespaces={"user_id": {"priority": 1, "limit": "none"}, **wide}, component_limit=1000)
    found = changed(tied, rules(namespaces=wide, component_limit=1000), before=before)
    (large,) = found.quarantined
    assert len(large) == 504
    assert changed(tied, before, before=rules(namespaces=wide, component_limit=1000)).quarantined == []


# what outlives the log


def stored(assertion: Assertion) -> Stored:
    return Stored(assertions=[assertion])


def test_an_expired_events_assertion_is_read_from_what_is_stored_and_a_logged_ones_from_the_log() -> None:
    expired = says("email:till@shop.fr", "anonymous_id:a3", minute=-9, source="backend", order_by=rules())
    found = changed(TILL, rules(blocked={"values": ["till@shop.fr"]}), stored=stored(expired))
    assert found.splits == [Regrouped((ids("anonymous_id:a1"), ids("anonymous_id:a2"), ids("anonymous_id:a3")))]
    known = assertion_of(TILL[0], ids("email:till@shop.fr", "anonymous_id:a1"))
    assert changed(TILL, rules(), stored=stored(known)).assertions == 2


def test_an_operators_link_stands_under_new_rules() -> None:
    link = replace(says("email:a@shop.fr", "anonymous_id:a9"), source=OPERATOR, by="lea", why="asked at the desk", is_trusted=True)
    found = changed(TILL, rules(component_limit=49), stored=stored(link))
    assert found.people_before == found.people_after == 2


def test_splits_stand_under_new_spellings() -> None:
    lower = rules(namespaces={"card": {"priority": 4, "normalise": "lower"}})
    split = Split(id="spl_1", left=frozenset(ids("card:K1")), right=frozenset(ids("card:K2")), at=NOON, by="lea", why="two")
    events = [
        said(message_id="m1", userId="u1", traits={"card": "K1"}),
        said(message_id="m2", minute=1, userId="u1", traits={"card": "K2"}),
    ]
    found = changed(events, lower, splits=[split])
    assert (found.splits, found.merges, found.demoted) == ([], [], [])
    both = replace(split, right=frozenset(ids("card:k1")))
    assert rewritten(both, lower) == replace(both, left=frozenset(ids("card:K1")), right=frozenset(ids("card:k1")))


def test_what_is_stored_is_normalised_by_the_new_rules() -> None:
    told = says("email:a@shop.fr", "card:K1", "anonymous_id:a1", source="till")
    lower = rules(namespaces={"card": {"priority": 1, "normalise": "lower"}, "user_id": None})
    again = renormalised(told, lower, kinds={})
    assert again is not None
    assert [str(each) for each in again.identifiers] == ["card:k1", "email:a@shop.fr", "anonymous_id:a1"]
    of_store = renormalised(told, lower, kinds={"till": SourceKind.STORE})
    assert of_store is not None
    assert [str(each) for each in of_store.identifiers] == ["card:k1", "email:a@shop.fr"]
    assert renormalised(told, rules(namespaces={"card": None, "anonymous_id": None}), kinds={}) is None
