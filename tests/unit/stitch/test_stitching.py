"""Stitching over ports in memory: what becomes one person, what is counted once, what is announced."""

from typing import Any

from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.events.log import Page
from ariane.events.model import SourceKind
from ariane.profiles.announcing import Interest
from ariane.profiles.stitching import StreamRecord
from tests.builders.profiles import Stack, identify, item, prs, track


def test_a_login_joins_the_anonymous_profile() -> None:
    stack = Stack()
    stack.deliver(item(track(message_id="m1")))
    stack.deliver(item(identify(message_id="m2", minute=1, userId="u1", anonymousId="a1", traits={"email": "A@b.fr"})))

    profile = stack.profile("anonymous_id:a1")
    assert profile.id == prs("user_id:u1")
    assert set(profile.identifiers.values()) == {"user_id:u1", "anonymous_id:a1", "email:a@b.fr"}
    assert profile.occurrences["Product Viewed"].count == 1
    assert profile.traits == {"email": "A@b.fr"}
    assert stack.profile("email:a@b.fr") == profile


def test_a_chain_of_merges_ends_in_one_root_and_raises_its_version() -> None:
    stack = Stack()
    stack.deliver(item(track(message_id="m1", anonymousId="a1", context={"traits": {"email": "x@b.fr"}})))
    stack.deliver(item(track(message_id="m2", anonymousId="a2", context={"traits": {"email": "y@b.fr"}})))
    before = stack.profile("email:x@b.fr").version
    stack.deliver(item(identify(message_id="m3", userId="u1", traits={"email": "x@b.fr"})))
    stack.deliver(item(identify(message_id="m4", minute=1, userId="u1", traits={"email": "y@b.fr"})))

    profiles = [stack.profile(text) for text in ("anonymous_id:a1", "anonymous_id:a2", "user_id:u1", "email:y@b.fr")]
    assert {profile.id for profile in profiles} == {prs("user_id:u1")}
    assert len(profiles[0].identifiers) == 5
    assert before == 1
    assert profiles[0].version == 2


def test_a_redelivered_batch_is_applied_once_and_announced_again() -> None:
    stack = Stack()
    records = stack.write(item(track(message_id="m1")), item(identify(message_id="m2", userId="u1", anonymousId="a1")))
    stack.stitch(records)
    first = stack.profile("user_id:u1")
    stack.stitch(records)

    assert stack.profile("user_id:u1") == first
    assert first.occurrences["Product Viewed"].count == 1
    assert len(stack.announced("Event")) == 4
    assert [fact["into"] for fact in stack.announced("Profile Merged")] == [prs("user_id:u1")] * 2


def test_a_request_stored_under_two_keys_is_in_counters_and_timeline_once_and_announced_once() -> None:
    stack = Stack()
    messages = [track(message_id="m1"), track(message_id="m2", minute=1)]
    stack.deliver(item(*messages), item(*messages, salt="again"))
    stack.deliver(item(messages[1], salt="third"))

    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 2
    assert sorted(stack.timeline()) == ["m1", "m2"]
    assert [fact["messageId"] for fact in stack.announced("Event")] == ["m1", "m2"]


def test_a_copy_is_not_announced_when_its_record_is_delivered_again() -> None:
    stack = Stack()
    stack.deliver(item(track(message_id="m1")))
    copy = stack.write(item(track(message_id="m1"), salt="again"))
    stack.stitch(copy)
    stack.stitch(copy)
    assert len(stack.announced("Event")) == 1


def test_two_events_of_one_item_with_one_message_id_count_once() -> None:
    stack = Stack()
    stack.deliver(item(track(message_id="m1"), track(message_id="m1")))
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 1
    assert stack.timeline() == ["m1"]


def test_a_copy_that_comes_after_the_ring_forgot_is_found_in_the_log() -> None:
    stack = Stack()
    stack.deliver(item(track(message_id="old")))
    for number in range(60):
        stack.deliver(item(track(message_id=f"m{number}", minute=1 + number)))
    stack.deliver(item(track(message_id="old"), salt="again"))
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 61
    assert stack.timeline().count("old") == 1


class CountingLog(MemoryEventLog):
    pages = 0

    def page(self, *args: Any, **kwargs: Any) -> Page:
        self.pages += 1
        return super().page(*args, **kwargs)


def test_an_import_of_old_events_in_reverse_is_applied_once_and_reads_the_log_a_few_times() -> None:
    log = CountingLog()
    stack = Stack(log=log)
    events = [track(message_id=f"m{number}", minute=-30 * number) for number in range(400)]
    stack.deliver(*(item(*events[start : start + 100]) for start in range(0, 400, 100)))
    assert log.pages < 10
    stack.deliver(item(*events[150:250], salt="again"))
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 400
    assert len(stack.timeline()) == 400


