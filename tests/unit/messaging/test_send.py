"""Sending one message: who gets it, who does not and why, what providers answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ariane.errors import Permanent, Retryable
from ariane.journeys.enrolment import Status as RunStatus
from ariane.messaging.model import Channel, Status
from ariane.messaging.senders import OutcomeUnknown
from tests.builders.messaging import ADDRESS, BRAND, PHONE, PUBLIC_URL, SendWorld, a_definition, a_template, an_entry
from tests.builders.profiles import NOON, identify, item, prs

TRANSACTIONAL: dict[str, Any] = {"channel": Channel.SMS, "topic": "orders"}


def test_a_marketing_email_reaches_the_customer_who_agreed() -> None:
    world = SendWorld()

    entry = world.deliver()

    (email,) = world.emails.sent
    assert (email.to, email.subject) == (ADDRESS, "Ana, votre panier")
    assert email.unsubscribe_url is not None
    assert email.unsubscribe_url.startswith(f"{PUBLIC_URL}/u/")
    assert email.tags["message"] == entry.id
    assert (world.entry().status, world.entry().provider_id, world.entry().address_id) == (Status.SENT, "ses-1", prs(f"email:{ADDRESS}"))
    assert world.outcomes() == [("sent", None)]


def test_a_transactional_sms_needs_no_consent_and_has_no_stop_line() -> None:
    world = SendWorld(consents=())

    world.deliver(**TRANSACTIONAL)

    (sms,) = world.texts.sent
    assert sms.to == PHONE
    assert sms.text == "Maison Ondine : commande o-1, 49,90 €"
    assert world.entry().segments == 1


def test_a_marketing_sms_ends_with_the_stop_line_of_its_language() -> None:
    world = SendWorld()

    world.deliver(channel=Channel.SMS)

    assert world.texts.sent[0].text.endswith("\nSTOP au 36180")


def test_a_message_is_in_the_language_of_the_customer() -> None:
    world = SendWorld(traits={"email": ADDRESS, "locale": "en_GB"})
    world.definitions.template = a_template(fr_sms_txt="bonjour", en_sms_txt="hello {{ event.properties.total | money }}")
    world.stack.deliver(item(identify(message_id="i2", minute=3, userId="u1", traits={"phone": PHONE}), source="backend"))

    world.deliver(**TRANSACTIONAL)

    assert world.texts.sent[0].text == "hello €49.90"


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda world: None, "no_consent"),
        (lambda world: world.decide("Consent Granted", channel="email", topic="loyalty", minute=3), "no_consent"),
        (lambda world: world.decide("Consent Granted", channel="sms", minute=3), "no_consent"),
        (lambda world: world.decide("Consent Granted", channel="email", minute=3, email="other@shop.example"), "no_consent"),
        (lambda world: world.suppressions.suppress(prs(f"email:{ADDRESS}"), reason="bounced", at=NOON), "suppressed"),
        (lambda world: world.happen("Order Completed", minute=5), "exited"),
        (lambda world: world.end_run(), "exited"),
        (lambda world: world.end_run(RunStatus.MERGED), "enrolment_ended"),
    ],
)
def test_what_is_not_sent_has_its_reason_in_the_ledger_and_the_journey_goes_on(prepare: Any, reason: str) -> None:
    world = SendWorld(consents=())
    prepare(world)

    world.deliver()

    assert world.emails.sent == []
    assert (world.entry().status, world.entry().reason) == (Status.SKIPPED, reason)
    assert world.outcomes() == [("skipped", reason)]


def test_an_exit_before_the_entry_ends_nothing() -> None:
    world = SendWorld()
    world.happen("Order Completed", minute=1.5)

    assert world.deliver().status is Status.SENT


@pytest.mark.parametrize(("cart", "status"), [("c1", Status.SKIPPED), ("another", Status.SENT)])
def test_an_exit_narrowed_to_the_runs_key_is_looked_up_in_the_log(cart: str, status: Status) -> None:
    world = SendWorld()
    world.definitions.definition = a_definition(match="cart_id")
    world.happen("Order Completed", minute=5, properties={"cart_id": cart})

    assert world.deliver().status is status


def test_a_withdrawal_after_the_grant_wins_and_a_later_grant_restores() -> None:
    withdrawn, again = SendWorld(), SendWorld()
    for world in (withdrawn, again):
        world.decide("Consent Withdrawn", channel="email", minute=10)
    again.decide("Consent Granted", channel="email", minute=11)

    assert withdrawn.deliver().reason == "no_consent"
    assert again.deliver().status is Status.SENT


def test_a_withdrawal_of_everything_covers_each_topic() -> None:
    world = SendWorld()
    world.decide("Consent Withdrawn", channel="email", topic="", minute=10)

    assert world.deliver().reason == "no_consent"


@pytest.mark.parametrize(
    ("traits", "fields", "reason"),
    [
        ({"first_name": "Ana"}, {}, "no_address"),
        ({"email": "ana..b@shop.fr"}, {}, "invalid_address"),
        ({"phone": "+33142685300"}, TRANSACTIONAL, "invalid_address"),
        ({"email": ADDRESS}, {"topic": "gossip"}, "unknown_topic"),
        ({"email": ADDRESS}, {"channel": Channel.PUSH}, "channel_not_allowed"),
        ({"phone": PHONE}, TRANSACTIONAL | {"template": "gone"}, "no_template"),
        ({"phone": PHONE}, TRANSACTIONAL | {"version": "2"}, "definition_missing"),
    ],
)
def test_what_cannot_be_sent_says_why(traits: dict[str, Any], fields: dict[str, Any], reason: str) -> None:
    world = SendWorld(traits=traits, consents=())

    assert world.deliver(**fields).reason == reason
    assert world.entry().reason == reason


def test_a_template_that_breaks_is_a_reason_too() -> None:
    world = SendWorld()
    world.definitions.template = a_template(fr_sms_txt="{% for a in (1..9999) %}{% for b in (1..9999) %}x{% endfor %}{% endfor %}")

    assert world.deliver(**TRANSACTIONAL).reason == "render_error"


def test_a_marketing_sms_without_a_way_to_say_stop_is_not_sent() -> None:
    world = SendWorld()
    world.definitions.messaging = {**BRAND, "sms": {}}

    assert world.deliver(channel=Channel.SMS).reason == "no_stop_suffix"


def test_a_sent_message_is_not_sent_again_but_its_outcome_is_reported_again() -> None:
    world = SendWorld()
    world.deliver()
    world.end_run()

    world.deliver()

    assert len(world.emails.sent) == 1
    assert world.outcomes() == [("sent", None), ("sent", None)]


def test_a_throttled_message_is_claimed_again_later() -> None:
    world = SendWorld()
    world.emails.answers = [Retryable("provider_throttled", "slow down")]

    with pytest.raises(Retryable):
        world.deliver()
    assert (world.entry().status, world.outcomes()) == (Status.REOPENED, [])

    assert world.deliver().status is Status.SENT
    assert len(world.emails.sent) == 1


def test_a_withdrawal_between_a_throttle_and_the_repeat_is_respected() -> None:
    world = SendWorld()
    world.emails.answers = [Retryable("provider_throttled", "slow down")]
    with pytest.raises(Retryable):
        world.deliver()

    world.decide("Consent Withdrawn", channel="email", minute=10)

    assert world.deliver().reason == "no_consent"
    assert world.emails.sent == []


def test_an_unclear_marketing_message_is_never_sent_again() -> None:
    world = SendWorld()
    world.emails.answers = [OutcomeUnknown("provider_silent", "no answer")]

    assert world.deliver().status is Status.UNCLEAR
    world.now += timedelta(hours=1)
    assert world.deliver().status is Status.UNCLEAR
    assert world.emails.sent == []
    assert world.outcomes() == [("unclear", None), ("unclear", None)]


def test_an_unclear_transactional_message_is_sent_again() -> None:
    world = SendWorld()
    world.texts.answers = [OutcomeUnknown("provider_silent", "no answer")]

    with pytest.raises(Retryable):
        world.deliver(**TRANSACTIONAL)
    assert world.entry().status is Status.UNCLEAR

    assert world.deliver(**TRANSACTIONAL).status is Status.SENT
    assert len(world.texts.sent) == 1


def test_a_refusal_for_good_is_a_failure_with_its_reason() -> None:
    world = SendWorld()
    world.emails.answers = [Permanent("sender_not_verified", "no")]

    world.deliver()

    assert (world.entry().status, world.entry().reason) == (Status.FAILED, "sender_not_verified")
    assert world.outcomes() == [("failed", "sender_not_verified")]


def test_a_number_that_opted_out_at_the_network_is_suppressed_from_then_on() -> None:
    world = SendWorld()
    world.texts.answers = [Permanent("opted_out", "stop")]
    world.deliver(**TRANSACTIONAL)

    assert world.deliver(**TRANSACTIONAL, attempt=1).reason == "suppressed"


def test_a_claim_at_work_elsewhere_is_waited_for() -> None:
    world = SendWorld()
    with pytest.raises(_Crash):
        world.deliver(change=lambda ports: replace(ports, emails=_Dies()))
    with pytest.raises(Retryable):
        world.deliver()


@pytest.mark.parametrize(("is_merged", "sent"), [(True, 0), (False, 1)])
def test_an_absorbed_profiles_claim_stands_after_a_merge(is_merged: bool, sent: int) -> None:
    world = SendWorld()
    world.ledger.skip(an_entry(profile=prs("loyalty_card:L1"), id=world.request().message_id, status=Status.SENT))
    card = "L1" if is_merged else "L2"
    world.stack.deliver(item(identify(message_id="i8", minute=4, userId="u1", traits={"loyalty_card": card}), source="backend"))

    assert world.deliver().status is Status.SENT
    assert len(world.emails.sent) == sent


class _Crash(BaseException):
    pass


class _Dies:
    def send(self, *_: object) -> str:
        raise _Crash
