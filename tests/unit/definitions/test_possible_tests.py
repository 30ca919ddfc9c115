"""What is refused because of what a computed trait is, holds of no value that it could have."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given
from pydantic import ValidationError

from ariane.conditions.computed import STAGES
from ariane.conditions.model import TraitTest
from ariane.conditions.operators import passes
from ariane.definitions.build import check

SAMPLE = Path(__file__).parents[3] / "brand"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, 1.5, 2]))
INSTANTS = st.sampled_from(["2026-11-22T12:00:00.000Z", "2026-11-23T12:00:00.000Z", "2026-11-24T00:00:00.000Z", "2020-02-29T10:00:00.000Z"])
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "order_count": NUMBERS,
    "last_order_at": INSTANTS,
    "open_basket": st.lists(st.sampled_from(["p-1", "1", 1]), max_size=2),
    "lifecycle": st.sampled_from(STAGES),
}
OPERANDS = st.one_of(
    NUMBERS,
    INSTANTS,
    st.booleans(),
    st.sampled_from(
        ["p-1", "1", "1.5", "reach", "re", "tion", "2026", "2026-11", "2026-11-22", "12:00:00.000Z", "T12", "Z", "30 days", "x", ""]
    ),
)
ONE_BY_ONE = (
    "equals",
    "not_equals",
    "gt",
    "gte",
    "lt",
    "lte",
    "before",
    "after",
    "contains",
    "starts_with",
    "ends_with",
    "within",
    "older_than",
    "within_next",
)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from([*ONE_BY_ONE, "in", "not_in", "between"]))
    if operator in ("in", "not_in"):
        return {operator: draw(st.lists(OPERANDS, min_size=1, max_size=3))}
    return {operator: [draw(OPERANDS), draw(OPERANDS)] if operator == "between" else draw(OPERANDS)}


@pytest.fixture(scope="module")
def brand() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = shutil.copytree(SAMPLE, Path(name) / "brand")
        for part in ("segments", "journeys", "templates"):
            shutil.rmtree(folder / part)
            (folder / part).mkdir()
        (folder / "traits.yaml").unlink(missing_ok=True)
        yield folder


@given(trait=st.sampled_from(sorted(VALUES)), question=questions(), data=st.data())
def test_what_holds_of_some_value_is_not_refused(brand: Path, trait: str, question: dict[str, Any], data: st.DataObject) -> None:
    try:
        test = TraitTest.model_validate({"trait": trait, **question})
    except ValidationError:
        return
    if passes(test, iter([data.draw(VALUES[trait])]), NOW):
        condition = orjson.dumps({"trait": trait, **question}).decode()
        (brand / "segments/a.yaml").write_text(f"name: a\ncondition: {condition}\n", "utf-8")
        assert [str(each) for each in check(brand, compile_mjml=lambda mjml: mjml) if not each.is_warning] == []
