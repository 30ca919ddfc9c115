"""One stack for all end-to-end tests, deployed the way ``ariane up`` deploys it, ended with every process that it started."""

from collections.abc import Iterator

import httpx
import pytest

from cli.local import run as local
from cli.local.home import Home
from cli.local.options import Options
from cli.report import Progress
from tests.e2e.world import World

FAST = 1200.0
"""An hour of a journey takes three seconds."""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = Home(tmp_path_factory.mktemp("local-run"))
    with local.running(home, Options(time_scale=FAST, uses_preferred_ports=False), Progress()) as stack:
        made = World(home, stack)
        yield made
        made.close()


@pytest.fixture
def collector(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.stack.collect_url, timeout=30) as client:
        yield client
