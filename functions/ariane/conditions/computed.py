"""Computed traits: what a person's events come to, by definition; and those that every brand has."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from ariane.conditions.values import EventName, Path, PropertyTest, Window
from ariane.definitions.strict import Definition, at_field

KINDS = ("count", "sum", "min", "max", "average", "distinct", "first", "last", "most_frequent", "days_since", "recent", "basket")
_WITH_PROPERTY = frozenset({"sum", "min", "max", "average", "distinct", "most_frequent", "recent"})
_WITHOUT_PROPERTY = frozenset({"count", "days_since"})
_FOR_ALL_TIME = frozenset({"first", "last", "days_since", "recent"})

type Wheres = Annotated[tuple[PropertyTest, ...], Field(max_length=20)]


class Minus(Definition):
    sum: EventName
    property: Path
    where: Wheres = ()


class Basket(Definition):
    """Values of ``property`` that were added and not removed since, after the latest of ``cleared``, newest first."""

    added: EventName
    removed: EventName
    cleared: EventName
    property: Path


class _Kinds(Definition):
    @property
    def kind(self) -> str:
        return next(name for name in KINDS if getattr(self, name) is not None)

    @property
    def event(self) -> str:
        asked = getattr(self, self.kind)
        return asked.added if isinstance(asked, Basket) else str(asked)


class ComputedTrait(_Kinds):
    """Exactly one kind: of the events of that name that pass ``where``, ``within`` the last so long (none: ever).

    ``count`` of events · ``sum``, ``min``, ``max`` of a numeric property, ``average`` of it per event · ``distinct``: how many values ·
    ``most_frequent``: the value met most often, of equals the latest · ``first``, ``last``: the property's value at the first or last event
    that has one, or, without a property, its instant · ``days_since`` the last, whole · ``recent``: the last five values, newest first.
    """

    description: Annotated[str, Field(max_length=500)] | None = None
    count: EventName | None = None
    sum: EventName | None = None
    min: EventName | None = None
    max: EventName | None = None
    average: EventName | None = None
    distinct: EventName | None = None
    first: EventName | None = None
    last: EventName | None = None
    most_frequent: EventName | None = None
    days_since: EventName | None = None
    recent: EventName | None = None
    basket: Basket | None = None
    property: Path | None = None
    where: Wheres = ()
    within: Window | None = None
    minus: Minus | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of: {', '.join(KINDS)}")
        kind = given[0]
        if kind in _WITH_PROPERTY and self.property is None:
            raise at_field("property", f"{kind} needs the property that it looks at")
        if (kind in _WITHOUT_PROPERTY or kind == "basket") and self.property is not None:
            raise at_field("property", f"{kind} looks at no property of its own")
        if self.minus is not None and kind != "sum":
            raise at_field("minus", "only a sum can have something taken off")
        if self.within is not None and (kind in _FOR_ALL_TIME or self.minus is not None):
            raise at_field("within", f"{kind} is of all time{'' if self.minus is None else ', with minus'}")
        if kind == "basket" and self.where:
            raise at_field("where", "a basket has no tests")
        return self


ORDER = "Order Completed"
LIFECYCLE = "lifecycle"
STAGES = ("reach", "acquisition", "conversion", "retention")


def _orders(**kind: object) -> ComputedTrait:
    return ComputedTrait.model_validate(kind)


BUILT_IN: Mapping[str, ComputedTrait] = {
    "order_count": _orders(count=ORDER),
    "lifetime_value": _orders(sum=ORDER, property="total", minus=Minus(sum="Order Refunded", property="total")),
    "average_order_value": _orders(average=ORDER, property="total"),
    "first_order_at": _orders(first=ORDER),
    "last_order_at": _orders(last=ORDER),
    "favourite_category": _orders(most_frequent=ORDER, property="products.category"),
    "favourite_channel": _orders(most_frequent=ORDER, property="sales_channel"),
    "favourite_size": _orders(most_frequent=ORDER, property="products.size"),
    "last_viewed": _orders(recent="Product Viewed", property="product_id"),
    "open_basket": _orders(
        basket=Basket(added="Product Added", removed="Product Removed", cleared=ORDER, property="product_id"), within="7 days"
    ),
}
"""A brand may define others under these names, or switch them off."""
