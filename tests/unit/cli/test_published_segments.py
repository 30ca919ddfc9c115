"""What a publish tells of segments."""

from collections.abc import Mapping

import pytest

from cli.published_segments import SegmentChanges


def published(**versions: str) -> Mapping[str, object]:
    return {"segments": {name: {"version": version} for name, version in versions.items()}}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (published(vip="1"), published(vip="1"), []),
        (None, None, []),
        (published(vip="1"), published(), ["Taken out segment: vip."]),
    ],
)
def test_where_nobody_is_to_be_evaluated_nothing_is_asked_for(before: object, after: object, said: list[str]) -> None:
    assert SegmentChanges.between(before, after).sentences() == said  # type: ignore[arg-type]


def test_new_and_changed_segments_are_named_with_the_command_that_reaches_everybody() -> None:
    said = SegmentChanges.between(published(vip="1"), published(vip="2", new="1", other="1")).sentences()

    assert said[:2] == ["New segments: new, other.", "Changed segment: vip."]
    assert "`ariane segments backfill`" in said[2]


def test_one_segment_is_named_in_the_command() -> None:
    assert "`ariane segments backfill vip`" in SegmentChanges.between(None, published(vip="1")).sentences()[1]
