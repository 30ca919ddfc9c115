"""Chromium, and shops on origins of their own that it visits."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.clients.access import Tap
from tests.e2e.clients.browsing import USER_AGENT, Opens, Shop, Visit, serving, visiting
from tests.e2e.world import World

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's: none is ever downloaded."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-agent={USER_AGENT}"]
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    with visiting(browser) as made:
        yield made


@pytest.fixture
def opens(world: World) -> Iterator[Opens]:
    with ExitStack() as stack:

        def open_shop(write_key: str = world.stack.write_keys["browser"], **given: Any) -> Shop:
            return stack.enter_context(serving(collector=world.stack.collect_url, write_key=write_key, **given))

        yield open_shop


@pytest.fixture
def tap(world: World) -> Tap:
    return Tap(world)
