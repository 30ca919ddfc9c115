"""Waiting for states."""

import pytest

from cli.waiting import StateMissing, wait_for


def test_the_first_answer_that_is_there_is_returned() -> None:
    answers = iter([None, None, "there"])

    assert wait_for("it", lambda: next(answers)) == "there"


def test_a_state_that_does_not_come_is_named() -> None:
    with pytest.raises(StateMissing, match="the welcome e-mail"):
        wait_for("the welcome e-mail", lambda: None, patience=0.0)
