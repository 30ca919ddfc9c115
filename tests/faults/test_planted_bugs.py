"""The simulator finds what people get wrong, each planted bug within a stated number of seeds: an audit that lets one of them pass proves
nothing about the product."""

import pytest

from tests.faults.planted import PLANTED, Planted
from tests.faults.planted_identity import IDENTITY
from tests.faults.planted_segments import SEGMENTS
from tests.faults.simulator import Case, run

EVERY = (*PLANTED, *IDENTITY, *SEGMENTS)


@pytest.mark.parametrize("planted", EVERY, ids=lambda planted: planted.name)
def test_the_simulator_finds(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.plant(monkeypatch)
    for seed in range(planted.within):
        if any(planted.finding in problem for problem in run(Case(seed=seed, profile=planted.profile)).problems):
            return
    pytest.fail(f"not found within {planted.within} seeds of {planted.profile!r}")


@pytest.mark.parametrize("profile", sorted({planted.profile for planted in EVERY}))
def test_nothing_is_found_where_nothing_is_planted(profile: str) -> None:
    assert run(Case(seed=0, profile=profile)).problems == []
