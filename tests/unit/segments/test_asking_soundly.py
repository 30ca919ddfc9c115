"""Who is not asked about would not have been changed: neither a stranger nor anybody else, under any segments."""

from datetime import timedelta
from random import Random
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from ariane.events.model import Message
from ariane.segments.evaluating import Asked
from tests.builders.profiles import NOON, item
from tests.builders.segments import SegmentWorld, segment, view_of
from tests.reference import histories, random_conditions
from tests.reference.histories import DAY

WHO: list[dict[str, Any]] = [
    *[{"anonymousId": each} for each in ("a1", "a1", "a2", "a3", "a4")],
    {"userId": "u1"},
    {"userId": "u2", "anonymousId": "a1"},
    {"anonymousId": "a5", "context": {"traits": {"email": "a@b.example"}}},
]


def _said(random: Random, number: int) -> Message:
    made = histories.message(random, number, random.randint(histories.NOON - 40 * DAY, histories.NOON))
    del made["userId"]
    return {**made, **random.choice(WHO)}


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_an_evaluation_that_is_not_asked_for_would_change_nothing(random: Random) -> None:
    defined = random_conditions.definitions(random).segments
    here = SegmentWorld(view_of(*(segment(name, condition) for name, condition in defined.items())))
    here.now = NOON + timedelta(days=random.choice((0, 1, 30)))
    for number in range(random.randint(1, 8)):
        written = item(_said(random, number))
        here.happen(written)
        asked = Asked(person=written.person_id, cause="nobody")
        assert here.evaluator.evaluate([asked]) == 0, (defined, written.messages)
