"""Bugs of segments as people make them: each is found within so many seeds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ariane.profiles.fragment_sums import total as summed
from ariane.profiles.fragments import Fragment
from ariane.segments import deciding, evaluating, worker
from tests.faults.planted import Planted


def _never_due(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deciding, "_due", lambda found, *, is_unsure: None)


def _parts_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(worker, "_parts", lambda job: [])


def _absorbed_rows_are_left(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(evaluating.Evaluator, "_of_theirs", lambda self, profile, ids: [])


def _series_are_not_folded(patch: pytest.MonkeyPatch) -> None:
    def total(fragments: Any) -> Fragment:
        every = list(fragments)
        return replace(summed(every), observed=every[0].observed if every else {})

    patch.setattr("ariane.profiles.fold.total", total)


SEGMENTS: Sequence[Planted] = (
    Planted("nobody is due", _never_due, "segments", 10, "seg:"),
    Planted("who was parted is forgotten", _parts_are_forgotten, "segments undone", 20, "seg:"),
    Planted("the row of who was absorbed is left", _absorbed_rows_are_left, "segments", 10, "seg:"),
    Planted("the series of one fragment are all that is read", _series_are_not_folded, "segments", 10, "seg:"),
)
