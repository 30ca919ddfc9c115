"""What sending a message works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ariane.events.log import EventHistory
from ariane.instants import Clock
from ariane.journeys.enrolment import Enrolment
from ariane.messaging.ledger import Ledger, Suppressions
from ariane.messaging.links import MessageLinks
from ariane.messaging.model import Outcome
from ariane.messaging.senders import EmailSender, SmsSender
from ariane.privacy.consents import ConsentStore
from ariane.profiles.homes import People
from ariane.profiles.model import Profile


class Profiles(Protocol):
    def snapshot(self, person_id: str) -> Profile: ...

    def brief(self, person_id: str) -> Profile:
        """As ``snapshot``, without listing devices at rest (``Profile.at_rest``): as many reads however many they are."""
        ...


class Enrolments(Protocol):
    def get(self, profile: str, sort: str) -> Enrolment | None: ...


class Definitions(Protocol):
    def document(self, name: str) -> Mapping[str, Any] | None: ...

    def journey(self, name: str, version: str) -> Mapping[str, Any]: ...


class Outcomes(Protocol):
    def report(self, outcome: Outcome) -> None:
        """To the journey queue; at least once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPorts:
    profiles: Profiles
    heads: People
    awaken: Callable[[str], None]
    """Has a device at rest read by itself again (``profiles.waking``). Nothing happens where a person id is of none."""
    enrolments: Enrolments
    definitions: Definitions
    history: EventHistory
    consents: ConsentStore
    suppressions: Suppressions
    ledger: Ledger
    emails: EmailSender
    texts: SmsSender
    outcomes: Outcomes
    links: MessageLinks
    person_key: bytes
    clock: Clock
