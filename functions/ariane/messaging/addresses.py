"""Where a person is reached on a channel."""

from collections.abc import Mapping
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType, is_valid_number, number_type, parse

from ariane.identity.identifiers import normalise
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier, Rules
from ariane.messaging.model import Channel
from ariane.profiles.model import Profile

NAMESPACES: Mapping[Channel, str] = {Channel.EMAIL: "email", Channel.SMS: "phone"}

_FIXED = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})
_EMAIL_LONGEST = 254


@dataclass(frozen=True, slots=True)
class ReachableAt:
    value: str
    id: str
    """Person id of the address: what consents, suppressions and the ledger know it by."""


def address_of(profile: Profile, channel: Channel, *, rules: Rules, key: bytes) -> ReachableAt | None:
    """What the person's traits state; else the first of the profile's identifiers. None: the channel does not reach them."""
    namespace = NAMESPACES.get(channel)
    if namespace is None:
        return None
    stated = normalise(namespace, profile.traits.get(namespace), rules)
    known = profile.values_of(namespace)
    value = stated.value if stated else known[0] if known else None
    return ReachableAt(value, person_id(Identifier(namespace, value), key)) if value else None


def is_deliverable(address: str, channel: Channel) -> bool:
    """Whether the provider could take it: its form alone, nothing is looked up."""
    return _is_email(address) if channel is Channel.EMAIL else _is_mobile(address)


def _is_email(address: str) -> bool:
    try:
        validated = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return validated.ascii_email is not None and len(address) <= _EMAIL_LONGEST


def _is_mobile(number: str) -> bool:
    try:
        parsed = parse(number)
    except NumberParseException:
        return False
    return is_valid_number(parsed) and number_type(parsed) not in _FIXED
