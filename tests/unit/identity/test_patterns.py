"""Which patterns may run on what the public sends."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ariane.identity.patterns import LONGEST_VALUE, MOST_STEPS, cost_of, fault_of


@pytest.mark.parametrize(
    "text",
    [
        "^test-",
        "@mailinator[.]com$",
        "@(mailinator|guerrillamail|trashmail)[.][a-z]+$",
        "(?i)^(test|demo|qa)[-_ ]?[0-9]*@",
        "^.*@test[.].*$",
        "(?:foo|bar){1,2}",
        "^[0-9]{6}$",
        "a++b",
        "(?=.*a)^x",
        "[a-z]{100}x",
    ],
)
def test_what_people_block_is_allowed(text: str) -> None:
    assert fault_of(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (".*", "matches an empty text"),
        ("", "matches an empty text"),
        ("x*", "matches an empty text"),
        ("^$", "matches an empty text"),
        ("(test)?", "matches an empty text"),
        (".", "matches everything"),
        ("^.+$", "matches everything"),
        ("[^ ]", "matches everything"),
        ("(?s)^..", "matches everything"),
        ("[a-zA-Z0-9]|@", "matches everything"),
        ("(a+)+$", "too long"),
        ("(?:a|aa)+$", "too long"),
        ("^(?:a?){30}a{30}$", "too long"),
        ("(?:a?b?){2,}x", "too long"),
        ("(?:.*x){3}", "too long"),
        (".*.*.*x", "too long"),
        ("[0-9]+-[0-9]+", "too long"),
        (r"(.)\1", "too long"),
        ("(?:a|b(?:c|d(?:e|f){9}){9}){9}", "too long"),
        ("(?:){60000}x", "too long"),
        ("(?:(?:^){60000}){60000}x", "too long"),
        ("(", "is not a regular expression"),
        ("a{99999999999}", "is not a regular expression"),
        ("[", "is not a regular expression"),
        ("(?P<a>x)(?P<a>y)", "is not a regular expression"),
        ("x" * 201, "more than 200 characters"),
    ],
)
def test_what_blocks_everything_or_takes_for_ever_is_refused(text: str, why: str) -> None:
    assert why in (fault_of(text) or "")


PARTS = st.sampled_from(
    ["a", "b", ".", "[ab]", "a?", "a+", "b*", ".{2,5}", "(?:a|b)", "(?:a|ab|b)", "(?:ab){2,4}", "(?:a|ab){1,3}", "(?=.*a)"]
)
PATTERNS = st.builds(
    lambda anchor, parts, end: anchor + "".join(parts) + end,
    st.sampled_from(["", "^"]),
    st.lists(PARTS, min_size=1, max_size=8),
    st.just("X"),
)
HOSTILE = ("a" * LONGEST_VALUE, "ab" * (LONGEST_VALUE // 2), "aab" * (LONGEST_VALUE // 3), "a" * (LONGEST_VALUE - 1) + "Y")


@settings(max_examples=150, deadline=None)
@given(PATTERNS)
def test_what_is_allowed_ends_soon_on_hostile_values(text: str) -> None:
    if fault_of(text) is not None:
        return
    compiled = re.compile(text)
    for value in HOSTILE:
        began = time.process_time()
        compiled.search(value)
        assert time.process_time() - began < 0.5, text


@settings(max_examples=200, deadline=None)
@given(PATTERNS)
def test_no_allowed_pattern_may_take_more_steps_than_the_bound(text: str) -> None:
    if fault_of(text) is None:
        cost = cost_of(text)
        assert cost.factor * LONGEST_VALUE**cost.power <= MOST_STEPS
