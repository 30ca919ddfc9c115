"""Whom a caller finds who writes a shared device."""

import pytest

from ariane.errors import NotFound
from ariane.identity.epochs import later_self
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.reader import ProfileReader
from ariane.profiles.views import identifiers_view
from tests.builders.homes import refolded, share
from tests.builders.profiles import KEY, RULES, Stack, identify, item, prs, track

TABLET = "anonymous_id:tablet"
LATER = person_id(later_self(Identifier.parse(TABLET)), KEY)


@pytest.fixture
def stack() -> Stack:
    stack = Stack()
    stack.deliver(item(identify(message_id="i1", minute=0, userId="u1", anonymousId="tablet", traits={"name": "Ada"})))
    return stack


def directory(stack: Stack) -> ProfileDirectory:
    return ProfileDirectory(ProfileReader(stack.identities, stack.fragments), stack.identities, rules=lambda: RULES, key=lambda: KEY)


def test_a_device_of_one_account_finds_its_person(stack: Stack) -> None:
    assert directory(stack).profile(TABLET).traits == {"name": "Ada"}


def test_one_that_nobody_knows_is_no_shared_device(stack: Stack) -> None:
    with pytest.raises(NotFound) as raised:
        directory(stack).person("anonymous_id:nobody")
    assert raised.value.code == "profile_not_found"


def test_a_shared_device_finds_what_it_did_since_and_never_who_used_it_first(stack: Stack) -> None:
    share(stack, TABLET, minute=3)
    refolded(stack, TABLET)
    with pytest.raises(NotFound, match="this device is shared") as raised:
        directory(stack).profile(TABLET)
    assert raised.value.code == "shared_device"
    assert "tablet" not in raised.value.message
    assert (directory(stack).person(TABLET).id, directory(stack).person(TABLET).values_of("anonymous_id")) == (LATER, ("tablet",))
    stack.deliver(item(track(message_id="t1", minute=4, anonymousId="tablet")))
    found = directory(stack).profile(TABLET)
    assert (found.id, dict(found.traits), stack.shown(found)) == (LATER, {}, ["t1"])
    assert identifiers_view(found) == [{"type": "anonymous_id", "value": "tablet", "epoch": 1}]
    assert found.values_of("anonymous_id") == ("tablet",)
    assert directory(stack).profile("user_id:u1").id == directory(stack).profile(prs("user_id:u1")).id != LATER
