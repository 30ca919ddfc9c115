"""Sealing and reading, with others at work between any two of their calls, or dying there."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.errors import ArianeError, Conflict, Rejected
from ariane.identity.jobs import SealJob
from ariane.profiles import sealing
from ariane.profiles.bundles import Bundle
from ariane.profiles.fragments import RoutedFragment, StoredFragment, encode
from ariane.profiles.model import Profile
from tests.builders.crowds import Crowd, expect_same
from tests.builders.profiles import prs

ANNA = "email:e1@b.fr"
BEN = "email:e2@b.fr"


class Killed(BaseException):
    pass


class Interrupted:
    """A port; what ``before`` and ``after`` do happens around its call number ``place``, counted over all ports that share ``calls``."""

    def __init__(self, inner: Any, calls: list[str], place: int, before: Callable[[], object], after: Callable[[], object]) -> None:
        self._inner, self._calls, self._place, self._before, self._after = inner, calls, place, before, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not callable(method):
            return method
        return partial(self._call, name, method)

    def _call(self, name: str, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self._calls.append(name)
        is_it = len(self._calls) - 1 == self._place
        if is_it:
            self._before()
        answer = method(*given, **named)
        if is_it:
            self._after()
        return answer


def _nothing() -> None:
    pass


def _crowd(seed: int = 3, *, is_sealed: bool = False) -> Crowd:
    """Anna has 30 devices, Ben 28; of some of Anna's something has happened since they were sealed."""
    crowd = Crowd(Random(seed))
    for _ in range(30):
        crowd.meet(ANNA)
    for _ in range(28):
        crowd.meet(BEN)
    if is_sealed:
        crowd.sealer().seal(prs(ANNA))
        crowd.sealer().seal(prs(BEN))
        for _ in range(6):
            crowd.meet(ANNA)
        for device in crowd.devices[ANNA][:4]:
            crowd.browse(device)
    return crowd


def _seal(crowd: Crowd) -> object:
    return crowd.sealer().seal(prs(ANNA))


def _wake(crowd: Crowd) -> object:
    for device in crowd.devices[ANNA][::5]:
        crowd.browse(device)
    return None


def _wake_all(crowd: Crowd) -> None:
    for device in (*crowd.devices[ANNA], *crowd.devices[BEN]):
        crowd.browse(device)


def _grow(crowd: Crowd) -> object:
    return crowd.meet(ANNA)


def _merge(crowd: Crowd) -> object:
    return crowd.meet(BEN, crowd.devices[ANNA][2])


def _part(crowd: Crowd) -> object:
    crowd.part([f"anonymous_id:{device}" for device in crowd.devices[ANNA][1:20:6]])
    return None


def _join_sealed(crowd: Crowd) -> object:
    _merge(crowd)
    return _seal(crowd)


def _reseal(crowd: Crowd) -> object:
    _part(crowd)
    return _seal(crowd)


OTHERS = (_seal, _wake, _grow, _merge, _part, _join_sealed, _reseal)


def _interrupt(crowd: Crowd, place: int, *, before: Callable[[], object] = _nothing, after: Callable[[], object] = _nothing) -> list[str]:
    calls: list[str] = []
    crowd.stack.identities = Interrupted(crowd.stack.identities, calls, place, before, after)
    crowd.stack.fragments = Interrupted(crowd.stack.fragments, calls, place, before, after)
    crowd.holdings = Interrupted(crowd.holdings, calls, place, before, after)  # type: ignore[assignment]
    return calls


def _plain(crowd: Crowd) -> Crowd:
    inner = Crowd(crowd.random, stack=crowd.stack, holdings=crowd.holdings, now=crowd.now, devices=crowd.devices)
    stack = crowd.stack
    inner.stack = type(stack)(
        identities=stack.identities,
        fragments=stack.fragments,
        log=stack.log,
        announcer=stack.announcer,
        rejects=stack.rejects,
        consents=stack.consents,
        replays=stack.replays,
        interest=stack.interest,
        sequence=stack.sequence + 1_000_000,
    )
    inner._number = crowd._number
    return inner


def _expect_right(crowd: Crowd) -> None:
    for each in (ANNA, BEN):
        crowd.expect_same(each)
    crowd.expect_sums()


@pytest.mark.parametrize("is_sealed", [False, True])
@pytest.mark.parametrize("then", [_seal, _join_sealed, _reseal])
def test_a_sealing_that_dies_anywhere_leaves_what_readers_and_the_next_one_can_use(
    then: Callable[[Crowd], object], is_sealed: bool
) -> None:
    def die() -> None:
        raise Killed

    place = 0
    while True:
        for side in ("before", "after"):
            crowd = _crowd(is_sealed=is_sealed)
            if then is _join_sealed:
                _merge(crowd)
            if then is _reseal:
                _part(crowd)
            plain = _plain(crowd)
            calls = _interrupt(crowd, place, **{side: die})
            with suppress(Killed):
                _seal(crowd)
            _expect_right(plain)
            _wake(plain)
            _expect_right(plain)
            _seal(plain)
            brief = plain.expect_same(ANNA)
            assert brief.at_rest is not None
            plain.expect_sums()
        if len(calls) <= place:
            break
        place += 1
    assert place > 10


