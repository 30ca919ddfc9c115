"""What happens in the simulated shop: a script of requests, drawn from the seed, of browsers, apps, a backend, a till and an import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ariane.instants import format_instant
from tests.faults.clients_people import WEIGHTS, Mix, Person, people_of

OPENING = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""When the script begins."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One request of the script, or (without a source) the publishing of the second version, or what an operator does."""

    number: int
    at: datetime
    what: str
    source: str
    messages: tuple[Mapping[str, Any], ...] = ()
    raw: bytes | None = None
    """A body that is no JSON."""
    skew: float = 0.0
    """Seconds that the client's clock is ahead."""

    def __str__(self) -> str:
        said = ", ".join(_said(message) for message in self.messages[:4])
        more = f" and {len(self.messages) - 4} more" if len(self.messages) > 4 else ""
        return f"[{self.number}] {self.at:%H:%M:%S.%f} {self.what} from {self.source or 'the brand'}: {said}{more}"


def _said(message: Mapping[str, Any]) -> str:
    who = message.get("userId") or message.get("anonymousId") or "?"
    return f"{message.get('event') or message.get('type')} {message.get('messageId', '(no id)')} of {who}"


class Author:
    def __init__(self, random: Random, mix: Mix) -> None:
        self._random = random
        self._mix = mix
        self._people = people_of(random, mix)
        self._bursts = [random.uniform(0, mix.minutes * 60) for _ in range(random.randint(2, 6))]
        self._now = OPENING
        self._serial = 0
        self._script: list[Sending] = []

    def script(self) -> list[Sending]:
        for person in self._people:
            self._meet(person)
        weights = {**WEIGHTS, **self._mix.weights}
        names = self._random.choices([*weights], [*weights.values()], k=self._mix.actions)
        for moment, name in zip(sorted(self._moment() for _ in names), names, strict=True):
            self._now = moment
            self._writer(name)(self._random.choice(self._people))
        if self._mix.busy:
            self._rush(self._people[0])
        if self._mix.is_republished:
            self._script.append(Sending(len(self._script), self._moment(), "publish", ""))
        return sorted(self._script, key=lambda sending: (sending.at, sending.number))

    def _writer(self, name: str) -> Callable[[Person], None]:
        """What is none of the clients' is a capability's: it learns of the moment."""
        found: Callable[[Person], None] | None = getattr(self, f"_{name}", None)
        return found or (lambda _: self._operator(name))

    def _operator(self, what: str) -> None:
        self._script.append(Sending(len(self._script), self._now, what, ""))

    def _moment(self) -> datetime:
        """Mostly within a burst: who races must meet."""
        if self._random.random() < 0.7:
            second = self._random.choice(self._bursts) + self._random.choice((0.0, 0.0, 0.05, 0.5, 3.0, 20.0))
        else:
            second = self._random.uniform(0, self._mix.minutes * 60)
        return OPENING + timedelta(milliseconds=round(second * 1000))

    # messages

    def _message(self, kind: str, **fields: Any) -> dict[str, Any]:
        self._serial += 1
        ago = self._random.choice((0.0, 0.0, 0.5, 5.0, 45.0))
        at = fields.pop("at", self._now - timedelta(seconds=ago))
        message = {"type": kind, "messageId": f"m{self._serial}", "timestamp": format_instant(at), **fields}
        return {name: value for name, value in message.items() if value is not None}

    def _track(self, name: str, **fields: Any) -> dict[str, Any]:
        properties = {**fields.pop("properties", {}), "tag": f"t{self._serial + 1}"}
        return self._message("track", event=name, properties=properties, **fields)

    def _put(self, what: str, source: str, *messages: Mapping[str, Any], raw: bytes | None = None, later: float = 0.0) -> None:
        at = self._now + timedelta(milliseconds=round(later * 1000))
        skew = self._random.choice((0.0, 0.0, 0.0, -90.0, 240.0)) if source in ("site", "app") else 0.0
        shown = tuple(_shifted(message, skew) for message in messages)
        self._script.append(Sending(len(self._script), at, what, source, shown, raw, skew))

    def _who(self, person: Person) -> dict[str, Any]:
        """A visitor who is known or not."""
        device = self._random.choice(person.devices)
        return self._random.choice(({"anonymousId": device}, {"anonymousId": device}, {"userId": person.user, "anonymousId": device}))

    def _traits(self, person: Person) -> dict[str, Any]:
        choices: dict[str, Any] = {
            "email": self._random.choice(person.emails),
            "phone": self._random.choice(person.phones),
            "plan": self._random.choice(("gold", "free", None)),
            "first_name": self._random.choice(("Ana", "Zoé")),
        }
        return {name: value for name, value in choices.items() if self._random.random() < 0.75}

    # what happens

    def _meet(self, person: Person) -> None:
        """Most are known from the start, with their addresses; many of them granted something."""
        if self._random.random() < self._mix.known:
            self._now = OPENING + timedelta(seconds=self._random.choice((0, 0, 5, 60)))
            traits = {"email": person.emails[0], "phone": person.phones[0], "first_name": "Ana"}
            self._put("meet", "backend", self._message("identify", userId=person.user, traits=traits))
            if self._random.random() < self._mix.known:
                self._consent(person, "Consent Granted")

    def _browse(self, person: Person) -> None:
        who = self._who(person)
        names = self._random.choices(("Product Viewed", "Searched"), k=self._random.randint(1, 4))
        page = [self._message("page", name="Home", **who)] if self._random.random() < 0.3 else []
        self._put("browse", self._random.choice(("site", "app")), *page, *(self._track(name, **who) for name in names))

    def _add(self, person: Person) -> None:
        """Some order the same a moment later, or just when the reminder is due."""
        cart = self._random.choice(person.carts)
        added = self._track("Product Added", properties={"cart_id": cart, "name": "Robe"}, **self._who(person))
        self._put("add", self._random.choice(("site", "app")), added)
        if self._random.random() < 0.3:
            self._serial += 1
            order = {"order_id": f"o{self._serial}", "cart_id": cart, "total": 49.9}
            self._now += timedelta(seconds=self._random.choice((0, 1, 20, 299, 301, 598, 600, 603, 640, 645)))
            self._put("order", "backend", self._track("Order Completed", userId=person.user, properties=order))
        elif self._random.random() < 0.2:
            self._random.choice((self._login, self._withdraw))(person)

    def _login(self, person: Person) -> None:
        device = self._random.choice(person.devices)
        identify = self._message("identify", userId=person.user, anonymousId=device, traits=self._traits(person))
        self._put("login", self._random.choice(("site", "app", "site")), identify)

    def _order(self, person: Person) -> None:
        """The backend may know the customer by their address alone."""
        self._serial += 1
        properties = {"order_id": f"o{self._serial}", "cart_id": self._random.choice(person.carts), "total": 49.9}
        known: tuple[dict[str, Any], ...] = (
            {"userId": person.user},
            {"userId": person.user, "context": {"traits": {"email": self._random.choice(person.emails)}}},
            {"context": {"externalIds": [{"type": "email", "id": self._random.choice(person.emails)}]}},
        )
        again = self._random.choice((0.0, 0.0, 0.0, 400.0))
        self._put("order", "backend", self._track("Order Completed", properties=properties, **self._random.choice(known)), later=again)

    def _sign_up(self, person: Person) -> None:
        device = self._random.choice(person.devices)
        if self._random.random() < 0.4:  # by a form that knows no account yet
            self._put("sign up", "site", self._track("Signed Up", anonymousId=device))
            return
        identify = self._message("identify", userId=person.user, anonymousId=device, traits=self._traits(person))
        self._put("sign up", "site", identify, self._track("Signed Up", userId=person.user, anonymousId=device))
        if self._random.random() < 0.2:
            self._close(person)

    def _close(self, person: Person) -> None:
        self._now += timedelta(seconds=self._random.choice((0, 3, 118, 121)))
        self._put("close", "backend", self._track("Account Closed", userId=person.user))

    def _grant(self, person: Person) -> None:
        self._consent(person, "Consent Granted")

    def _withdraw(self, person: Person) -> None:
        self._consent(person, "Consent Withdrawn")

    def _consent(self, person: Person, name: str) -> None:
        channel = self._random.choice(("email", "sms"))
        address = {"email": self._random.choice(person.emails)} if channel == "email" else {"phone": self._random.choice(person.phones)}
        wide = self._random.random() < 0.4
        everything = name == "Consent Withdrawn" and self._random.random() < 0.25
        properties = {} if everything else {"topic": "offers", "channel": channel, **({} if wide else address)}
        who = {"userId": person.user} if self._random.random() < 0.7 else {"anonymousId": self._random.choice(person.devices)}
        source = self._random.choice(("backend", "site"))
        self._put(name.lower(), source, self._track(name, properties=properties, **who), later=self._random.choice((0.0, 0.0, 30.0)))

    def _alias(self, person: Person) -> None:
        self._put("alias", "site", self._message("alias", userId=person.user, previousId=_uuid(self._random)))

    def _till(self, person: Person) -> None:
        self._serial += 1
        card = {
            "externalIds": [{"type": "loyalty_card", "id": f"card-{person.user}"}],
            "traits": {"phone": self._random.choice(person.phones)},
        }
        order = {"order_id": f"o{self._serial}", "total": 12}
        self._put("till", "till", self._track("Order Completed", properties=order, anonymousId="till-1", context=card))

    def _imported(self, person: Person) -> None:
        properties = {"cart_id": self._random.choice(person.carts)}
        ago = self._random.choice((0, 40, 400))
        self._put("import", "history", self._track("Product Added", userId=person.user, properties=properties, at=self._days_ago(ago)))

    def _old(self, person: Person) -> None:
        at = self._now - timedelta(hours=self._random.choice((1.02, 3, 30)))
        properties = {"cart_id": self._random.choice(person.carts), "order_id": f"old-{self._serial}"}
        name = self._random.choice(("Product Added", "Order Completed", "Signed Up"))
        self._put("old", "backend", self._track(name, userId=person.user, properties=properties, at=at))

    def _invalid(self, person: Person) -> None:
        who = self._who(person)
        wrong: tuple[dict[str, Any], ...] = (
            self._message("track", **who),
            self._track("Product Viewed", anonymousId="null"),
            {**self._track("Product Viewed", **who), "timestamp": "yesterday"},
            {**self._message("shout", **who)},
        )
        self._put("invalid", "site", self._track("Product Viewed", **who), self._random.choice(wrong), self._track("Searched", **who))

    def _broken(self, _: Person) -> None:
        self._serial += 1
        self._put("broken", "site", raw=b'{"batch": [' + str(self._serial).encode())

    def _twin(self, person: Person) -> None:
        """Two sources of different brands' making count their messages alike."""
        message = self._track(self._random.choice(("Product Viewed", "Searched")), userId=person.user)
        self._put("twin", "site", message)
        self._put("twin", "app", message, later=self._random.choice((0.0, 0.0, 10.0)))

    def _repeat(self, _: Person) -> None:
        """Events of earlier requests of one source in another batch."""
        earlier = [sending for sending in self._script if sending.messages and sending.what not in ("invalid", "twin")]
        if not earlier:
            return
        first = self._random.choice(earlier)
        same = [sending for sending in earlier if (sending.source, sending.skew) == (first.source, first.skew)]
        chosen = [message for sending in self._random.sample(same, min(len(same), 2)) for message in sending.messages]
        messages = self._random.sample(chosen, self._random.randint(1, len(chosen)))
        sending = Sending(len(self._script), self._now, "repeat", first.source, tuple(messages), None, first.skew)
        self._script.append(sending)

    def _nameless(self, person: Person) -> None:
        """Without a message id, without a time, or without both."""
        gone = self._random.choice((("messageId",), ("timestamp",), ("messageId", "timestamp")))
        message = self._track("Looked Around", **self._who(person))
        self._put("nameless", "site", {name: value for name, value in message.items() if name not in gone})

    def _rush(self, person: Person) -> None:
        """One visitor, request after request, and then some of the first ones again."""
        device = person.devices[0]
        burst = OPENING + timedelta(seconds=self._random.choice(self._bursts))
        requests = []
        done = 0
        while done < self._mix.busy:
            self._now = burst + timedelta(seconds=done)
            size = min(self._random.randint(3, 12), self._mix.busy - done)
            events = [self._track("Product Viewed", anonymousId=device, at=self._now + timedelta(milliseconds=n)) for n in range(size)]
            requests.append(tuple(events))
            self._script.append(Sending(len(self._script), self._now, "rush", "site", tuple(events)))
            done += size
        for _ in range(self._random.randint(1, 4)):
            self._now = burst + timedelta(seconds=self._random.choice((done + 1, done + 60, 2)))
            again = self._random.choice(requests)
            some = tuple(self._random.sample(again, self._random.randint(1, len(again))))
            self._script.append(Sending(len(self._script), self._now, "repeat", "site", some))

    def _days_ago(self, days: float) -> datetime:
        return self._now - timedelta(days=days)


def _shifted(message: Mapping[str, Any], skew: float) -> Mapping[str, Any]:
    """As a client says it whose clock is ahead."""
    if not skew or "timestamp" not in message or "T" not in message["timestamp"]:
        return message
    at = datetime.fromisoformat(message["timestamp"]) + timedelta(seconds=skew)
    return {**message, "timestamp": format_instant(at)}


def _uuid(random: Random) -> str:
    return f"{random.getrandbits(32):08x}-0000-4000-8000-{random.getrandbits(48):012x}"
