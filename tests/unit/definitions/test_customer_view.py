"""What publishing makes of the document ``profiles``, and who reads it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ariane.conditions.observing import Asked, Observing
from ariane.conditions.series import Keep, Series
from ariane.definitions.build import build
from ariane.definitions.customer_view import FIRST_EPOCH, CustomerView, CustomerViews
from ariane.definitions.customer_view_epochs import following, is_as_large, observing_after
from ariane.definitions.store import LiveJourney

SAMPLE = Path(__file__).parents[3] / "brand"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def asked(event: str, *, entries: int = 1, seconds: int | None = 0, values: int = 0, epoch: int = 0) -> Asked:
    return Asked(Series(event), Keep(entries, seconds, values), epoch)


def epochs_of(observing: Observing) -> Mapping[str, int]:
    return {each.series.event: each.epoch for each in observing.series}


def document(**segments: str) -> dict[str, Any]:
    """Segments with their versions."""
    condition = {"trait": "x", "exists": True}
    return {
        "traits": {"precedence": {}, "computed": {}},
        "segments": {name: {"name": name, "condition": condition, "version": version} for name, version in segments.items()},
        "observing": Observing(series=(asked("A"),)).to_document(),
    }


def test_what_was_asked_for_before_keeps_its_epoch_and_what_is_new_gets_the_next() -> None:
    before = Observing(3, (asked("A", epoch=2), asked("B", epoch=3)), {"plan": 1})
    after = observing_after(Observing(0, (asked("A"), asked("B"), asked("C")), {"plan": 0, "size": 0}), before)

    assert (after.epoch, epochs_of(after), after.traits) == (4, {"A": 2, "B": 3, "C": 4}, {"plan": 1, "size": 4})


@pytest.mark.parametrize("more", [asked("A", entries=2), asked("A", seconds=None), asked("A", seconds=61), asked("A", values=1)])
def test_more_of_a_series_is_as_good_as_a_new_one(more: Asked) -> None:
    before = Observing(1, (asked("A", seconds=60, epoch=1),))

    assert epochs_of(observing_after(Observing(0, (more,)), before)) == {"A": 2}


def test_less_of_a_series_keeps_its_epoch_but_the_old_size_again_does_not() -> None:
    large, small = asked("A", entries=9, epoch=1), asked("A", entries=3)
    less = observing_after(Observing(0, (small,)), Observing(1, (large,)))
    again = observing_after(Observing(0, (large._replace(epoch=0),)), less)

    assert (less.epoch, epochs_of(less)) == (1, {"A": 1})
    assert (again.epoch, epochs_of(again)) == (2, {"A": 2})


def test_a_series_that_was_not_asked_for_meanwhile_begins_anew() -> None:
    gone = observing_after(Observing(0, ()), Observing(1, (asked("A", epoch=1),)))

    assert epochs_of(observing_after(Observing(0, (asked("A"),)), gone)) == {"A": 2}


@given(
    st.lists(st.dictionaries(st.sampled_from("ABC"), st.tuples(st.integers(0, 2), st.sampled_from([0, 5, None])), max_size=3), max_size=8)
)
def test_over_any_history_a_series_of_an_epoch_was_asked_for_at_least_as_much_ever_since(
    plans: list[dict[str, tuple[int, int | None]]],
) -> None:
    known, history = Observing(FIRST_EPOCH), list[Observing]()
    for plan in plans:
        wanted = Observing(0, tuple(asked(event, entries=entries, seconds=seconds) for event, (entries, seconds) in plan.items()))
        known = observing_after(wanted, known)
        history.append(known)

    for place, plan_now in enumerate(history):
        for each in plan_now.series:
            since = [earlier for earlier in history[: place + 1] if earlier.epoch >= each.epoch]
            keeps = [earlier.keeps.get(each.series.key) for earlier in since]
            assert all(keep is not None and is_as_large(keep, each.keep) for keep in keeps)


def test_publishing_the_same_again_changes_nothing() -> None:
    first = following(document(vip="v1"), {}, NOW)

    assert following(document(vip="v1"), first, NOW + timedelta(days=1)) == first


def test_a_version_of_a_segment_is_dated_when_it_is_first_published() -> None:
    first = following(document(vip="v1", new="n1"), {}, NOW)
    second = following(document(vip="v2", new="n1"), first, NOW + timedelta(days=1))

    dates = {name: each["published_at"] for name, each in second["segments"].items()}
    assert dates == {"vip": "2026-11-24T08:00:00.000Z", "new": "2026-11-23T08:00:00.000Z"}
    assert first["version"] != second["version"]


def test_built_in_traits_are_observed_from_the_first_epoch_on_whether_anything_is_published_or_not() -> None:
    published = following(build(SAMPLE, compile_mjml=lambda text: text).documents["profiles"], {}, NOW)
    built_in, view = CustomerView.built_in().observing, CustomerView.from_document(published)

    assert built_in.epoch == FIRST_EPOCH
    assert {each.epoch for each in view.observing.series} == {FIRST_EPOCH, FIRST_EPOCH + 1}
    assert all(
        view.observing.by_key[key].epoch == FIRST_EPOCH
        for key, each in built_in.by_key.items()
        if is_as_large(each.keep, view.observing.by_key[key].keep)
    )


def test_the_view_is_read_back_as_it_was_written() -> None:
    published = following(build(SAMPLE, compile_mjml=lambda text: text).documents["profiles"], {}, NOW)
    view = CustomerView.from_document(published)

    assert view.segments["vip"].published_at == NOW
    assert view.segments["vip"].persona
    assert view.catalogue.is_computed("spent_last_year")
    assert view.catalogue.segments["vip"] == view.segments["vip"].condition
    assert view.observing.to_document() == published["observing"]


class Documents:
    def __init__(self) -> None:
        self.content: dict[str, Any] | None = None

    def document(self, name: str) -> Mapping[str, Any] | None:
        return None if self.content is None or name != "profiles" else {**self.content}

    def live(self, journey: str) -> LiveJourney | None:
        raise NotImplementedError


def test_a_view_is_made_once_for_as_long_as_the_same_is_published() -> None:
    documents = Documents()
    views = CustomerViews(documents)
    nothing = views.current()
    documents.content = dict(following(document(vip="v1"), {}, NOW))
    first = views.current()

    assert nothing.segments == {}
    assert views.current() is first
    documents.content = dict(following(document(vip="v2"), documents.content, NOW))
    assert views.current().segments["vip"].version == "v2"
