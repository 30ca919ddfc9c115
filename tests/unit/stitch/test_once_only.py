"""With a ring of two entries, so that most copies are older than it remembers: every event counts once all the same."""

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.profiles import once
from ariane.profiles.stitching import StreamRecord
from tests.builders.profiles import Stack, item, track

REQUESTS = st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=5), min_size=1, max_size=14)
"""Each request names the events that it carries; an event's number is also its minute."""


def is_now(data: st.DataObject) -> bool:
    return data.draw(st.booleans())


@given(st.data())
@settings(max_examples=250, deadline=None)
def test_whatever_requests_carry_copies_in_whatever_order_each_event_is_applied_and_shown_once(data: st.DataObject) -> None:
    requests = data.draw(REQUESTS)
    delays = data.draw(st.lists(st.integers(-5, 60), min_size=len(requests), max_size=len(requests)))
    stack = Stack()
    records: list[StreamRecord] = []
    with patch.object(once, "RING", 2), patch.object(once, "LATE_RING", 1):
        for place, (numbers, delay) in enumerate(zip(requests, delays, strict=True)):
            messages = [track(message_id=f"m{number}", minute=number * 7) for number in numbers]
            records += stack.write(item(*messages, salt=str(place), received_minute=delay))
            while records and is_now(data):
                size: int = data.draw(st.integers(1, len(records)))
                for _ in range(data.draw(st.integers(1, 2))):
                    stack.stitch(records[:size])
                del records[:size]
        stack.stitch(records)
    distinct = {number for numbers in requests for number in numbers}
    assert sorted(stack.timeline()) == sorted(f"m{number}" for number in distinct)
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == len(distinct)
    assert {fact["messageId"] for fact in stack.announced("Event")} == {f"m{number}" for number in distinct}
