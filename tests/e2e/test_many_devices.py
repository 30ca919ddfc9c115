"""A customer of very many browsers on the deployed functions: looked up by what is known through all of them, however few rows are read."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from cli.waiting import wait_for
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e

_BROWSERS = 48

type Json = Mapping[str, Any]


def test_a_customer_of_many_browsers_is_summed_up_and_stays_right(world: World) -> None:
    user, browsers = f"user_id:{(name := fresh('nomad'))}", [fresh("browser") for _ in range(_BROWSERS)]
    world.send(*(_view(browser) for browser in browsers))
    world.send(*({"type": "identify", "userId": name, "anonymousId": each, "messageId": fresh("i")} for each in browsers))
    summed = wait_for("the browsers to be summed up", lambda: _summed(world, user))
    assert len(summed["identifiers"]) + summed["more_devices"] == 1 + _BROWSERS
    listed = {each["value"] for each in summed["identifiers"]}
    resting = next(each for each in browsers if each not in listed)
    last = _view(resting)
    world.send(last)
    shown = world.timeline_with(user, last["messageId"])
    assert Counter(entry.get("event") or entry["type"] for entry in shown) == {"Product Viewed": _BROWSERS + 1, "identify": _BROWSERS}
    woken = wait_for("the browser to be listed again", lambda: _naming(world, user, resting))
    assert len(woken["identifiers"]) + woken["more_devices"] == 1 + _BROWSERS


def _view(browser: str) -> Json:
    return {"type": "track", "event": "Product Viewed", "anonymousId": browser, "messageId": fresh("v")}


def _summed(world: World, user: str) -> Json | None:
    """With everybody in it by now."""
    profile = world.api.find_profile(user)
    if profile is None or not profile.get("more_devices"):
        return None
    return profile if len(profile["identifiers"]) + profile["more_devices"] == 1 + _BROWSERS else None


def _naming(world: World, user: str, browser: str) -> Json | None:
    profile = world.api.find_profile(user)
    is_there = profile is not None and any(each["value"] == browser for each in profile["identifiers"])
    return profile if is_there else None
