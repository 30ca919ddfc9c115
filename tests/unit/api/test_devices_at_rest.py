"""What the API shows of a person of many devices: those at rest as a number where a page is to be short, each where all are asked for."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ariane.conditions.catalogue import needs
from ariane.conditions.computed import LIFECYCLE
from ariane.conditions.observing import Observing
from ariane.definitions.customer_view import CustomerView
from ariane.journeys.enrolment import Enrolment
from tests.builders.at_rest import Household, own, skipped
from tests.unit.api.test_profile_api import Api, Ledger


@pytest.fixture
def home() -> Household:
    home = Household(Random(6))
    for _ in range(40):
        home.join(home.visit_quietly())
    home.browse("holder", minute=0)
    home.start_run("holder")
    home.join("holder")
    home.put_to_rest("holder")
    return home


@pytest.fixture
def api(home: Household) -> Api:
    return Api(stack=home.send.stack, ledger=Ledger(skipped(own("holder"), "msg_1")))


def test_a_profile_lists_who_is_heard_of_and_counts_the_others(api: Api, home: Household) -> None:
    shown = api.ok("/v1/profiles/user_id:u1")
    assert home.brief.at_rest is not None
    assert shown["more_devices"] == home.brief.at_rest.devices
    assert len(shown["identifiers"]) + shown["more_devices"] == len(home.whole.identifiers)
    assert {each["type"] for each in shown["identifiers"]} == {"user_id", "email", "phone", "anonymous_id"}
    counted = {name: each["count"] for name, each in shown["events"].items()}
    assert counted == {name: seen.count for name, seen in home.whole.occurrences.items()}


def test_a_person_of_few_devices_has_no_more() -> None:
    few = Household(Random(6))
    few.grow(3)
    assert "more_devices" not in Api(stack=few.send.stack).ok("/v1/profiles/user_id:u1")


def test_every_device_is_paged_through_and_told_of(api: Api, home: Household) -> None:
    path, found, query = "/v1/spaces/default/collections/users/profiles/user_id:u1/external_ids", [], {"limit": "40"}
    while True:
        page = api.ok(path, **query)
        found += page["data"]
        if not page["cursor"]["has_more"]:
            break
        query["next"] = page["cursor"]["next"]
    assert len(found) == len(home.whole.identifiers)
    assert len(api.ok("/v1/profiles/user_id:u1/explain")["identifiers"]) == len(home.whole.identifiers)


def test_traits_metadata_and_links_are_read_briefly(api: Api, home: Household) -> None:
    """So that they cost as much of ten thousand devices."""
    loaded: list[int] = []
    fragments = home.send.stack.fragments
    api.stack.fragments = _Loaded(fragments, loaded)
    api.view = _known_from_the_beginning()
    for part in ("traits", "metadata", "links"):
        api.ok(f"/v1/spaces/default/collections/users/profiles/user_id:u1/{part}")
    assert loaded
    assert max(loaded) < len(home.whole.identifiers) - 20


def test_messages_and_runs_of_a_device_at_rest_are_listed(api: Api, home: Household) -> None:
    assert home.is_sealed("holder")
    assert [each["id"] for each in api.ok("/v1/messages", profile="user_id:u1")["data"]] == ["msg_1"]
    asked: list[Any] = []
    api.enrolments = _Asked(home.send.enrolments, asked)
    assert "cart" in {each["journey"] for each in api.ok("/v1/profiles/user_id:u1")["journeys"]}
    assert own("holder") in asked[0]
    assert len(asked[0]) < len(home.whole.identifiers) - 20


def _known_from_the_beginning() -> CustomerView:
    """Nothing that it asks for has ever not been recorded."""
    view = CustomerView.built_in()
    return replace(view, observing=Observing.everything(needs((), view.catalogue, traits=[*view.catalogue.computed, LIFECYCLE])))


class _Loaded:
    def __init__(self, fragments: Any, loaded: list[int]) -> None:
        self._fragments = fragments
        self._loaded = loaded

    def load(self, person_ids: Any) -> Any:
        self._loaded.append(len(person_ids))
        return self._fragments.load(person_ids)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fragments, name)


class _Asked:
    def __init__(self, enrolments: Any, asked: list[Any]) -> None:
        self._enrolments = enrolments
        self._asked = asked

    def runs(self, profiles: Any, prefix: str = "E#") -> list[Enrolment]:
        self._asked.append(profiles)
        found: list[Enrolment] = self._enrolments.runs(profiles, prefix)
        return found
