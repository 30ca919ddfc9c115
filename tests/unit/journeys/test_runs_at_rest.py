"""Runs under devices at rest: found where they are, and never lost by a person who is put to rest while one begins."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest

from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.errors import Retryable
from ariane.journeys.admission import Refusal
from ariane.journeys.enrolment import Enrolment, Status
from ariane.profiles.model import Profile
from ariane.profiles.waking import awaken
from tests.builders.at_rest import USER, Household, own
from tests.builders.journeys import Theatre, enrolment, fact
from tests.builders.profiles import prs

JOURNEY = """
name: wishes
entry: {event: Wish Made, key: wish}
exit: {event: Wish Granted}
steps:
  - wait: 1 hour
  - send: {channel: email, template: reminder, topic: offers}
"""
MADE, GRANTED = "Wish Made", "Wish Granted"


@dataclass
class Scene:
    home: Household
    theatre: Theatre

    def wish(self, device: str, **fields: Any) -> dict[str, Any]:
        return fact(MADE, profile=own(device), wish="w1", **fields)

    def run_of(self, device: str) -> Enrolment:
        """At rest, under a device that the customer had before it was known as theirs."""
        run = enrolment(profile=own(device), journey="wishes", version=self.version, key="w1", fact=self.wish(device), node="1")
        self.home.send.enrolments.create(run)
        return run

    @property
    def version(self) -> str:
        live = self.theatre.documents.live("wishes")
        assert live is not None
        return live.version

    def found(self) -> list[tuple[str, Status]]:
        """What everybody who looks for the customer's runs finds."""
        return [(run.profile, run.status) for run in self.home.send.enrolments.runs(self.home.brief.holder_ids, "E#wishes")]


@pytest.fixture
def scene() -> Scene:
    home = Household(Random(5))
    home.grow(30)
    home.send.enrolments = MemoryEnrolments()
    home.seal()
    theatre = Theatre(runs=home.send.enrolments, profiles=home.reader, awaken=partial(awaken, bundles=home.send.stack.fragments))
    theatre.publish(JOURNEY)
    return Scene(home, theatre)


@pytest.fixture
def visitor(scene: Scene) -> str:
    scene.home.browse("v1", "Product Viewed", minute=0)
    return "v1"


@pytest.fixture
def holder(scene: Scene, visitor: str) -> str:
    """A device at rest with a run."""
    scene.run_of(visitor)
    scene.home.join(visitor)
    scene.home.put_to_rest(visitor)
    assert visitor in scene.home.resting
    return visitor


def meanwhile(scene: Scene, visitor: str) -> Callable[[], None]:
    """They turn out to be the customer, and are put to rest as a device that holds nothing."""

    def change() -> None:
        scene.home.join(visitor)
        scene.home.put_to_rest(visitor)
        assert own(visitor) not in scene.home.brief.holder_ids

    return change


def test_a_run_that_began_while_its_person_was_absorbed_and_put_to_rest_is_found(scene: Scene, visitor: str) -> None:
    scene.theatre.profiles = _Changing(scene.home.reader, meanwhile(scene, visitor))

    assert scene.theatre.enter("wishes", scene.wish(visitor)) == "entered"

    assert scene.found() == [(own(visitor), Status.RUNNING)]
    assert scene.theatre.awaited(fact(GRANTED, profile=prs(USER))) == "exited 1"


def test_so_it_is_where_the_runner_died_before_its_second_look(scene: Scene, visitor: str) -> None:
    scene.theatre.profiles = _Changing(scene.home.reader, meanwhile(scene, visitor))
    with pytest.raises(Retryable):
        scene.theatre.deliver(
            {"kind": "entry", "journey": "wishes", "fact": scene.wish(visitor)},
            scene.theatre.runner(runs=_DiesAfterCreating(scene.home.send.enrolments)),
        )
    assert scene.found() == []

    assert scene.theatre.enter("wishes", scene.wish(visitor)) == "repeated"
    assert scene.found() == [(own(visitor), Status.RUNNING)]


def test_and_where_nobody_asks_again_its_next_step_shows_it(scene: Scene, visitor: str) -> None:
    scene.theatre.profiles = _Changing(scene.home.reader, meanwhile(scene, visitor))
    with pytest.raises(Retryable):
        scene.theatre.deliver(
            {"kind": "entry", "journey": "wishes", "fact": scene.wish(visitor)},
            scene.theatre.runner(runs=_DiesAfterCreating(scene.home.send.enrolments)),
        )
    scene.theatre.pass_time(timedelta(hours=1, minutes=1))

    assert [request.key for request in scene.theatre.send_queue.requests] == ["w1"]
    assert scene.found() == [(own(visitor), Status.RUNNING)]


def test_a_run_of_a_device_at_rest_ends_by_the_persons_exit_and_nobody_is_woken_for_it(scene: Scene, holder: str) -> None:
    assert scene.theatre.awaited(fact(GRANTED, profile=prs(USER))) == "exited 1"
    assert scene.found() == [(own(holder), Status.EXITED)]
    assert (scene.theatre.woken, scene.home.is_sealed(holder)) == ([], True)


def test_a_run_of_a_device_at_rest_stands_in_the_way_of_another(scene: Scene, holder: str) -> None:
    assert scene.theatre.enter("wishes", fact(MADE, id="m9", profile=prs(USER), wish="w1")) == Refusal.RUNNING
    assert scene.theatre.enter("wishes", fact(MADE, id="m9", profile=prs(USER), wish="w2")) == "entered"
    assert scene.home.is_sealed(holder)


def test_a_run_of_a_device_at_rest_meets_the_persons_own(scene: Scene, holder: str) -> None:
    scene.home.send.enrolments.create(enrolment(profile=prs(USER), journey="wishes", version=scene.version, key="w1", fact=younger(scene)))
    assert scene.theatre.merged(prs(USER)) == "merged 1"
    assert sorted(scene.found()) == sorted([(own(holder), Status.RUNNING), (prs(USER), Status.MERGED)])


def younger(scene: Scene) -> dict[str, Any]:
    return fact(MADE, id="m9", at=scene.theatre.now + timedelta(minutes=1), profile=prs(USER), wish="w1")


def test_a_split_ends_the_strangers_run_alone_though_no_reading_lists_the_device_that_began_the_other(scene: Scene, holder: str) -> None:
    stranger = enrolment(
        profile=prs(USER), journey="wishes", version=scene.version, key="w2", fact=fact(MADE, id="m9", profile=own("strange"), wish="w2")
    )
    scene.home.send.enrolments.create(stranger)
    assert scene.theatre.parted(prs(USER), prs(USER)) == "unmerged 1"
    assert sorted(scene.found()) == sorted([(own(holder), Status.RUNNING), (prs(USER), Status.EXITED)])


class _Changing:
    """Profiles that change once, after they were first read."""

    def __init__(self, reader: Any, change: Callable[[], None]) -> None:
        self._reader = reader
        self._change: Callable[[], None] | None = change

    def brief(self, person_id: str) -> Profile:
        profile: Profile = self._reader.brief(person_id)
        change, self._change = self._change, None
        if change is not None:
            change()
        return profile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


class _DiesAfterCreating:
    def __init__(self, runs: Any) -> None:
        self._runs = runs

    def create(self, run: Enrolment) -> None:
        self._runs.create(run)
        raise Retryable("killed", "between the commit and the next look")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)
