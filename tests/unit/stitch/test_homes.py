"""An event is folded into the fragment of its home, whatever person id it lies under in the log."""

from datetime import timedelta

import pytest

from ariane.events.model import SourceKind, events_of
from ariane.identity.epochs import later_self
from ariane.identity.ids import person_id
from ariane.identity.model import Side
from ariane.identity.rules import Identifier
from ariane.profiles.fragments import Route
from ariane.profiles.timeline import timeline
from tests.builders.homes import from_scratch, lift, refolded, share, split, stored_by_home
from tests.builders.profiles import KEY, NOON, Stack, identify, item, prs, track
from tests.faults.shim import Shim

TABLET = "anonymous_id:tablet"
LATER = person_id(later_self(Identifier.parse(TABLET)), KEY)
BOTH = {"userId": "u1", "traits": {"email": "a@b.fr", "city": "Lyon"}}


def counts(stack: Stack, text: str) -> dict[str, int]:
    return {name: seen.count for name, seen in stack.profile_of(text if text.startswith("prs_") else prs(text)).occurrences.items()}


def on_tablet(message_id: str, minute: float, name: str = "Product Viewed") -> object:
    return track(name, message_id=message_id, minute=minute, anonymousId="tablet")


def viewed(stack: Stack, *minutes: float) -> None:
    for minute in minutes:
        stack.deliver(item(track(message_id=f"v{minute}", minute=minute, anonymousId="tablet")))


def test_what_a_shared_device_does_alone_is_its_later_self_s_from_then_on() -> None:
    stack = Stack()
    viewed(stack, 1, 2)
    share(stack, TABLET, minute=2)
    refolded(stack, TABLET)
    viewed(stack, 3, 0)
    assert counts(stack, TABLET) == {"Product Viewed": 2}
    assert counts(stack, LATER) == {"Product Viewed": 2}
    assert stack.profile_of(LATER).identifiers == {LATER: "anonymous_id:tablet\x1f1"}


def test_an_ordinary_visitor_s_events_ask_nobody_whose_they_are() -> None:
    stack, asked = Stack(), Shim(lambda _, perform: perform())
    viewed(stack, 1)
    stack.identities = asked.wrap("identities", stack.identities)
    stack.interest = stack.interest.from_document({})
    viewed(stack, 2, 3)
    assert asked.calls == []


def test_what_a_split_sends_elsewhere_is_folded_there_and_comes_back_when_it_is_lifted() -> None:
    stack = Stack()
    stack.deliver(item(identify(message_id="i1", minute=1, **BOTH)), item(track(message_id="t1", minute=2, userId="u1")))
    split(stack, ["user_id:u1"], ["email:a@b.fr"], events_to=Side.RIGHT)
    refolded(stack, "user_id:u1")
    stack.deliver(item(identify(message_id="i2", minute=3, **BOTH | {"traits": {"email": "a@b.fr", "city": "Nice"}})))
    assert stored_by_home(stack, [prs("user_id:u1")])[prs("user_id:u1")].traits == {}
    assert stored_by_home(stack, [prs("email:a@b.fr")])[prs("email:a@b.fr")].traits["city"].value == "Nice"
    lift(stack)
    refolded(stack, "user_id:u1")
    assert stored_by_home(stack, [prs("email:a@b.fr")]) == {}
    assert stored_by_home(stack, [prs("user_id:u1")]) == from_scratch(stack)


def test_an_event_of_the_platform_itself_is_about_the_id_that_it_lies_under() -> None:
    stack = Stack()
    share(stack, TABLET, minute=0)
    refolded(stack, TABLET)
    own = item(track("Consent Withdrawn", message_id="w1", minute=5, anonymousId="tablet"), source="ariane", kind=SourceKind.SERVER)
    assert [home.person_id for home in stack.homes(events_of(own))] == [prs(TABLET)]


def test_a_fact_names_the_home_and_its_root() -> None:
    stack = Stack()
    share(stack, TABLET, minute=0)
    refolded(stack, TABLET)
    viewed(stack, 1)
    (fact,) = stack.announced("Event")
    assert (fact["fragment"], fact["profile"], fact["cause"].split("/")[0]) == (LATER, LATER, prs(TABLET))


def test_a_feed_is_known_before_its_first_row_and_a_crash_between_leaves_nothing_to_read() -> None:
    stack = Stack()
    share(stack, TABLET, minute=0)
    refolded(stack, TABLET)
    viewed(stack, 1)
    assert stack.fragments.load([LATER])[LATER].fragment.feeds == (prs(TABLET),)
    assert set(stack.fragments.homes_of(prs(TABLET))) == {LATER}
    assert Route(LATER, prs(TABLET)) in stack.fragments.load_routed([Route(LATER, prs(TABLET))])


def test_the_events_of_one_item_may_be_more_people_s_than_one_write_takes() -> None:
    """It is kept among the rejects; what else came with it is stitched."""
    stack = Stack()
    share(stack, "anonymous_id:a", minute=0)
    refolded(stack, "anonymous_id:a")
    many = [track(message_id=f"m{number}", minute=1, anonymousId="a", context={"device": {"id": f"d{number}"}}) for number in range(95)]
    events = [{**each, "context": {"externalIds": [{"type": "anonymous_id", "id": f"b{number}"}]}} for number, each in enumerate(many)]
    report = stack.deliver(item(*events), item(track(message_id="alone", minute=2, anonymousId="a")))
    assert [parked.code for parked in report.parked] == ["too_many_homes"]
    assert counts(stack, person_id(later_self(Identifier.parse("anonymous_id:a")), KEY)) == {"Product Viewed": 1}


class TestReading:
    @pytest.fixture
    def stack(self) -> Stack:
        stack = Stack()
        viewed(stack, 1, 2, 3)
        stack.deliver(item(identify(message_id="i1", minute=0, userId="u1", anonymousId="tablet")))
        share(stack, TABLET, minute=3)
        refolded(stack, TABLET)
        viewed(stack, 4)
        return stack

    def test_a_timeline_leaves_out_what_is_another_s_in_the_same_partition(self, stack: Stack) -> None:
        assert stack.shown(stack.profile("user_id:u1")) == ["v2", "v1", "i1"]
        assert stack.shown(stack.profile_of(LATER)) == ["v4", "v3"]

    def test_a_timeline_does_not_read_what_lies_beyond_the_person_s_own_events(self, stack: Stack) -> None:
        read = Shim(lambda _, perform: perform())
        stack.log = read.wrap("log", stack.log)
        for number in range(200):
            stack.log.append(item(track(message_id=f"later{number}", minute=3_000 + number, anonymousId="tablet")))
        read.calls.clear()
        assert stack.shown(stack.profile("user_id:u1")) == ["v2", "v1", "i1"]
        assert len([call for call in read.calls if call.method == "page"]) == 2

    def test_an_event_shows_the_identifier_whose_it_is(self, stack: Stack) -> None:
        page = timeline(stack.log, stack.profile_of(LATER), homes=stack.homes, limit=10)
        assert {event.person_id for event in page.items} == {LATER}

    def test_a_profile_s_instants_are_those_of_its_own_events(self, stack: Stack) -> None:
        assert stack.profile("user_id:u1").last_seen == NOON + timedelta(minutes=2)
        assert stack.profile_of(LATER).first_seen == NOON + timedelta(minutes=3)
