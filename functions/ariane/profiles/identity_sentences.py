"""What was said of who is whom, in sentences that somebody at a till understands."""

from datetime import datetime, timedelta

from ariane.events.timestamps import REACH
from ariane.identity.epochs import is_later, plain
from ariane.identity.explaining import SharedDevice
from ariane.identity.model import Assertion
from ariane.identity.rules import Identifier
from ariane.identity.signatures import VERIFIED, Fault

_FAULTS = {
    Fault.MALFORMED: "malformed, it cannot be read",
    Fault.FORGED: "forged, it is not what your backend signs for these ids",
    Fault.EXPIRED: "expired",
}


def said(assertion: Assertion, one: str, other: str) -> str:
    """Who said when that the two belong together, and how far that is to be believed."""
    when = _when(assertion.at)
    if assertion.by is not None:
        return f"On {when} {assertion.by} said by hand ({assertion.why}) that {one} belongs with {other}"
    doubts = "; ".join((*_clock(assertion), *_signature(assertion)))
    told = f"On {when} {_source(assertion)} said, in message {assertion.message_id}, that {one} belongs with {other}"
    return f"{told} ({doubts})" if doubts else told


def shared_in_words(shared: SharedDevice) -> str:
    accounts = " and then ".join(map(str, shared.accounts)) if len(shared.accounts) > 1 else "two accounts"
    return (
        f"{accounts} used it, so since {_when(shared.since)} it no longer tells who somebody is: it links nobody, "
        "and what happens on it without an account is nobody's but its own [shared_device]"
    )


def named(identifier: Identifier) -> str:
    return f"{plain(identifier)} (since it is shared)" if is_later(identifier) else str(identifier)


def _source(assertion: Assertion) -> str:
    if assertion.signature == VERIFIED:
        return f"the source {assertion.source}, signed,"
    return f"the {'trusted' if assertion.is_trusted else 'public'} source {assertion.source}"


def _clock(assertion: Assertion) -> tuple[str, ...]:
    if assertion.received_at is None:
        return ()
    came = f"it was received on {_when(assertion.received_at)}"
    if assertion.is_clamped:
        return (f"{came}; its clock was set back further, and a public source's word reaches back {_lasting(REACH)} at most",)
    return (f"it says it happened {_lasting(assertion.received_at - assertion.at)} before it was received; {came}",)


def _signature(assertion: Assertion) -> tuple[str, ...]:
    if assertion.signature is None or assertion.signature == VERIFIED:
        return ()
    return (f"signature refused: {_FAULTS[Fault(assertion.signature)]}",)


def _lasting(time: timedelta) -> str:
    hours, minutes = divmod(int(time.total_seconds()) // 60, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d at %H:%M} UTC"
