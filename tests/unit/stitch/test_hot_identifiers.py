"""What very many events share costs each of them no more than the first few: calls are counted, never times."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from ariane.events.model import LogItem, SourceKind
from ariane.identity.background import resolve_cluster
from ariane.identity.clusters import BOUND
from ariane.identity.commits import Commit
from ariane.identity.epochs import later_self
from ariane.identity.ids import person_id
from ariane.identity.jobs import ClusterJob
from ariane.identity.linking import Linker
from ariane.identity.model import Assertion
from ariane.identity.rules import Identifier
from ariane.profiles.fragments import encode
from tests.builders.profiles import KEY, NOON, RULES, Stack, identify, item, prs, track
from tests.faults.shim import Call, Perform, Shim
from tests.unit.stitch.test_crashes import PORTS

KIOSK = "device_id:kiosk"
ADDRESS = "shared@shop.example"


@dataclass
class Asked:
    """What stitching one delivery asked of its stores."""

    calls: Counter[str] = field(default_factory=Counter)
    commits: list[Commit] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.calls.total()

    @property
    def of_identities(self) -> int:
        return sum(count for name, count in self.calls.items() if name.startswith("identities."))

    @property
    def heads(self) -> set[str]:
        """Person ids whose heads were written."""
        return {head.person_id for commit in self.commits for head in commit.heads}


@dataclass
class Watched:
    """A stack whose calls are noted, delivery by delivery."""

    stack: Stack = field(default_factory=Stack)
    now: Asked = field(default_factory=Asked)

    def __post_init__(self) -> None:
        shim = Shim(self._note)
        for port in PORTS:
            setattr(self.stack, port, shim.wrap(port, getattr(self.stack, port)))

    def _note(self, call: Call, perform: Callable[[], Any]) -> Any:
        self.now.calls[f"{call.port}.{call.method}"] += 1
        if call.method == "commit" and isinstance(perform, Perform):
            self.now.commits.append(perform.args[0])
        return perform()

    def deliver(self, *items: LogItem) -> Asked:
        records = self.stack.write(*items)
        with self.noting() as asked:
            assert self.stack.stitch(records).parked == []
        return asked

    @contextmanager
    def noting(self) -> Iterator[Asked]:
        self.now = Asked()
        yield self.now
        self.now = Asked()

    def people(self, names: Iterable[str]) -> list[set[str]]:
        return [set(self.stack.profile(name).identifiers.values()) for name in names]


def login(user: str, number: float, **fields: Any) -> LogItem:
    return item(identify(message_id=f"{user}-{number}", minute=number, userId=user, **fields))


def on_the_kiosk(number: float, **fields: Any) -> LogItem:
    """With the device's own identifier, as a store's app sends it, from a source that is no store's."""
    device: dict[str, Any] = {"context": {"device": {"id": "kiosk", "type": "ios"}}, "anonymousId": None}
    return item(track(message_id=f"k{number}", minute=number, **device, **fields), kind=SourceKind.BROWSER)


def test_what_a_bot_does_asks_for_no_identity_and_writes_no_fragment() -> None:
    watched = Watched()
    for number in range(300):
        asked = watched.deliver(
            item(identify(message_id=f"b{number}", minute=number, userId=f"u{number}", anonymousId="a1", context={"bot": True}))
        )
        assert (asked.of_identities, asked.calls["fragments.save"], asked.count) == (0, 0, 1)


def test_a_program_that_nobody_took_for_a_bot_costs_the_same_at_every_event() -> None:
    """One cookie, a visit a minute for days."""
    watched = Watched()
    asked = [watched.deliver(item(track(message_id=f"m{number}", minute=number))) for number in range(2_000)]
    assert {each.of_identities for each in asked} == {1}, "who listens to events hears whose they are; linking asks for nothing"
    assert {each.count for each in asked} == {4}


@cache
def kiosk(accounts: int) -> tuple[Watched, list[Asked], list[Asked]]:
    watched = Watched()
    logins, visits = [], []
    for number in range(accounts):
        logins.append(watched.deliver(on_the_kiosk(2 * number, userId=f"u{number}")))
        visits.append(watched.deliver(on_the_kiosk(2 * number + 1)))
    return watched, logins, visits


