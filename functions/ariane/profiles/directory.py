"""Finding a profile by what a caller writes: any of its identifiers, or a person id."""

import re
from collections.abc import Callable
from typing import Protocol

from ariane.errors import NotFound, Rejected
from ariane.identity.epochs import later_self
from ariane.identity.identifiers import normalise
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier, Normaliser, Rules
from ariane.identity.trees import Heads
from ariane.profiles.homes import is_shared
from ariane.profiles.model import Profile

_PERSON_ID = re.compile(r"prs_[a-z2-7]{26}")


class Profiles(Protocol):
    def find(self, person_id: str) -> Profile:
        """Raises NotFound."""
        ...


class ProfileDirectory:
    def __init__(self, profiles: Profiles, heads: Heads, *, rules: Callable[[], Rules], key: Callable[[], bytes]) -> None:
        self._profiles = profiles
        self._heads = heads
        self._rules = rules
        self._key = key

    def profile(self, text: str) -> Profile:
        """``namespace:value``, normalised by the rules as events are, or ``prs_…``. Raises Rejected when it is neither, NotFound.

        A device that several accounts have used is what it is by now: the profile of its own, never that of who used it first.
        """
        return self._profiles.find(text if _PERSON_ID.fullmatch(text) else self._id_of(self._identifier_of(text)))

    def _id_of(self, identifier: Identifier) -> str:
        rules = self._rules()
        own = person_id(identifier, self._key())
        is_device = rules.namespaces[identifier.namespace].is_device
        if not is_device or not is_shared(self._heads.heads([own]).get(own), identifier, rules):
            return own
        return person_id(later_self(identifier), self._key())

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
