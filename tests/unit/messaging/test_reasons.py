"""Every message that is not sent has a reason, and every reason is documented."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ariane.adapters.aws import email_sender, sms_sender
from ariane.adapters.aws.provider_errors import NOT_TAKEN
from ariane.errors import Retryable
from ariane.messaging.eligibility import Skip
from ariane.messaging.model import FINAL, Channel, Status
from ariane.messaging.settle import sweep
from tests.builders.messaging import ADDRESS, BRAND, SendWorld, a_template

DOCUMENT = Path("docs/reference/messages.md")
ORDER: dict[str, Any] = {"channel": Channel.SMS, "topic": "orders"}


def documented(heading: str) -> set[str]:
    """The first column of the table that begins with this heading."""
    table = DOCUMENT.read_text().split(f"| {heading} |")[1].split("\n\n")[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_the_document_lists_every_reason_to_skip_and_no_other() -> None:
    assert documented("reason of `skipped`") == set(Skip)


def test_the_document_lists_every_reason_to_fail_and_no_other() -> None:
    refusals = {*email_sender.PERMANENT.values(), *sms_sender.PERMANENT.values(), "provider_refused", "invalid_request"}
    assert documented("reason of `failed`") == refusals | NOT_TAKEN


@pytest.mark.parametrize("source", ["{{ profile.traits.tags | compact: 'a' }}", "{{ profile.traits.tags | uniq: 'a' }}"])
def test_whatever_a_template_provokes_is_a_reason(source: str) -> None:
    world = SendWorld(traits={"email": ADDRESS, "phone": "+33612345678", "tags": [{"b": 1}, 2]})
    world.definitions.template = a_template(fr_sms_txt=source)

    assert world.deliver(**ORDER).reason == "render_error"
    assert world.outcomes() == [("skipped", "render_error")]


@pytest.mark.parametrize(
    "compiled", [{"locales": 7}, {"locales": {"fr": {"email": "no parts"}}}, {"locales": {"fr": {"email": {"html": 7}}}}]
)
def test_a_compiled_template_of_another_shape_is_a_reason(compiled: dict[str, Any]) -> None:
    world = SendWorld()
    world.definitions.template = compiled

    assert world.deliver().reason == "render_error"


def test_an_email_that_cannot_be_written_as_bytes_is_never_claimed() -> None:
    world = SendWorld()
    world.definitions.messaging = {**BRAND, "email": {"from": "no address"}}

    assert world.deliver().reason == "invalid_address"
    assert world.entry().status is Status.SKIPPED


@pytest.mark.parametrize("name", ["messaging", "identity"])
def test_settings_that_cannot_be_read_are_waited_for(name: str) -> None:
    world = SendWorld()
    setattr(world.definitions, name, {"namespaces": 7})

    with pytest.raises(Retryable, match="definitions_invalid"):
        world.deliver()


def test_a_version_of_the_journey_that_cannot_be_read_is_waited_for() -> None:
    world = SendWorld()
    world.definitions.definition = {"name": "cart"}

    with pytest.raises(Retryable, match="definitions_invalid"):
        world.deliver()


def test_what_the_provider_never_took_fails_with_what_was_in_the_way() -> None:
    world = SendWorld()
    for code in ("provider_throttled", "provider_closed"):
        world.emails.answers = [Retryable(code, "no")]
        with pytest.raises(Retryable):
            world.deliver()
    sweep(world.ledger, world.now + timedelta(days=1))

    assert (world.entry().status, world.entry().reason) == (Status.FAILED, "provider_closed")
    assert FINAL not in NOT_TAKEN