class TestKiosk:
    """One device, 500 accounts, a visit without an account after each."""

    ACCOUNTS = 500

    def test_nobody_is_merged(self) -> None:
        watched, _, _ = kiosk(self.ACCOUNTS)
        names = [f"user_id:u{number}" for number in range(1, self.ACCOUNTS)]
        assert watched.people(names) == [{name} for name in names]
        assert watched.people(["user_id:u0"]) == [{"user_id:u0", KIOSK}], "whose device it was until a second account came"

    def test_after_the_threshold_each_event_costs_the_same(self) -> None:
        _, logins, visits = kiosk(self.ACCOUNTS)
        assert len({tuple(sorted(each.calls.items())) for each in logins[2:]}) == 1
        assert len({tuple(sorted(each.calls.items())) for each in visits[2:]}) == 1
        assert (logins[2].count, visits[2].count) == (7, 9)

    def test_after_the_threshold_the_devices_head_is_never_written(self) -> None:
        _, logins, visits = kiosk(self.ACCOUNTS)
        shared = {prs(KIOSK), person_id(later_self(Identifier.parse(KIOSK)), KEY)}
        assert shared & logins[1].heads
        assert [each for each in (*logins[2:], *visits[2:]) if shared & each.heads] == []
        assert [each.of_identities for each in visits if each.commits] == []

    def test_only_the_threshold_folds_the_device_again(self) -> None:
        _, logins, visits = kiosk(self.ACCOUNTS)
        assert [place for place, each in enumerate(logins) if each.calls["log.scan"]] == [1]
        assert not any(each.calls["log.scan"] for each in visits)

    def test_what_is_done_on_it_without_an_account_is_nobodys(self) -> None:
        watched, _, _ = kiosk(self.ACCOUNTS)
        nobody = watched.stack.profile_of(person_id(later_self(Identifier.parse(KIOSK)), KEY))
        assert nobody.occurrences["Product Viewed"].count == self.ACCOUNTS - 1
        assert watched.stack.profile("user_id:u0").occurrences["Product Viewed"].count == 2
        assert watched.stack.profile("user_id:u499").occurrences["Product Viewed"].count == 1


def test_accounts_that_arrive_backwards_move_the_threshold_at_the_same_cost_each() -> None:
    """The worst that clocks can do: each event turns out to be before all others."""
    watched = Watched()
    logins = []
    for number in range(80, 0, -1):
        logins.append(watched.deliver(on_the_kiosk(number, userId=f"u{number}")))
        watched.deliver(on_the_kiosk(number + 0.5))
    assert max(each.count for each in logins) <= 28
    assert [each.calls["log.scan"] for each in logins] == [0, *[1] * 79], "one page of the device's own history"
    assert watched.people(f"user_id:u{number}" for number in (1, 2, 80)) == [{"user_id:u1", KIOSK}, {"user_id:u2"}, {"user_id:u80"}]
    assert watched.stack.profile("user_id:u1").occurrences["Product Viewed"].count == 2


def test_an_address_on_ten_thousand_devices_takes_in_the_last_as_it_did_the_first() -> None:
    watched = Watched()
    address = Identifier("email", ADDRESS)
    linker = Linker(watched.stack.identities, KEY)
    asked = []
    for number in range(10_000):
        names = (address, Identifier("anonymous_id", f"d{number}"))
        at = NOON + timedelta(seconds=number)
        said = Assertion(identifiers=names, at=at, is_trusted=False, source="web", message_id=f"m{number}", body_digest="d")
        with watched.noting() as now:
            linker.take(said, rules=RULES, cause=f"c{number}")
        asked.append(now)
    assert {tuple(sorted(each.calls.items())) for each in asked[1:]} == {tuple(sorted(asked[1].calls.items()))}
    assert {commit.actions for each in asked[1:] for commit in each.commits} == {asked[1].commits[0].actions} == {5}
    assert len(watched.stack.identities.members(prs(f"email:{ADDRESS}"))) == 10_000


@cache
def till(accounts: int) -> tuple[Watched, list[Asked]]:
    watched = Watched()
    return watched, [watched.deliver(login(f"u{number}", number, traits={"email": ADDRESS})) for number in range(accounts)]


