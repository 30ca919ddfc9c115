"""In which time zone a person's days are counted."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ariane.profiles.time_zones import MAIN_ZONE, time_zone_of


@pytest.mark.parametrize(
    ("traits", "phones", "zone"),
    [
        ({"timezone": "America/Montreal"}, ["+33612345678"], "America/Montreal"),
        ({"timezone": "Mars/Olympus"}, ["+4917612345678"], "Europe/Berlin"),
        ({"timezone": "../etc/passwd"}, [], "Europe/Paris"),
        ({"timezone": 3, "address": {"country": "jp "}}, [], "Asia/Tokyo"),
        ({"address": {"country": "PT"}}, ["not a number"], "Europe/Lisbon"),
        ({"address": {"country": "Atlantis"}}, [], "Europe/Paris"),
        ({"address": "Tokyo"}, [], "Europe/Paris"),
    ],
)
def test_what_is_nearest_to_the_person_decides(traits: dict[str, Any], phones: list[str], zone: str) -> None:
    assert time_zone_of(traits, phones) == zone


def test_the_brand_s_own_is_the_last_resort() -> None:
    assert time_zone_of({}, [], default="Asia/Seoul") == "Asia/Seoul"


@pytest.mark.parametrize("country", sorted(MAIN_ZONE))
def test_every_country_s_zone_exists(country: str) -> None:
    assert ZoneInfo(MAIN_ZONE[country]).key == MAIN_ZONE[country]
