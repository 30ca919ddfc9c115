"""Latency on this machine: from the collector's 200 for an order to its confirmation, an SMS, in the emulator's mailbox.

One order at a time, each by a customer who is known already, so the path is what is measured and not a queue in front of it.
"""

import secrets
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from cli import mailbox
from cli.local.home import Home, Stack
from cli.profile_api import ProfileApi
from cli.waiting import wait_for

_WARM_UP = 3


def measure(home: Home, stack: Stack, *, orders: int) -> dict[str, Any]:
    """Seconds: ``p50``, ``p95``, ``max``, and every ``sample``. The first three orders warm the functions up and do not count."""
    run, first_phone = secrets.token_hex(3), secrets.randbelow(10_000)
    customers = [_Customer(run, number, phone=first_phone + number) for number in range(orders + _WARM_UP)]
    with httpx.Client(base_url=stack.collect_url, auth=(stack.write_keys["server"], ""), timeout=30) as collector:
        _introduce(collector, stack, customers)
        samples = [_order(collector, home, customer) for customer in customers][_WARM_UP:]
    return {"what": "accepted order to SMS in the mailbox", "unit": "seconds", "orders": orders, **_summary(samples), "samples": samples}


class _Customer:
    def __init__(self, run: str, number: int, *, phone: int) -> None:
        self.user_id = f"bench-{run}-{number}"
        self.order_id = f"B{run}-{number}".upper()
        self.phone = f"+3361234{phone % 10_000:04d}"


def _introduce(collector: httpx.Client, stack: Stack, customers: Sequence[_Customer]) -> None:
    batch = [{"type": "identify", "userId": each.user_id, "traits": {"phone": each.phone}} for each in customers]
    collector.post("/v1/batch", json={"batch": batch}).raise_for_status()
    api = ProfileApi(stack.api_url, stack.api_token)
    for each in customers:
        wait_for(f"the profile of user_id:{each.user_id}", partial(_has_phone, api, each.user_id))
    api.close()


def _has_phone(api: ProfileApi, user_id: str) -> bool | None:
    profile = api.find_profile(f"user_id:{user_id}")
    return (profile is not None and "phone" in profile["traits"]) or None


def _order(collector: httpx.Client, home: Home, customer: _Customer) -> float:
    properties = {"order_id": customer.order_id, "total": 10.0, "currency": "EUR", "sales_channel": "web"}
    collector.post("/v1/track", json={"userId": customer.user_id, "event": "Order Completed", "properties": properties}).raise_for_status()
    accepted = time.time()
    noted = wait_for(f"the SMS for order {customer.order_id}", lambda: _confirmation(home, customer.order_id))
    return round(datetime.fromisoformat(noted["at"]).timestamp() - accepted, 3)


def _confirmation(home: Home, order_id: str) -> dict[str, Any] | None:
    """The outbox says when the emulator took it: waiting for it would only tell in steps."""
    return next((noted for noted in mailbox.noted(home) if noted["channel"] == "sms" and order_id in noted["text"]), None)


def _summary(samples: Sequence[float]) -> Mapping[str, float]:
    cuts = statistics.quantiles(samples, n=100, method="inclusive")
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "max": max(samples)}
