"""A plan of what stitch records, and what is asked of a person under it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from ariane.conditions.entries import until
from ariane.conditions.observing import Asked, Observing
from ariane.conditions.series import LOCATION, Keep, Needs, Observed, Series
from ariane.conditions.values import PropertyTest
from ariane.profiles.person_view import LogView, ProfileView, facts_of, read_log_view
from tests.builders.profiles import RULES, Stack

DAY = 86_400


def where(**test: Any) -> tuple[PropertyTest, ...]:
    return (PropertyTest.model_validate_json(orjson.dumps(test)),)


VIEWED = Series("Product Viewed")
DEAR = Series("Product Viewed", where(property="price", gte=100))
SPENT = Series("Order Completed", path="total")
CATEGORIES = Series("Order Completed", path="products.category")
PRODUCT_EVENTS = Series("Product*")
PLACES = Series("*", path=LOCATION)

KEEPS = {
    VIEWED: Keep(entries=3, seconds=30 * DAY),
    DEAR: Keep(entries=2, seconds=None),
    SPENT: Keep(entries=2, seconds=None),
    CATEGORIES: Keep(values=50),
    PRODUCT_EVENTS: Keep(entries=1, seconds=None),
    PLACES: Keep(entries=1, seconds=None),
}
PLAN = Observing(epoch=3, series=tuple(Asked(series, keep, 3) for series, keep in KEEPS.items()), traits={"plan": 3})
NEEDS = Needs(KEEPS, frozenset({"plan"}))


def view_of(stack: Stack, own_id: str, plan: Observing = PLAN) -> ProfileView:
    return ProfileView(stack.profile_of(own_id), plan, rules=RULES)


def log_view_of(stack: Stack, own_id: str, needs: Needs = NEEDS) -> LogView:
    profile = stack.profile_of(own_id)
    return read_log_view(profile, needs, log=stack.log, homes=stack.homes, facts=facts_of(profile, RULES))


def alike(one: Observed, *others: Observed) -> Sequence[Observed]:
    """All summed up to the latest watermark, with values where all have them: what they have to agree on."""
    every = (one, *others)
    marks = [each.watermark for each in every if each.watermark is not None]
    same = [until(each, max(marks)) for each in every] if marks else every
    if any(each.base.is_partial for each in same):
        return [replace(each, base=replace(each.base, values={}, is_partial=True)) for each in same]
    return same
