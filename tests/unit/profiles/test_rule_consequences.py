"""A change of rules over everything that stitching keeps: profiles follow it, and nothing that could start a journey is said."""

from collections.abc import Sequence

from ariane.adapters.memory.identity_scan import MemoryIdentityScan
from ariane.adapters.memory.log_scan import MemoryLogScan
from ariane.adapters.memory.originals import MemoryOriginals
from ariane.adapters.memory.replay_states import MemoryReplayStates
from ariane.events.model import LogItem, SourceKind
from ariane.identity.rule_ports import ReplayPorts
from ariane.identity.rule_replay import Outcome, RuleReplay
from ariane.identity.rules import Rules
from ariane.profiles.announcing import EVENT, PROFILE_MERGED, PROFILE_SPLIT
from ariane.profiles.rule_consequences import RuleConsequences
from ariane.profiles.stitching import Stores
from tests.builders.profiles import KEY, NOON, Stack, identify, item, prs, track
from tests.builders.rule_changes import Unhurried

BEFORE: dict[str, object] = {}
BLOCKED: dict[str, object] = {"blocked": {"values": ["till@shop.fr"]}}


def bought(number: int, visitor: str) -> Sequence[LogItem]:
    """A visitor whom a till's address was typed in for, and who goes on by herself."""
    name = f"Visitor {visitor}"
    given = identify(message_id=f"i{number}", minute=number, anonymousId=visitor, traits={"email": "till@shop.fr", "firstName": name})
    order = track(
        "Order Completed",
        message_id=f"o{number}",
        minute=number + 1,
        anonymousId=visitor,
        context={"traits": {"email": "till@shop.fr"}},
        properties={"orderId": f"n{number}"},
    )
    alone = track(message_id=f"v{number}", minute=number + 2, anonymousId=visitor)
    return [item(each, source="backend", kind=SourceKind.SERVER) for each in (given, order, alone)]


def changed(stack: Stack, before: dict[str, object], after: dict[str, object]) -> Outcome:
    stores = Stores(identities=stack.identities, fragments=stack.fragments, log=stack.log, consents=stack.consents)
    ports = ReplayPorts(
        identities=stack.identities,
        scan=(scan := MemoryIdentityScan(stack.identities)),
        splits=scan,
        log=MemoryLogScan(stack.log),
        states=MemoryReplayStates(),
        originals=MemoryOriginals(),
        published=lambda: after,
    )
    replay = RuleReplay(
        ports,
        key=KEY,
        kinds={},
        clock=lambda: NOON,
        consequences=RuleConsequences(stores=stores, announcer=stack.announcer, key=KEY),
        course=Unhurried(),
        holder="lea",
    )
    _, partitions = replay.forecast(Rules.from_document(before), Rules.from_document(after))
    return replay.run(replay.begin(before, after, partitions))


def test_profiles_follow_the_new_rules_and_nothing_is_said_that_could_start_a_journey() -> None:
    stack = Stack()
    stack.deliver(*bought(1, "a1"), *bought(10, "a2"))
    together = stack.profile("anonymous_id:a1")
    assert together.id == stack.profile("anonymous_id:a2").id
    assert together.occurrences["Order Completed"].count == 2
    heard = len(stack.announcer.facts)

    outcome = changed(stack, BEFORE, BLOCKED)

    assert outcome.is_settled
    facts = stack.announcer.facts[heard:]
    assert {fact.kind for fact in facts} <= {PROFILE_MERGED, PROFILE_SPLIT}
    assert {fact.kind for fact in facts} == {PROFILE_SPLIT}
    assert not [fact for fact in facts if fact.kind == EVENT]
    for visitor in ("a1", "a2"):
        profile = stack.profile(f"anonymous_id:{visitor}")
        assert profile.id == prs(f"anonymous_id:{visitor}")
        assert profile.occurrences["Order Completed"].count == 1
        assert profile.traits["firstName"] == f"Visitor {visitor}"


def test_what_is_undone_is_as_it_was() -> None:
    stack = Stack()
    stack.deliver(*bought(1, "a1"), *bought(10, "a2"))
    before = stack.profile("anonymous_id:a1")
    changed(stack, BEFORE, BLOCKED)
    changed(stack, BLOCKED, BEFORE)
    after = stack.profile("anonymous_id:a1")
    assert (after.traits, after.occurrences) == (before.traits, before.occurrences)
