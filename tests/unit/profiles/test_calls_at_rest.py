"""What deciding costs does not grow with the devices at rest: the same calls, for as many ids, of 20 and of 10,000."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from ariane.journeys.enrolment import Enrolment
from ariane.journeys.unmerging import EntryHomes
from ariane.messaging.model import Status
from ariane.profiles.reader import ProfileReader
from ariane.profiles.waking import awaken
from tests.builders.at_rest import USER, Household, own
from tests.builders.journeys import Theatre, fact
from tests.builders.messaging import KEY, SendWorld
from tests.builders.profiles import RULES, prs

JOURNEY = """
name: wishes
entry: {event: Wish Made, key: wish}
exit: {event: Wish Granted, match: wish}
steps:
  - wait: 1 hour
"""


def test_deciding_asks_as_much_of_20_devices_at_rest_as_of_10_000() -> None:
    few, many = calls_of(28), calls_of(10_000)
    assert many == few
    assert {"runs.runs", "ledger.claim", "consents.concerning"} <= few.keys()


def calls_of(devices: int) -> Counter[str]:
    home = Household(Random(1), SendWorld())
    home.own_at_once(devices)
    home.start_run("many0")
    home.seal()
    assert home.brief.at_rest is not None
    assert home.brief.at_rest.devices == devices - 8
    assert home.brief.at_rest.holders == (own("many0"),)
    calls: Counter[str] = Counter()
    decide_about_a_message(home, calls)
    decide_about_a_run(home, calls)
    return calls


def decide_about_a_run(home: Household, calls: Counter[str]) -> None:
    stack = home.send.stack
    identities, fragments = Counted("identities", stack.identities, calls), Counted("fragments", stack.fragments, calls)
    runs = Counted("runs", home.send.enrolments, calls)
    history = Counted("history", stack.log, calls)
    theatre = Theatre(
        runs=runs,
        profiles=ProfileReader(identities, fragments),
        homes=EntryHomes(history, identities, rules=lambda: RULES, key=lambda: KEY),
        history=history,
        awaken=partial(awaken, bundles=fragments),
    )
    theatre.publish(JOURNEY)
    assert theatre.enter("wishes", fact("Wish Made", profile=prs(USER), wish="w1")) == "entered"
    run = next(each for each in home.send.enrolments.runs([prs(USER)]) if each.journey == "wishes")
    due = {"kind": "due", "profile": run.profile, "enrolment": run.sort, "v": run.lock}
    theatre.now = due_of(run)
    assert theatre.merged(prs(USER)).startswith("merged")
    assert theatre.awaited(fact("Wish Granted", id="m2", profile=prs(USER), wish="another")) == "exited 0"
    assert theatre.parted(prs(USER), prs(USER)) == "unmerged 0"
    theatre.deliver(due)


def due_of(run: Enrolment) -> Any:
    assert run.due is not None
    return run.due


def decide_about_a_message(home: Household, calls: Counter[str]) -> None:
    stack = home.send.stack
    identities, fragments = Counted("identities", stack.identities, calls), Counted("fragments", stack.fragments, calls)
    entry = home.send.deliver(
        change=lambda ports: replace(
            ports,
            profiles=ProfileReader(identities, fragments),
            heads=identities,
            consents=Counted("consents", ports.consents, calls),
            ledger=Counted("ledger", ports.ledger, calls),
        )
    )
    assert (entry.status, entry.reason) == (Status.SENT, None)


class Counted:
    """A port whose calls are counted by name, and the ids that they ask for."""

    def __init__(self, name: str, port: Any, calls: Counter[str]) -> None:
        self._name = name
        self._port = port
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls[f"{self._name}.{name}"] += 1
            asked = next((each for each in args if isinstance(each, Collection) and not isinstance(each, str)), ())
            self._calls[f"ids of {self._name}.{name}"] += len(asked)
            return method(*args, **kwargs)

        return call
