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
    """What the person's traits state. Where none ever did, the first of the profile's identifiers: a stated one that cannot be read or
    was taken back is no reason to write to an older one. None: the channel does not reach them."""
    namespace = NAMESPACES.get(channel)
    if namespace is None:
        return None
    value = _value_of(profile, namespace, rules)
    return ReachableAt(value, person_id(Identifier(namespace, value), key)) if value else None


def _value_of(profile: Profile, namespace: str, rules: Rules) -> str | None:
    rule = rules.namespaces.get(namespace)
    traits = rule.traits if rule and rule.traits else (namespace,)
    stated = next((trait for trait in traits if trait in profile.traits), None)
    if stated is not None:
        return _read(profile, namespace, profile.traits[stated], rules)
    known = profile.values_of(namespace)
    return None if not known or profile.removed_traits & set(traits) else known[0]


def _read(profile: Profile, namespace: str, value: object, rules: Rules) -> str | None:
    """A number without a country code is read as stitch may have read it, by the country of its source. Which source that was is not
    known any more: a reading counts where it is an identifier of the person. The brand's own reading needs no such proof."""
    brands = normalise(namespace, value, rules)
    readings = [brands] + [normalise(namespace, value, rules, default_country=each) for each in sorted(set(rules.countries.values()))]
    values = list(dict.fromkeys(reading.value for reading in readings if reading))
    known = profile.values_of(namespace)
    return next((each for each in values if each in known), brands.value if brands else None)


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
