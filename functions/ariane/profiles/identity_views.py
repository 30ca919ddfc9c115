"""Why identifiers are one person, and what was done about it by hand, as JSON documents with sentences that people can read."""

from collections.abc import Iterable
from typing import Any

from ariane.identity.explaining import Explanation, Link, SharedDevice, anchor_of, refusal_in_words
from ariane.identity.model import Assertion, Merged, Parted, Split
from ariane.identity.reference import Refusal
from ariane.identity.rules import Identifier
from ariane.identity.signatures import VERIFIED
from ariane.instants import format_instant
from ariane.profiles.foreseen_views import foreseen_view
from ariane.profiles.identity_desk import Done, Explained
from ariane.profiles.identity_requests import EVENTS_TO
from ariane.profiles.identity_sentences import named, said, shared_in_words
from ariane.profiles.model import Profile
from ariane.profiles.views import identifier_view as _view
from ariane.profiles.views import instant, shown_identifier


def explain_view(found: Explained) -> dict[str, Any]:
    """``links``: how each identifier came to be the person's; ``refused``: who was kept apart, and why."""
    profile = found.profile
    return {
        "id": profile.id,
        "identifiers": [{**_text_view(text), "person_id": member} for member, text in profile.identifiers.items()],
        **_reasons_view(found),
        "assertions": [_assertion_view(each) for each in _own(found)],
        "merges": [_merge_view(each, profile) for transition in found.history for each in transition.merged],
        "partings": [_parting_view(each, profile) for transition in found.history for each in transition.parted],
        "complete": found.explanation is not None,
        "quarantine": found.quarantine,
    }


def done_view(done: Done) -> dict[str, Any]:
    view: dict[str, Any] = {
        "profiles": [{"id": each.id, "identifiers": [*map(_text_view, each.identifiers.values())]} for each in done.people],
        "pending": done.is_pending,
    }
    if done.foreseen is not None:
        return view | foreseen_view(done.foreseen)
    view |= {"already": done.is_already}
    if done.split is not None:
        return {"split": split_view(done.split), **view}
    return {"link": _assertion_view(done.link), **view} if done.link is not None else view


def split_view(split: Split) -> dict[str, Any]:
    """``identifiers`` are those that were taken apart from ``others``."""
    words = {side: word for word, side in EVENTS_TO.items()}
    lifted = split.lifted
    return {
        "id": split.id,
        "identifiers": [_view(each) for each in sorted(split.right)],
        "others": [_view(each) for each in sorted(split.left)],
        "events_to": words[split.events_to] if split.events_to else None,
        "at": format_instant(split.at),
        "by": split.by,
        "why": split.why,
        "lifted": {"at": format_instant(lifted.at), "by": lifted.by, "why": lifted.why} if lifted else None,
    }


def _reasons_view(found: Explained) -> dict[str, Any]:
    why = found.explanation
    if why is None:
        return {name: [] for name in ("links", "refused", "shared_devices", "hubs", "splits")}
    return {
        "links": [_link_view(each) for each in why.links],
        "refused": [_refusal_view(each, why, found) for each in why.refusals],
        "shared_devices": [_shared_view(each) for each in why.shared],
        "hubs": [{**_view(each), "message": f"more than {found.rules.spread:,} customers have given it [hub]"} for each in why.hubs],
        "splits": [split_view(each) for each in why.splits],
    }


def _own(found: Explained) -> Iterable[Assertion]:
    """Earliest first: those that name one of the person's identifiers."""
    own = set(found.profile.identifiers.values())
    return sorted((each for each in found.view.assertions if own & {*map(str, each.identifiers)}), key=lambda each: each.order)


def _link_view(link: Link) -> dict[str, Any]:
    return {
        "identifier": _view(link.identifier),
        "through": _view(link.through),
        "message": said(link.assertion, named(link.identifier), named(link.through)),
        "assertion": _assertion_view(link.assertion),
    }


def _refusal_view(refusal: Refusal, why: Explanation, found: Explained) -> dict[str, Any]:
    anchor = anchor_of(refusal.assertion, found.view.facts(found.rules), found.view.splits)
    words = refusal_in_words(refusal, why, found.rules)
    return {
        "identifier": _view(refusal.identifier),
        "from": _view(anchor),
        "reason": str(refusal.reason),
        "message": f"{said(refusal.assertion, named(refusal.identifier), named(anchor))}; refused: {words} [{refusal.reason}]",
        "assertion": _assertion_view(refusal.assertion),
    }


def _shared_view(shared: SharedDevice) -> dict[str, Any]:
    return {
        **_view(shared.device),
        "since": format_instant(shared.since),
        "accounts": [_view(each) for each in shared.accounts],
        "message": shared_in_words(shared),
    }


def _assertion_view(assertion: Assertion) -> dict[str, Any]:
    return {
        "identifiers": [_view(each) for each in assertion.identifiers],
        "at": format_instant(assertion.at),
        "received_at": instant(assertion.received_at),
        "clamped": assertion.is_clamped,
        "trusted": assertion.is_trusted,
        "signature": _signature_view(assertion.signature),
        "source": assertion.source,
        "messageId": assertion.message_id,
        "by": assertion.by,
        "why": assertion.why,
    }


def _signature_view(word: str | None) -> dict[str, Any] | None:
    """As collect wrote it into the event."""
    if word is None:
        return None
    return {"verified": True} if word == VERIFIED else {"verified": False, "reason": word}


def _merge_view(merged: Merged, profile: Profile) -> dict[str, Any]:
    return {
        "at": format_instant(merged.at),
        "into": _known(merged.into, profile),
        "from": [_known(each, profile) for each in merged.absorbed],
        "cause": merged.cause,
    }


def _parting_view(parted: Parted, profile: Profile) -> dict[str, Any]:
    return {
        "at": format_instant(parted.at),
        "from": _known(parted.origin, profile),
        "into": [_known(each, profile) for each in parted.parts],
        "cause": parted.cause,
    }


def _known(person_id: str, profile: Profile) -> str:
    """Its identifier where it is the person's; the id of one who is somebody else now."""
    return shown_identifier(profile, person_id) or person_id


def _text_view(text: str) -> dict[str, Any]:
    return _view(Identifier.parse(text))
