"""A person's decisions as conditions look at them: address by address."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ariane.conditions.series import Consent
from ariane.instants import to_millis
from ariane.privacy.consents import EVERY, ConsentState
from ariane.profiles.model import Profile

_NAMESPACES: Mapping[str, tuple[str, ...]] = {"email": ("email:",), "sms": ("phone:",), EVERY: ("email:", "phone:")}
"""Channel -> beginnings of the identifiers that are addresses of it."""
NO_ADDRESS = ""
"""Of channels without addresses of their own, and of people who have none yet."""


def consents_of(profile: Profile, states: Iterable[ConsentState]) -> Sequence[Consent]:
    """What was said for the whole person is said of each address that the channel writes to. ``states``: what stands under any of the
    person's ids."""
    return [decision for state in states for decision in _decisions(profile, state)]


def _decisions(profile: Profile, state: ConsentState) -> Iterator[Consent]:
    for address in _addresses(profile, state.channel) if state.is_person_wide else [state.person_id]:
        yield Consent(state.topic, state.channel, state.granted, to_millis(state.at), address)


def _addresses(profile: Profile, channel: str) -> list[str]:
    beginnings = _NAMESPACES.get(channel, ())
    found = [id_ for id_, name in profile.identifiers.items() if name.startswith(beginnings)] if beginnings else []
    return [*found, NO_ADDRESS] if channel == EVERY or not found else found
