"""Other identity rules on a running stack: a till's address is blocked, and those whom it made one person are themselves again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from cli.local.home import PROJECT
from cli.waiting import wait_for
from tests.e2e.world import World, fresh

pytestmark = pytest.mark.e2e


def replay(world: World, brand: Path, *arguments: str) -> Any:
    environment = {**os.environ, "ARIANE_HOME": str(world.home.path)}
    command = [sys.executable, "-m", "cli.main", "identity", "replay", "--brand", str(brand), "--json", *arguments]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return orjson.loads(ended.stdout)


def brand_that_blocks(address: str, folder: Path) -> Path:
    brand = folder / "brand"
    shutil.copytree(PROJECT / "brand", brand)
    path = brand / "identity.yaml"
    rules = yaml.safe_load(path.read_text())
    rules["blocked"]["values"].append(address)
    path.write_text(yaml.safe_dump(rules))
    return brand


def test_a_blocked_address_parts_those_whom_it_made_one(world: World, tmp_path: Path) -> None:
    address = f"{fresh('till')}@shop.example"
    cards = [fresh("card"), fresh("card")]
    for card in cards:
        bought = {"type": "identify", "messageId": fresh("m"), "traits": {"email": address, "loyalty_card": card, "firstName": card}}
        world.send(bought, kind="store")
    people = wait_for(
        "the till's customers to be one", lambda: world.api.find_profile(f"loyalty_card:{cards[0]}") if _are_one(world, cards) else None
    )
    brand = brand_that_blocks(address, tmp_path)

    told = replay(world, brand, "--dry-run", "--limit", "1000")
    assert [[f"loyalty_card:{card}"] for card in sorted(cards)] in told["splits"]
    assert world.api.find_profile(f"loyalty_card:{cards[1]}") == people

    done = replay(world, brand, "--apply", "--yes")
    assert done["settled"]
    for card in cards:
        profile = world.profile_with(f"loyalty_card:{card}", firstName=card)
        assert [each["value"] for each in profile["identifiers"]] == [card]
    assert replay(world, brand, "--apply", "--yes")["renewed"] == 0


def _are_one(world: World, cards: list[str]) -> bool:
    found = [world.api.find_profile(f"loyalty_card:{card}") for card in cards]
    return all(found) and len({profile["id"] for profile in found if profile}) == 1
