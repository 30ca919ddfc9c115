"""What people do that says who is who: share a tablet, mistype an address at the till, subscribe before they log in, sign; and what
operators do about it."""

from datetime import timedelta
from random import Random
from typing import Any

from ariane.identity.signatures import signature
from tests.builders.events import KEYS
from tests.faults.clients import Author, Sending
from tests.faults.clients_people import Mix, Person

HUB = "info@shop.example"
"""An address that a shop assistant types in for everybody."""


def script_of(random: Random, mix: Mix) -> list[Sending]:
    """In the order of time. Numbers name actions for ever: leaving one out changes no other."""
    return IdentityAuthor(random, mix).script()


class IdentityAuthor(Author):
    def _tablet(self, person: Person) -> None:
        """In the shop many log in on the same two tablets; whoever comes next goes on without logging in."""
        tablet = self._random.choice(("tablet-1", "tablet-1", "tablet-2"))
        context = {"context": {"device": {"id": "kiosk"}}} if self._random.random() < 0.5 else {}
        named = self._message("identify", userId=person.user, anonymousId=tablet, traits=self._traits(person), **context)
        seen = self._track("Product Viewed", anonymousId=tablet, **context)
        self._put("tablet", "app", *self._random.choice(((named, seen), (named,), (seen, named))))
        if self._random.random() < 0.6:
            properties = {"cart_id": self._random.choice(person.carts)}
            added = self._track("Product Added", anonymousId=tablet, properties=properties, **context)
            self._put("add", "app", added, later=self._random.choice((0.0, 5.0, 60.0)))
        if self._random.random() < 0.3:
            self._put("wide", "app", self._track("Consent Withdrawn", anonymousId=tablet, **context), later=3.0)

    def _devices(self, person: Person) -> None:
        """An app says on which device it runs, beside its own id."""
        device = self._random.choice((f"device-{person.user}", f"device-{person.user}", "kiosk"))
        who: dict[str, Any] = {"anonymousId": self._random.choice(person.devices), "context": {"device": {"id": device}}}
        names = self._random.choices(("Product Viewed", "Searched", "Signed Up"), k=self._random.randint(1, 2))
        self._put("devices", "app", *(self._track(name, **who) for name in names))

    def _mistyped(self, person: Person) -> None:
        """The card is theirs, the address is another's."""
        other = self._random.choice(self._people)
        context = {"externalIds": [{"type": "loyalty_card", "id": f"card-{person.user}"}]}
        named = self._message("identify", anonymousId="till-1", context=context, traits={"email": other.emails[0], "first_name": "Léa"})
        self._put("mistyped", "till", named)

    def _form(self, person: Person) -> None:
        """A newsletter's form knows an address and a browser, and no account."""
        device, email = self._random.choice(person.devices), self._random.choice(person.emails)
        self._put("form", "site", self._message("identify", anonymousId=device, traits={"email": email}))

    def _signed(self, person: Person) -> None:
        """The shop's server signed who this is; or somebody tries to."""
        device = self._random.choice(person.devices)
        expires = self._now + timedelta(hours=self._random.choice((24, 24, -24)))
        good = signature(KEYS.signing or b"", user_id=person.user, anonymous_id=device, expires_at=expires)
        given = self._random.choice((good, good, good.replace(good[-4:], "0000"), "v1.nonsense"))
        traits = self._traits(person)
        identify = self._message("identify", userId=person.user, anonymousId=device, traits=traits, context={"signature": given})
        self._put("signed", "site", identify)

    def _hub(self, person: Person) -> None:
        self._put("hub", "backend", self._message("identify", userId=person.user, traits={"email": HUB}))

    def _known_before(self, person: Person) -> None:
        """An import brings what was known long ago; the backend what it forgot to send for hours."""
        traits = {"email": self._random.choice(person.emails), "phone": self._random.choice(person.phones)}
        some = dict(self._random.sample(sorted(traits.items()), self._random.randint(1, 2)))
        source, ago = self._random.choice((("history", timedelta(days=40)), ("backend", timedelta(hours=3)), ("site", timedelta(hours=2))))
        device = {"anonymousId": self._random.choice((*person.devices, "tablet-1"))} if self._random.random() < 0.6 else {}
        user = {"userId": person.user} if self._random.random() < 0.7 or not device else {}
        self._put("known before", source, self._message("identify", at=self._now - ago, traits=some, **user, **device))

    def _rename(self, person: Person) -> None:
        """Two accounts are said to be one, which no rule allows; or a browser that nobody knew is."""
        other = self._random.choice(self._people)
        if self._random.random() < 0.4 and other is not person:
            self._put("rename", "site", self._message("alias", userId=person.user, previousId=other.user))
        else:
            self._alias(person)

    def _unmerge(self, person: Person) -> None:
        self._operator("unmerge")

    def _lift(self, person: Person) -> None:
        self._operator("lift")

    def _link(self, person: Person) -> None:
        self._operator("link")
