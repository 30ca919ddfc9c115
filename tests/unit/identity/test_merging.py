"""Which root wins, and that the order in which assertions arrive does not decide who is one person."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.identity.merging import decide_merge
from ariane.identity.model import Head
from ariane.identity.rules import Identifier
from tests.builders.identity import assertion, head
from tests.builders.profiles import RULES, Stack, item, prs, track

USER, EMAIL, CARD = (Identifier.parse(text) for text in ("user_id:u1", "email:a@b.fr", "loyalty_card:L1"))
IDS = {each: prs(str(each)) for each in (USER, EMAIL, CARD)}
SAID = assertion("user_id:u1", "email:a@b.fr", "loyalty_card:L1", minute=5)


def winner(*heads: tuple[Identifier, Head]) -> str | None:
    plan = decide_merge(dict(heads), SAID, rules=RULES, ids=IDS, cause="c")
    return str(plan.winner.identifier) if plan else None


def fresh(identifier: Identifier) -> tuple[Identifier, Head]:
    return identifier, Head(person_id=IDS[identifier])


def test_the_identified_root_wins_over_an_older_one() -> None:
    assert winner((EMAIL, head("email:a@b.fr", version=1, minute=0)), fresh(USER)) == "user_id:u1"


def test_among_equals_the_oldest_first_assertion_wins_then_the_id() -> None:
    assert winner((EMAIL, head("email:a@b.fr", minute=2)), (CARD, head("loyalty_card:L1", minute=1))) == "loyalty_card:L1"
    tied = winner(fresh(EMAIL), fresh(CARD))
    assert tied == str(min((EMAIL, CARD), key=lambda each: IDS[each]))


def test_one_root_needs_no_merge() -> None:
    root = head("user_id:u1", version=3)
    assert winner((USER, root), (EMAIL, root)) is None


def test_a_root_that_the_event_does_not_name_keeps_what_is_stored() -> None:
    elsewhere = head("user_id:other", version=4, is_identified=True, minute=9)
    plan = decide_merge({EMAIL: elsewhere, CARD: Head(person_id=IDS[CARD])}, SAID, rules=RULES, ids=IDS, cause="c")
    assert plan is not None
    assert plan.winner == elsewhere
    assert plan.absorbed == (head("loyalty_card:L1", minute=5),)
    assert plan.transition.absorbed == (IDS[CARD],)


SETS = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=3, unique=True), min_size=1, max_size=8)


def deliver(sets: list[list[int]], order: list[int]) -> list[frozenset[str]]:
    stack = Stack()
    for place in order:
        external = [{"type": "loyalty_card", "id": f"L{number}"} for number in sets[place]]
        stack.deliver(item(track(message_id=f"m{place}", minute=place, anonymousId=None, context={"externalIds": external})))
    people = {frozenset(stack.profile(f"loyalty_card:L{number}").identifiers.values()) for each in sets for number in each}
    return sorted(people, key=sorted)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_who_is_one_person_depends_on_the_assertions_alone(data: st.DataObject) -> None:
    sets = data.draw(SETS)
    order = data.draw(st.permutations(range(len(sets))))
    partition = deliver(sets, list(range(len(sets))))
    assert deliver(sets, list(order)) == partition
    assert sum(len(each) for each in partition) == len({number for each in sets for number in each})
