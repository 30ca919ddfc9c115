"""The time zone in which a person's days are counted: their own word, else where their telephone or address is, else the brand's."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

DEFAULT_TIME_ZONE = "Europe/Paris"
ZONE_TRAITS = frozenset({"timezone", "address", "phone"})
"""What a person's zone is taken from."""
_MAIN_ZONES = (
    "AE:Asia/Dubai AR:America/Argentina/Buenos_Aires AT:Europe/Vienna AU:Australia/Sydney BE:Europe/Brussels BG:Europe/Sofia "
    "BR:America/Sao_Paulo CA:America/Toronto CH:Europe/Zurich CI:Africa/Abidjan CL:America/Santiago CM:Africa/Douala CN:Asia/Shanghai "
    "CO:America/Bogota CY:Asia/Nicosia CZ:Europe/Prague DE:Europe/Berlin DK:Europe/Copenhagen DZ:Africa/Algiers EE:Europe/Tallinn "
    "EG:Africa/Cairo ES:Europe/Madrid FI:Europe/Helsinki FR:Europe/Paris GB:Europe/London GF:America/Cayenne GP:America/Guadeloupe "
    "GR:Europe/Athens HK:Asia/Hong_Kong HR:Europe/Zagreb HU:Europe/Budapest ID:Asia/Jakarta IE:Europe/Dublin IL:Asia/Jerusalem "
    "IN:Asia/Kolkata IS:Atlantic/Reykjavik IT:Europe/Rome JP:Asia/Tokyo KE:Africa/Nairobi KR:Asia/Seoul LB:Asia/Beirut "
    "LT:Europe/Vilnius LU:Europe/Luxembourg LV:Europe/Riga MA:Africa/Casablanca MC:Europe/Monaco MQ:America/Martinique "
    "MT:Europe/Malta MU:Indian/Mauritius MX:America/Mexico_City MY:Asia/Kuala_Lumpur NC:Pacific/Noumea NG:Africa/Lagos "
    "NL:Europe/Amsterdam NO:Europe/Oslo NZ:Pacific/Auckland PE:America/Lima PF:Pacific/Tahiti PH:Asia/Manila PL:Europe/Warsaw "
    "PT:Europe/Lisbon QA:Asia/Qatar RE:Indian/Reunion RO:Europe/Bucharest RS:Europe/Belgrade SA:Asia/Riyadh SE:Europe/Stockholm "
    "SG:Asia/Singapore SI:Europe/Ljubljana SK:Europe/Bratislava SN:Africa/Dakar TH:Asia/Bangkok TN:Africa/Tunis TR:Europe/Istanbul "
    "TW:Asia/Taipei UA:Europe/Kyiv US:America/New_York VN:Asia/Ho_Chi_Minh YT:Indian/Mayotte ZA:Africa/Johannesburg "
)
MAIN_ZONE: Mapping[str, str] = {pair[:2]: pair[3:] for pair in _MAIN_ZONES.split()}
"""Country (ISO 3166 alpha-2) -> the zone in which most of its people live."""


def time_zone_of(traits: Mapping[str, Any], phones: Iterable[str], *, default: str = DEFAULT_TIME_ZONE) -> str:
    """An IANA name. ``phones``: E.164 numbers of the person."""
    own = traits.get("timezone")
    if isinstance(own, str) and is_time_zone(own):
        return own
    address = traits.get("address")
    country = address.get("country") if isinstance(address, Mapping) else None
    regions = [*map(_region_of, sorted(phones)), country.strip().upper() if isinstance(country, str) else None]
    return next((MAIN_ZONE[region] for region in regions if region is not None and region in MAIN_ZONE), default)


@cache
def is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # KeyError: there is none; the others: it is no path of a zone
        return False
    return True


def _region_of(number: str) -> str | None:
    """Loaded when it is asked for first: the metadata of all countries takes its time."""
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
