"""Whom an audience is made of, and who of them may be in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ariane.errors import Rejected
from ariane.identity.epochs import plain
from ariane.identity.rules import Identifier
from ariane.privacy.consents import Consent, ConsentQuestion, ConsentState
from ariane.profiles.model import Profile

ADDRESSES: Mapping[str, str] = {"email": "email", "phone": "sms"}
"""Namespaces that people are reached by, and the channel by which each is, where nobody names another."""
_SEPARATOR = "/"
_LONGEST = 200


class Named(NamedTuple):
    namespace: str
    value: str
    person_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: str
    since: str | None = None
    """ISO instant; None: from before anybody knows."""
    identifiers: tuple[Named, ...] = ()
    traits: Mapping[str, Any] = field(default_factory=dict)
    """Computed ones too, which win over plain ones of the same name."""
    holder_ids: frozenset[str] = frozenset()
    """Every person id of theirs that a decision may lie under."""

    def values(self, namespace: str) -> tuple[str, ...]:
        return tuple(each.value for each in self.identifiers if each.namespace == namespace)

    def trait(self, *paths: str) -> Any:
        """The first of these dotted paths that has a value."""
        return next((value for path in paths if (value := _at(self.traits, path)) is not None), None)


def _at(traits: Any, path: str) -> Any:
    if isinstance(traits, Mapping) and path in traits:
        return traits[path]
    head, dot, rest = path.partition(".")
    return _at(traits[head], rest) if dot and isinstance(traits, Mapping) and head in traits else None


def person_of(profile: Profile, *, since: str | None, computed: Mapping[str, Any]) -> Person:
    named = (Named(*plain(Identifier.parse(text)), own) for own, text in profile.identifiers.items())
    known = {name: value for name, value in computed.items() if value is not None}
    return Person(
        id=profile.id,
        since=since,
        identifiers=tuple(named),
        traits={**profile.traits, **known},
        holder_ids=frozenset({profile.id, *profile.holder_ids}),
    )


@dataclass(frozen=True, slots=True)
class ConsentWanted:
    """A recorded grant for the topic, over the channel; None: over the channel that the address itself is for."""

    topic: str
    channel: str | None = None

    @classmethod
    def parse(cls, text: str) -> "ConsentWanted":
        """``TOPIC`` or ``TOPIC/CHANNEL``. Raises Rejected (``invalid_consent``)."""
        topic, slash, channel = (part.strip() for part in text.partition(_SEPARATOR))
        if not topic or (slash and not channel) or len(text) > _LONGEST or "#" in text or "*" in text:
            raise Rejected("invalid_consent", "consent is TOPIC or TOPIC/CHANNEL, for example ads or ads/email")
        return cls(topic, channel.lower() or None)

    def narrowed(self, person: Person, states: Iterable[ConsentState]) -> Person | None:
        """With the e-mail addresses and telephone numbers that the grant holds for, and no others. None: it holds for none of them, nor for
        the person at large."""
        every = [state for state in states if state.topic in (self.topic, "*")]
        kept = tuple(each for each in person.identifiers if each.namespace not in ADDRESSES or self._is_granted(each, person, every))
        reachable = any(each.namespace in ADDRESSES for each in kept)
        if not reachable and not self._is_granted(None, person, every):
            return None
        return replace(person, identifiers=kept)

    def _is_granted(self, address: Named | None, person: Person, states: Iterable[ConsentState]) -> bool:
        """Of an address, or of whoever has none: then only what was said for the whole person counts, over whichever channel."""
        channels = [self.channel] if self.channel else [ADDRESSES[address.namespace]] if address else [*ADDRESSES.values()]
        questions = (
            ConsentQuestion(
                topic=self.topic,
                channel=channel,
                address_id=address.person_id if address else "",
                person_ids=person.holder_ids,
            )
            for channel in channels
        )
        return any(question.answered_by(states) is Consent.GRANTED for question in questions)


type Filter = Callable[[Person, Iterable[ConsentState]], Person | None]


def everybody(person: Person, states: Iterable[ConsentState]) -> Person | None:  # noqa: ARG001 - a Filter that asks nothing
    return person
