"""Finding a profile by what a caller writes: any of its identifiers, or a person id."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from ariane.errors import NotFound, Rejected
from ariane.identity.epochs import later_self
from ariane.identity.identifiers import normalise
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier, Normaliser, Rules
from ariane.identity.trees import Heads
from ariane.profiles.homes import is_shared
from ariane.profiles.model import Profile

_SHARED = (
    "this device is shared: several accounts have used it, so it is nobody's, and nothing has happened on it without an account since; "
    "/v1/profiles/{identifier}/explain says since when and by whom"
)
_PERSON_ID = re.compile(r"prs_[a-z2-7]{26}")


class Profiles(Protocol):
    def find(self, person_id: str) -> Profile:
        """Raises NotFound."""
        ...

    def find_brief(self, person_id: str) -> Profile:
        """As ``find``, without listing devices at rest (``Profile.at_rest``): as many reads however many they are."""
        ...


class ProfileDirectory:
    def __init__(self, profiles: Profiles, heads: Heads, *, rules: Callable[[], Rules], key: Callable[[], bytes]) -> None:
        self._profiles = profiles
        self._heads = heads
        self._rules = rules
        self._key = key

    def profile(self, text: str) -> Profile:
        """``namespace:value``, normalised by the rules as events are, or ``prs_…``. Raises Rejected when it is neither, NotFound.

        A device that several accounts have used is what it is by now: the profile of its own, never that of who used it first. Until
        something happens on it without an account there is none: NotFound ``shared_device``.
        """
        return self._found(text, self._profiles.find)

    def brief(self, text: str) -> Profile:
        """As ``profile``, without listing devices at rest (``Profile.at_rest``)."""
        return self._found(text, self._profiles.find_brief)

    def _found(self, text: str, find: Callable[[str], Profile]) -> Profile:
        if _PERSON_ID.fullmatch(text):
            return find(text)
        identifier = self._identifier_of(text)
        if not self._is_shared(identifier):
            return find(person_id(identifier, self._key()))
        try:
            return find(person_id(later_self(identifier), self._key()))
        except NotFound as error:
            raise NotFound("shared_device", _SHARED) from error

    def person(self, text: str) -> Profile:
        """As ``profile``, and of a shared device that has none one of which nothing is known."""
        try:
            return self.profile(text)
        except NotFound as error:
            if error.code != "shared_device":
                raise
            return _unheard(later_self(self._identifier_of(text)), self._key())

    def named(self, person_ids: Collection[str]) -> Mapping[str, Identifier]:
        """Whose ids these are, where they ever had to do with another; whoever's they are now."""
        heads = self._heads.heads(person_ids) if person_ids else {}
        return {own: head.identifier for own, head in heads.items() if head.identifier is not None}

    def _is_shared(self, identifier: Identifier) -> bool:
        rules, own = self._rules(), person_id(identifier, self._key())
        return rules.is_device(identifier) and is_shared(self._heads.heads([own]).get(own), identifier, rules)

    def _identifier_of(self, text: str) -> Identifier:
        try:
            written = Identifier.parse(text)
        except ValueError as error:
            raise Rejected("invalid_identifier", "an identifier is written namespace:value") from error
        rules = self._rules()
        identifier = normalise(written.namespace, _with_plus(written, rules), rules)
        if identifier is None:
            raise NotFound("profile_not_found", _why_none(written.namespace, rules))
        return identifier


def _unheard(identifier: Identifier, key: bytes) -> Profile:
    own = person_id(identifier, key)
    return Profile(id=own, identifiers={own: str(identifier)}, traits={}, occurrences={}, first_seen=None, last_seen=None, version=0)


def _why_none(namespace: str, rules: Rules) -> str:
    """Never with the value, which may be personal."""
    if namespace not in rules.namespaces:
        return f"no profile can have this identifier: there is no namespace {namespace}; known: {', '.join(sorted(rules.namespaces))}"
    return f"no profile can have this identifier: the value is a placeholder (guest, null, …), blocked, or no value of {namespace}"


def _with_plus(written: Identifier, rules: Rules) -> str:
    """A query's unescaped ``+33…`` arrives as `` 33…``."""
    rule = rules.namespaces.get(written.namespace)
    is_phone = rule is not None and rule.normaliser is Normaliser.PHONE
    return "+" + written.value[1:] if is_phone and written.value.startswith(" ") else written.value