class TestAddressOfAThousandAccounts:
    """A till that types its own address for everybody."""

    ACCOUNTS = 1_000

    def test_it_links_nobody_to_anybody(self) -> None:
        watched, _ = till(self.ACCOUNTS)
        names = [f"user_id:u{number}" for number in range(self.ACCOUNTS)]
        assert watched.people(names) == [{name} for name in names]
        assert watched.people([f"email:{ADDRESS}"]) == [{f"email:{ADDRESS}"}]

    def test_each_event_asks_little_before_and_after_it_is_a_hub(self) -> None:
        _, asked = till(self.ACCOUNTS)
        spread = RULES.spread
        assert max(each.count for each in asked[:spread]) <= 12
        assert asked[spread].count <= 2 * spread + 20, "the one that makes it a hub looks at all that had been said of it"
        assert {each.count for each in asked[spread + 1 :]} == {6}
        assert max(len(commit.heads) for each in asked[spread + 1 :] for commit in each.commits) <= 2

    def test_its_own_head_is_written_ever_more_rarely(self) -> None:
        """It keeps the smallest marks of ``spread`` + 1 accounts, whatever their order: the n-th changes them with a chance of 21 in n."""
        _, asked = till(self.ACCOUNTS)
        writing = [place for place, each in enumerate(asked) if prs(f"email:{ADDRESS}") in each.heads]
        assert len([place for place in writing if place >= 100]) < 75
        assert len([place for place in writing if place >= 500]) < 30

    def test_nobody_else_notices(self) -> None:
        watched, _ = till(self.ACCOUNTS)
        other = watched.deliver(login("someone", 5_000, traits={"email": "someone@shop.example"}))
        alone = Watched().deliver(login("someone", 5_000, traits={"email": "someone@shop.example"}))
        assert other.calls == alone.calls


class TestClusterBeyondTheBound:
    """Two accounts contend for an address; one of them goes through 520 browsers; then it turns out who named the address first."""

    @pytest.fixture
    def watched(self) -> Watched:
        watched = Watched()
        watched.deliver(login("u1", 10, traits={"email": ADDRESS}), login("u2", 20, traits={"email": ADDRESS}))
        self.growth = [watched.deliver(login("u1", 30 + number, anonymousId=f"d{number}")) for number in range(BOUND + 20)]
        return watched

    def late(self, number: int) -> LogItem:
        return login(f"late{number}", number, traits={"email": ADDRESS})

    def cluster(self, watched: Watched) -> ClusterJob:
        root = watched.stack.identities.heads([prs("user_id:u1")])[prs("user_id:u1")]
        assert root.cluster
        return ClusterJob(cluster=root.cluster, cause="c")

    def test_growing_in_order_costs_the_same_at_every_size(self, watched: Watched) -> None:
        assert len({each.count for each in self.growth[1:]}) == 1
        assert {commit.actions for each in self.growth[1:] for commit in each.commits} == {6}

    def test_a_late_event_is_kept_for_the_background_and_those_after_it_too(self, watched: Watched) -> None:
        first = watched.deliver(self.late(1))
        assert first.count <= BOUND + 20
        after = [watched.deliver(self.late(number)) for number in range(2, 9)]
        after += [watched.deliver(login("u1", 2_000 + number, anonymousId=f"e{number}")) for number in range(5)]
        assert max(each.count for each in after) <= 12
        assert all(watched.stack.profile(f"user_id:late{number}").occurrences == {} for number in range(1, 9))
        assert watched.people(["user_id:late1"]) == [{"user_id:late1"}]

    def test_the_background_drains_it(self, watched: Watched) -> None:
        for number in (3, 1, 2):
            watched.deliver(self.late(number))
        watched.deliver(login("u1", 2_000, anonymousId="e1"))
        resolve_cluster(watched.stack.identities, KEY, self.cluster(watched).cluster, RULES, at=NOON)

        assert watched.people(["user_id:late1"]) == [{"user_id:late1", f"email:{ADDRESS}"}]
        (u1,) = watched.people(["user_id:u1"])
        assert len(u1) == BOUND + 22
        assert f"email:{ADDRESS}" not in u1
        assert watched.deliver(login("u1", 3_000, anonymousId="e2")).count <= 12
        assert watched.people(["anonymous_id:e2"]) == watched.people(["user_id:u1"])


def test_a_profile_of_thousands_of_events_takes_the_next_one_as_it_took_the_first() -> None:
    watched = Watched()
    watched.deliver(login("u1", 0, anonymousId="a1"))
    asked = []
    for request in range(400):
        events = [
            track(f"Event {place}", message_id=f"m{request}-{place}", minute=1 + request + place / 20, userId="u1") for place in range(10)
        ]
        asked.append(watched.deliver(item(*events)))
    assert {each.count for each in asked[1:]} == {asked[1].count}
    assert asked[1].count <= 4
    stored = watched.stack.fragments.load([prs("user_id:u1")])[prs("user_id:u1")]
    assert sum(tally.times for tally in stored.fragment.tallies.values()) == 4_000
    assert len(encode(stored.fragment)) < 1_024