def test_of_two_late_copies_written_before_either_was_stitched_one_is_applied() -> None:
    stack = Stack()
    for number in range(60):
        stack.deliver(item(track(message_id=f"m{number}", minute=10 + number)))
    records = stack.write(item(track(message_id="late")), item(track(message_id="late"), salt="again"))
    stack.stitch(records[:1])
    stack.stitch(records[1:])
    stack.stitch(records)
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 61
    assert stack.timeline().count("late") == 1


def test_a_replay_without_a_sequence_changes_nothing_that_the_ring_remembers() -> None:
    stack = Stack()
    (record,) = stack.write(item(track(message_id="m1")))
    stack.stitch([record])
    stack.stitch([StreamRecord(record.item, None)])
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 1
    assert stack.timeline() == ["m1"]


def test_only_what_something_listens_to_is_announced() -> None:
    stack = Stack(interest=Interest.from_document({"entry": ["Product Added"], "awaited": ["Order *"]}))
    events = [track(name, message_id=name) for name in ("Product Viewed", "Product Added", "Order Completed")]
    stack.deliver(item(*events))
    assert [(fact["event"], fact.get("awaited")) for fact in stack.announced("Event")] == [
        ("Product Added", None),
        ("Order Completed", True),
    ]


def test_an_announced_event_names_the_root_and_its_place_in_the_log() -> None:
    stack = Stack()
    stack.deliver(item(identify(message_id="m0", userId="u1", anonymousId="a1")))
    browse = item(track("Product Added", message_id="m1", properties={"sku": "s"}))
    stack.deliver(browse)
    fact = stack.announced("Event")[-1]
    assert fact["profile"] == prs("user_id:u1")
    assert fact["fragment"] == prs("anonymous_id:a1")
    assert fact["cause"] == f"{browse.person_id}/{browse.sort}/0"
    assert fact["properties"] == {"sku": "s"}


def test_a_consent_raises_the_version_of_the_root_it_concerns() -> None:
    stack = Stack()
    stack.deliver(item(identify(message_id="m0", userId="u1", traits={"email": "a@b.fr"}), source="shop", kind=SourceKind.SERVER))
    before = stack.profile("user_id:u1").version
    properties = {"topic": "offers", "channel": "email", "email": "A@b.fr"}
    consent = track("Consent Granted", message_id="m1", anonymousId=None, userId="u1", properties=properties)
    stack.deliver(item(consent, source="shop", kind=SourceKind.SERVER))
    (state,) = stack.consents.states([prs("email:a@b.fr")])
    assert state.granted
    assert stack.profile("user_id:u1").version == before + 1


def test_a_poison_record_is_parked_with_its_reason_and_its_neighbours_are_stitched() -> None:
    stack = Stack()
    poison = item(track(message_id="m1"))
    poison.messages[0]["timestamp"] = "never"
    records = [StreamRecord(poison, "1"), *(StreamRecord(each, "2") for each in [item(track(message_id="m2", minute=1))])]
    report = stack.stitch(records)
    assert [parked.code for parked in report.parked] == ["stitch_failed"]
    ((stored,), _) = stack.rejects.of_day("2026-11-25")
    assert stored.reject.message.startswith("ValueError at instants.py:")
    assert stack.profile("anonymous_id:a1").occurrences["Product Viewed"].count == 1


def test_a_known_set_costs_no_read_of_the_identities() -> None:
    stack = Stack(interest=Interest())
    stack.deliver(item(identify(message_id="m0", userId="u1", anonymousId="a1")))
    stack.identities.heads = None
    stack.identities.commit = None
    report = stack.deliver(item(identify(message_id="m1", minute=1, userId="u1", anonymousId="a1")))
    assert not report.parked


def test_the_earliest_assertion_of_a_set_is_kept() -> None:
    stack = Stack()
    stack.deliver(item(identify(message_id="m1", minute=5, userId="u1", anonymousId="a1")))
    stack.deliver(item(identify(message_id="m0", minute=1, userId="u1", anonymousId="a1")))
    stack.deliver(item(identify(message_id="m2", minute=9, userId="u1", anonymousId="a1")))
    (assertion,) = stack.identities.assertions_under(prs("user_id:u1"))
    assert assertion.message_id == "m0"


def test_who_pays_at_the_same_till_does_not_become_one_person() -> None:
    stack = Stack()
    for number in (1, 2):
        card = {"externalIds": [{"type": "loyalty_card", "id": f"L{number}"}], "device": {"id": "terminal-7"}}
        sale = track("Order Completed", message_id=f"o{number}", minute=number, anonymousId="till-1", context=card)
        stack.deliver(item(sale, source="till", kind=SourceKind.STORE))
    stack.deliver(item(track("Till Opened", message_id="o3", minute=3, anonymousId="till-1"), source="till", kind=SourceKind.STORE))

    for number in (1, 2):
        customer = stack.profile(f"loyalty_card:L{number}")
        assert list(customer.identifiers.values()) == [f"loyalty_card:L{number}"]
        assert customer.occurrences["Order Completed"].count == 1
    till = stack.profile("anonymous_id:till-1")
    assert list(till.occurrences) == ["Till Opened"]
    assert stack.announced("Profile Merged") == []
