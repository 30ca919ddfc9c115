"""Products as the counter view names them: by what the event says of them, else by the catalogue that was imported."""

from collections.abc import Callable, Mapping
from typing import Any

from ariane.events.model import Event
from ariane.profiles.counter_words import Words, first_of

type Lookup = Callable[[str], Mapping[str, Any] | None]
"""What the catalogue says of a product, by the id that its file gave it; None: nothing."""

MOST_LOOKUPS = 25
"""Of one answer: each is a read."""
_IDS = ("product_id", "sku", "variant_id")


class Products:
    """Of one answer."""

    def __init__(self, lookup: Lookup, words: Words) -> None:
        self._lookup = lookup
        self._words = words
        self._known: dict[str, Mapping[str, Any]] = {}

    def item(self, product: Mapping[str, Any], currency: object = None) -> dict[str, Any]:
        """A product's own ids only where nothing names it. The price is the event's: the catalogue has today's."""
        words, listed = self._words, {} if product.get("name") else self._listed(product)
        said = {**{name: value for name, value in listed.items() if name in ("name", "category")}, **_said(product)}
        item = {
            "name": words.text(first_of(said, "name", "sku", "product_id")),
            "category": words.text(said.get("category")),
            "size": words.text(said.get("size")),
            "variant": words.text(said.get("variant")),
            "quantity": words.quantity(said.get("quantity")),
            "price": words.money(said.get("price"), first_of(said, "currency") or currency),
        }
        return {name: value for name, value in item.items() if value is not None}

    def _listed(self, product: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in _IDS:
            key = product.get(name)
            if isinstance(key, str | int) and not isinstance(key, bool) and (found := self._of(str(key))):
                return found
        return {}

    def _of(self, key: str) -> Mapping[str, Any]:
        if key not in self._known and len(self._known) < MOST_LOOKUPS:
            self._known[key] = self._lookup(key) or {}
        return self._known.get(key, {})


def products_of(event: Event) -> list[Mapping[str, Any]]:
    listed = event.properties.get("products")
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []


def product_key(properties: Mapping[str, Any]) -> str:
    return str(first_of(properties, "product_id", "sku", "name") or "")


def _said(product: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in product.items() if value not in (None, "")}
