"""Traits that one request sets twice within a millisecond, as a server's loop does."""

from itertools import permutations

from ariane.events.model import SourceKind
from tests.builders.profiles import Stack, identify, item, track


def test_of_two_settings_in_one_request_the_later_counts() -> None:
    stack = Stack()
    stack.deliver(
        item(
            identify(message_id="m1", userId="u1", traits={"plan": "trial", "city": "Lyon"}),
            identify(message_id="m2", userId="u1", traits={"plan": "gold"}),
            identify(message_id="m3", minute=-1, userId="u1", traits={"plan": "none"}),
            kind=SourceKind.SERVER,
        )
    )

    assert stack.profile("user_id:u1").traits == {"plan": "gold", "city": "Lyon"}


def test_context_traits_of_a_track_count_like_an_identify_s() -> None:
    stack = Stack()
    first = track(message_id="m1", userId="u1", context={"traits": {"plan": "trial"}})
    second = track(message_id="m2", userId="u1", context={"traits": {"plan": "gold"}})
    stack.deliver(item(first, second, kind=SourceKind.SERVER))

    assert stack.profile("user_id:u1").traits == {"plan": "gold"}


def test_the_order_in_which_requests_arrive_still_decides_nothing() -> None:
    batches = [
        [identify(message_id="a1", userId="u1", traits={"plan": "3"}), identify(message_id="a2", userId="u1", traits={"plan": "0"})],
        [identify(message_id="b1", userId="u1", traits={"plan": "2"})],
        [identify(message_id="c1", userId="u1", traits={"plan": "5"}), identify(message_id="c2", userId="u1", traits={"plan": "1"})],
    ]
    found = set()
    for order in permutations(batches):
        stack = Stack()
        for batch in order:
            stack.deliver(item(*batch, kind=SourceKind.SERVER))
        found.add(str(stack.profile("user_id:u1").traits))

    assert found == {"{'plan': '2'}"}
