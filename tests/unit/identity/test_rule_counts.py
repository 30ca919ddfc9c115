"""The counts of a change of rules: people as the reference lists them, and what the new rules take away because it is blocked."""

from random import Random

import pytest

from ariane.errors import Rejected
from ariane.events.lines import line_of, read_line
from ariane.events.model import Event
from ariane.identity.files import EventFile
from ariane.identity.rule_blocking import OTHERWISE, Blocked, Namespaced
from ariane.identity.rule_change import RuleChange, compared
from ariane.identity.rule_change_views import view_of
from ariane.identity.rule_differences import change
from ariane.identity.rule_evidence import Stored
from ariane.identity.rules import Rules
from tests.builders.profiles import NOON
from tests.builders.rule_changes import KINDS, a_document, a_message
from tests.unit.identity.test_rule_change import changed, rules, said


def some_lines(random: Random, count: int) -> list[bytes]:
    messages = (a_message(random, number) for number in range(count))
    return [line_of(message, kind=KINDS[source], source=source, received_at=NOON) for message, source in messages]


def people_in(lines: list[bytes], under: Rules) -> int:
    """As ``ariane identity resolve`` lists them."""
    found = EventFile(under)
    for line in lines:
        found.add(line)
    return len(found.report()["profiles"])


def events_of(lines: list[bytes], *either: Rules) -> list[Event]:
    found = []
    for line in lines:
        for each in either:
            try:
                event = read_line(line, each)
            except Rejected:
                continue
            found += [event.event] if event else []
            break
    return found


@pytest.mark.parametrize("seed", range(150))
def test_people_are_counted_as_the_reference_lists_them_later_selves_of_shared_devices_too(seed: int) -> None:
    random = Random(seed)
    before, after = (Rules.from_document(a_document(random)) for _ in range(2))
    lines = some_lines(random, random.randint(1, 25))
    events = events_of(lines, before, after)
    found = compared(lambda: events, before=before, after=after, stored=Stored())
    counts = change(lambda: events, found).counts
    assert (counts["people_before"], counts["people_after"]) == (people_in(lines, before), people_in(lines, after))


def test_a_tablet_on_which_two_log_in_is_a_person_more_once_somebody_uses_it_logged_out() -> None:
    events = [said(message_id=f"m{each}", minute=each, userId=f"u{each}", anonymousId="tablet") for each in (1, 2)]
    assert changed(events, rules()).people_after == 2
    alone = said(message_id="m3", minute=3, anonymousId="tablet")
    assert changed([*events, alone], rules()).people_after == 3


def a_till(*, cards: int = 3) -> list[Event]:
    tills = [said(message_id=f"t{each}", userId=f"u{each}", traits={"email": f"till-{each % 2}@shop.fr"}) for each in range(4)]
    return [*tills, *(said(message_id=f"c{each}", userId=f"u{each}", traits={"email": f"a{each}@x.fr"}) for each in range(cards))]


def test_what_is_blocked_is_counted_by_identifiers_events_people_and_patterns() -> None:
    new = rules(blocked={"patterns": ["^till-1", "^till-"], "values": ["a0@x.fr"]})
    assert changed(a_till(), new).blocked == Blocked(
        identifiers=3,
        events=5,
        people=2,
        by={OTHERWISE: 1, "^till-": 1, "^till-1": 1},
        namespaces=(Namespaced(namespace="email", blocked=3, named=5),),
    )
    assert changed(a_till(), rules()).blocked == Blocked()
    assert changed(a_till(), rules(namespaces={"email": None})).blocked == Blocked()


def test_an_event_that_loses_two_is_counted_once() -> None:
    event = said(message_id="m1", userId="u1", traits={"email": "x@x.fr", "card": "x1"})
    found = changed([event], rules(blocked={"patterns": ["^x"]})).blocked
    assert (found.identifiers, found.events, found.people) == (2, 1, 1)


def warnings(found: RuleChange) -> list[str]:
    return [each["message"] for each in view_of(found, limit=5)["warnings"]]


def test_a_pattern_that_takes_more_than_one_in_a_hundred_is_warned_of() -> None:
    new = rules(blocked={"patterns": ["^till-1"]})
    (warning,) = warnings(changed(a_till(cards=96), new))
    assert warning == (
        "1 of 98 email identifiers (1.0 %) would be blocked: 2 events (2.0 %) and 1 person would lose one. By pattern: ^till-1 1. "
        "If that is not meant, make the pattern narrower"
    )
    assert warnings(changed(a_till(cards=196), new)) == []
    assert warnings(changed(a_till(), rules())) == []


def test_one_value_that_is_in_more_than_one_in_a_hundred_events_is_warned_of() -> None:
    tills = [said(message_id=f"t{each}", userId=f"u{each}", traits={"email": "till@shop.fr"}) for each in range(30)]
    events = [*tills, *(said(message_id=f"c{each}", userId=f"v{each}", traits={"email": f"a{each}@x.fr"}) for each in range(170))]
    (warning,) = warnings(changed(events, rules(blocked={"values": ["till@shop.fr"]})))
    assert warning.startswith("1 of 171 email identifiers (0.6 %) would be blocked: 30 events (15.0 %) and ")


def test_lists_are_bounded_and_the_counts_whole() -> None:
    events = [said(message_id=f"m{each}", userId=f"u{each}", traits={"email": f"till-{each}@x.fr"}) for each in range(30)]
    view = view_of(changed(events, rules(blocked={"patterns": ["^till-"]})), limit=7)
    assert (view["counts"]["blocked_identifiers"], len(view["identifiers_stopped"])) == (30, 7)
    assert view_of(changed(events, rules(blocked={"patterns": ["^till-"]})), limit=None)["identifiers_stopped"][29]


def test_a_link_of_what_is_blocked_is_not_accepted_for_being_refused_no_more() -> None:
    tills = [said(message_id=f"t{each}", userId=f"u{each}", traits={"email": "till@shop.fr"}) for each in range(5)]
    assert changed(tills, rules(), before=rules(spread=2)).counts["no_longer_demoted"] == 1
    blocking = rules(spread=2, blocked={"values": ["till@shop.fr"]})
    assert changed(tills, blocking, before=rules(spread=2)).counts["no_longer_demoted"] == 0