@pytest.mark.parametrize("is_sealed", [False, True])
@pytest.mark.parametrize("other", OTHERS)
def test_whoever_works_between_two_calls_of_a_sealing_spoils_no_sum(other: Callable[[Crowd], object], is_sealed: bool) -> None:
    place = 0
    while True:
        crowd = _crowd(is_sealed=is_sealed)
        plain = _plain(crowd)
        calls = _interrupt(crowd, place, before=lambda plain=plain: other(plain))  # type: ignore[misc]
        with suppress(ArianeError):
            _seal(crowd)
        _expect_right(plain)
        _wake_all(plain)
        _expect_right(plain)
        _seal(plain)
        _wake_all(plain)
        _expect_right(plain)
        if len(calls) <= place:
            return
        place += 1


@pytest.mark.parametrize("other", OTHERS)
def test_a_brief_reading_is_of_one_moment(other: Callable[[Crowd], object]) -> None:
    """As before, or as after."""
    place = 0
    while True:
        crowd = _crowd(is_sealed=True)
        plain = _plain(crowd)
        before = _known(plain)
        calls = _interrupt(crowd, place, before=lambda plain=plain: other(plain))  # type: ignore[misc]
        found = crowd.reader.brief(prs(ANNA))
        if len(calls) <= place:
            return
        place += 1
        if found.version == before.version == plain.reader.snapshot(prs(ANNA)).version and other is not _wake:
            assert _counts(found) in (_counts(before), _counts(plain.reader.snapshot(prs(ANNA))))
        expect_same(plain.reader, prs(ANNA))


def _known(crowd: Crowd) -> Profile:
    return crowd.reader.snapshot(prs(ANNA))


def _counts(profile: Profile) -> dict[str, int]:
    return {name: seen.count for name, seen in profile.occurrences.items()}


@pytest.mark.parametrize("place", range(8))
def test_a_waking_event_that_meets_others_is_counted_once(place: int) -> None:
    crowd = _crowd(is_sealed=True)
    plain = _plain(crowd)
    _interrupt(crowd, place, before=lambda: _seal(plain))
    _wake(crowd)
    _expect_right(plain)


def test_devices_that_all_are_busy_are_given_up_for_a_while() -> None:
    """Whoever loses the bundle again and again writes without it."""
    crowd = _crowd(is_sealed=True)
    plain = _plain(crowd)
    stack: Any = crowd.stack
    inner = stack.fragments

    class Contended:
        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

        def save(self, stored: Any, routed: Any = (), bundle: Any = None) -> None:
            if bundle is not None:
                raise Conflict("bundle_changed", "another was faster")
            inner.save(stored, routed)

    stack.fragments = Contended()
    stack.background = MemoryBackgroundQueue()
    crowd.browse(device := _sealed(plain))
    assert plain.expect_same(ANNA).at_rest is None
    assert [job for job in stack.background.jobs if isinstance(job, SealJob)] == [
        SealJob(person=prs(f"anonymous_id:{device}"), cause=prs(f"anonymous_id:{device}"))
    ]


def test_a_bundle_whose_row_is_full_keeps_no_event_from_its_fragment() -> None:
    crowd = _crowd(is_sealed=True)
    inner, save = crowd.stack.fragments, crowd.stack.fragments.save

    def full(stored: StoredFragment, *, routed: Sequence[RoutedFragment] = (), bundle: Bundle | None = None) -> None:
        if bundle is not None:
            raise Rejected("bundle_too_large", "does not fit one row")
        save(stored, routed)

    with patch.object(inner, "save", full):
        crowd.browse(_sealed(crowd))
    assert crowd.expect_same(ANNA).at_rest is None


def test_fragments_are_sealed_by_what_one_transaction_takes() -> None:
    crowd = _crowd()
    rows = crowd.stack.fragments.load([prs(f"anonymous_id:{device}") for device in crowd.devices[ANNA]]).values()
    size = max(len(encode(row.fragment)) for row in rows)
    with patch.object(sealing, "_MOST_BYTES", 3 * size):
        batches = list(sealing._batches(rows))
        assert crowd.sealer().seal(prs(ANNA)) > 10
    assert max(map(len, batches)) < 10
    assert all(sum(len(encode(row.fragment)) for row in some) <= 3 * size for some in batches)
    assert [row for some in batches for row in some] == list(rows)
    crowd.expect_same(ANNA)


def _is_sealed(crowd: Crowd, device: str) -> bool:
    return bool(crowd.stack.fragments.is_sealed(prs(f"anonymous_id:{device}")))


def _sealed(crowd: Crowd) -> str:
    return next(device for device in crowd.devices[ANNA] if _is_sealed(crowd, device))
