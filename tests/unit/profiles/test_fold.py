"""Folding: the same profile for any order of fragments, any partition of events into deliveries, and any redelivery."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.events.model import Event, Message, event_of
from ariane.instants import format_instant
from ariane.profiles.applying import MAX_TRAIT_BYTES, MAX_TRAITS, apply
from ariane.profiles.fold import fold
from ariane.profiles.fragments import Fragment, decode, encode
from ariane.profiles.once import RING, Recent, Verdict
from tests.builders.profiles import NOON, Stack, identify, item, track


def event(message: Message) -> Event:
    return event_of(item(message), message)


VALUES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y"]) | st.just({"city": "Lyon"})
MESSAGES = st.lists(
    st.builds(
        lambda minute, who, name, traits: (minute, who, name, traits),
        st.integers(0, 5),
        st.sampled_from(["a1", "a2"]),
        st.sampled_from(["Viewed", "Added"]),
        st.dictionaries(st.sampled_from(["t", "u"]), VALUES, max_size=2),
    ),
    max_size=14,
)


def messages_of(drawn: list[Any]) -> list[Message]:
    return [
        track(name, message_id=f"m{place}", minute=minute, anonymousId=who, context={"traits": traits})
        for place, (minute, who, name, traits) in enumerate(drawn)
    ]


def folded(stack: Stack) -> Any:
    fragments = [
        stored.fragment
        for stored in stack.fragments.load([item(track(message_id="x", anonymousId=who)).person_id for who in ("a1", "a2")]).values()
    ]
    one_way = fold("prs_root", {}, fragments, version=0)
    assert fold("prs_root", {}, reversed(fragments), version=0) == one_way
    return one_way


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_any_order_and_any_partition_into_redelivered_batches_folds_to_the_same_profile(data: st.DataObject) -> None:
    messages = messages_of(data.draw(MESSAGES))
    expected = Stack()
    expected.deliver(*(item(message) for message in messages))
    stack = Stack()
    records = stack.write(*(item(message) for message in data.draw(st.permutations(messages))))
    while records:
        size = data.draw(st.integers(1, len(records)))
        for _ in range(data.draw(st.integers(1, 2))):
            stack.stitch(records[:size])
        records = records[size:]
    assert folded(stack) == folded(expected)
    assert sorted(stack.timeline()) == sorted(message["messageId"] for message in messages)


@given(MESSAGES)
def test_a_fragment_survives_its_encoding(drawn: list[Any]) -> None:
    fragment = apply(Fragment(person_id="prs_a"), [event(message) for message in messages_of(drawn)])
    assert decode("prs_a", encode(fragment)) == fragment


def test_a_removed_trait_stays_removed_when_an_older_value_comes_late() -> None:
    late = apply(Fragment(person_id="p"), [event(identify(message_id="2", minute=2, userId="u", traits={"city": None, "age": 3}))])
    both = apply(late, [event(identify(message_id="1", minute=1, userId="u", traits={"city": "Lyon"}))])
    assert fold("p", {}, [both], version=0).traits == {"age": 3}


def test_the_latest_value_wins_over_all_fragments_and_an_empty_text_is_a_value() -> None:
    one = apply(Fragment(person_id="p"), [event(identify(message_id="1", minute=5, userId="u", traits={"city": ""}))])
    other = apply(Fragment(person_id="q"), [event(identify(message_id="2", minute=1, userId="v", traits={"city": "Lyon"}))])
    assert fold("p", {}, [one, other], version=0).traits == {"city": ""}


def test_pages_screens_and_groups_have_their_own_counters() -> None:
    base = {"timestamp": format_instant(NOON), "userId": "u"}
    kinds = [{"type": kind, "messageId": kind, "name": "Home", "groupId": "g1", **base} for kind in ("page", "screen", "group", "identify")]
    profile = fold("p", {}, [apply(Fragment(person_id="p"), [event(message) for message in kinds])], version=0)
    assert set(profile.occurrences) == {"$page", "$screen"}
    assert profile.groups == {"g1": NOON}


def test_what_exceeds_a_fragments_bounds_is_kept_out_and_counted() -> None:
    traits = {"big": "x" * (MAX_TRAIT_BYTES + 1), **{f"t{number}": number for number in range(MAX_TRAITS + 3)}}
    names = [track(f"Event {number}", message_id=f"m{number}") for number in range(205)]
    fragment = apply(Fragment(person_id="p"), [event(identify(message_id="i", userId="u", traits=traits)), *map(event, names)])
    assert fragment.overflow == {"trait_size": 1, "trait_count": 3, "event_names": 5}
    filled = apply(fragment, [event(identify(message_id="j", minute=1, userId="u", traits={f"t{n}": "y" * 2_000 for n in range(100)}))])
    assert len(encode(filled)) < 80_000


def test_the_ring_forgets_the_oldest_and_says_when_it_is_unsure() -> None:
    events = [event(track(message_id=f"m{number}", minute=number)) for number in range(RING + 2)]
    recent = Recent()
    for each in events:
        assert recent.judge(each) is Verdict.FRESH
        recent = recent.remember(each)
    assert recent.judge(events[-1]) is Verdict.APPLIED
    assert recent.judge(events[1]) is Verdict.UNSURE
    assert recent.judge(event(track(message_id="new", minute=1.5))) is Verdict.FRESH


def test_an_event_from_the_future_is_looked_up_and_does_not_blind_the_ring() -> None:
    recent = Recent()
    far = track(message_id="far", originalTimestamp="2031-01-01T00:00:00.000Z")
    recent = recent.remember(event(far))
    for number in range(RING):
        recent = recent.remember(event(track(message_id=f"m{number}", minute=number)))
    assert recent.judge(event(far)) is Verdict.UNSURE
    after = event_of(item(track(message_id="n", minute=6_500), received_minute=7_000), track(message_id="n", minute=6_500))
    assert after.timestamp > NOON + timedelta(days=4)
    assert recent.judge(after) is Verdict.FRESH
