"""Prices of billed units: prices.json, by region, with date and source."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import orjson

from cli.bench.units import Bill

HOME = "us-east-1"
"""Where every price is known. Another region's table may hold only some: the rest is taken from here, and said."""


@dataclass(frozen=True, slots=True)
class Price:
    usd: Decimal
    what: str
    source: str


@dataclass(frozen=True, slots=True)
class PriceList:
    region: str
    as_of: str
    prices: Mapping[str, Price]
    borrowed: frozenset[str]
    """Units whose price in this region is not known: us-east-1's stands in."""

    def of(self, unit: str) -> Decimal:
        return self.prices[unit].usd

    def cost_of(self, bill: Bill) -> Decimal:
        return sum((quantity * self.of(entry.unit) for entry, quantity in bill.entries.items()), Decimal(0))


@cache
def price_list(region: str = HOME) -> PriceList:
    """Raises KeyError for a region that the file does not hold."""
    document = orjson.loads(Path(__file__).with_name("prices.json").read_bytes())
    known = document["regions"]
    own = {unit: _price(fields) for unit, fields in known[region].items()}
    home = {unit: _price(fields) for unit, fields in known[HOME].items()}
    return PriceList(region, document["as_of"], home | own, frozenset(home) - frozenset(own))


def _price(fields: Mapping[str, str]) -> Price:
    return Price(Decimal(fields["usd"]) / Decimal(fields["per"]), fields["what"], fields["source"])


def money(usd: Decimal) -> str:
    """Two decimals, three below ten cents, more only where nothing would be left."""
    if usd >= Decimal("0.10") or usd == 0:
        return f"{usd:,.2f}"
    return f"{usd:.3f}" if usd >= Decimal("0.0095") else f"{usd:.2g}"
