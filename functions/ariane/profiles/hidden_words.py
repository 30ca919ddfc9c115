"""Telephone numbers and e-mail addresses in what people wrote: found and hidden, while prices, sizes, dates and order numbers stay.

It is looked for in the text's compatible form (NFKC, without invisible characters), so that full-width letters, keycaps and odd hyphens
hide nothing. Every expression takes linear time.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

HIDDEN = "•••"
_FRACTION = re.compile(r"([¼-¾⅐-⅞])")
"""NFKC makes digits and a slash of one: a size of 38½ would be a size of 381⁄2."""
_WORD = re.compile(r"[^\s<>]+")
_SPELT_ADDRESS = re.compile(
    r"[\w.%+-]{1,64} ?[(\[{<] ?(?:@|at|arobase) ?[)\]}>] ?[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}|"
    r"[\w.%+-]{1,64} ?@ ?[\w-]{1,63}(?:\.[\w-]{1,63}){0,7}\.[^\W\d_]{2,63}",
    re.IGNORECASE,
)
_BETWEEN = r"(?:_|[^\w@#%&=<>€$£¥₹₽₩₺•]){0,5}"
"""What may stand between two digits of one number."""
_DIGITS = re.compile(rf"(?:\+ ?)?\d(?:{_BETWEEN}\d)*")

_DAY_OR_MONTH = r"(?:[12]\d|3[01]|0?[1-9])"
_DATE = (
    rf"(?:(?:19|20)\d\d(?P<a>[-/.]){_DAY_OR_MONTH}(?P=a){_DAY_OR_MONTH}|"
    rf"{_DAY_OR_MONTH}(?P<b>[-/.]){_DAY_OR_MONTH}(?P=b)(?:19|20)\d\d|{_DAY_OR_MONTH}/{_DAY_OR_MONTH}/\d\d)"
)
_TIME = r"(?:(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)"
_PRICE = r"(?:(?:0|[1-9]\d{0,2}(?:[ .']\d{3}){0,3}|[1-9]\d{0,5}),\d\d|(?:0|[1-9]\d{0,2}(?:[ ,']\d{3}){0,3}|[1-9]\d{0,5})\.\d\d)"
_NUMBER = r"[1-9]\d{4,7}"
_GAP = r"(?: ?[-–—/|;,] ?| )"
_DATES, _TIMES, _PRICES, _ORDER = (re.compile(each) for each in (_DATE, _TIME, _PRICE, _NUMBER))
_GAPS = re.compile(_GAP)
_ORDER_AND_COUNT = re.compile(rf"{_NUMBER}[,;:] \d{{1,3}}")
_ONE_DASH = re.compile(r"\d+(?:[-/_.]\d+)?")
_LONGEST_NUMBER = 120
_FEWEST_ABROAD, _FEWEST = 7, 8
_SIZE_STEPS = (1, 2)


def compatible(text: str) -> str:
    """One blank between words, nothing invisible, no other spelling of a character."""
    parts = _FRACTION.split(text)
    plain = "".join(part if place % 2 else unicodedata.normalize("NFKC", part) for place, part in enumerate(parts))
    return " ".join("".join(each for each in plain if each.isspace() or unicodedata.category(each) not in ("Cf", "Cc")).split())


def without_secrets(text: str, secrets: Iterable[re.Pattern[str]]) -> str:
    for secret in secrets:
        text = secret.sub(HIDDEN, text)
    return text


def without_addresses(text: str) -> str:
    return _SPELT_ADDRESS.sub(HIDDEN, _WORD.sub(_no_address, text))


def without_telephones(text: str) -> str:
    return _DIGITS.sub(lambda found: HIDDEN if _is_telephone(found[0]) else found[0], text)


def secret_of(value: str) -> re.Pattern[str]:
    """Of an identifier: its letters and digits, whatever separates them; a long number may be written in groups."""
    between = r"[\s\W_]{0,3}"
    parts = (each for run in re.findall(r"\d+|[^\W\d_]+|[\W_]+", compatible(value)) for each in _parts(run))
    return re.compile(between.join(parts), re.IGNORECASE)


def _parts(run: str) -> list[str]:
    if not run[0].isalnum():
        return []
    return list(run) if run.isdigit() and len(run) >= _FEWEST_ABROAD else [re.escape(run)]


def _no_address(found: re.Match[str]) -> str:
    core = found[0].strip("@()[]{}.,;:!?")
    return found[0].replace(core, HIDDEN) if "@" in core else found[0]


def _is_telephone(run: str) -> bool:
    """``run``: digits with what separates them. In doubt it is one."""
    count = sum(each.isdecimal() for each in run)
    if run.startswith("+"):
        return count >= _FEWEST_ABROAD
    if count < _FEWEST or (count == _FEWEST and _ONE_DASH.fullmatch(run)):
        return False
    return len(run) > _LONGEST_NUMBER or not (_is_plain(run) or _is_sizes(run))


def _is_plain(run: str) -> bool:
    """Dates, times and prices, perhaps with an order's number before or after them."""
    return _ORDER_AND_COUNT.fullmatch(run) is not None or _are_items(run)


def _are_items(run: str) -> bool:
    place, numbers, others = 0, 0, 0
    while True:
        found = next((match for each in (_DATES, _TIMES, _PRICES) if (match := each.match(run, place)) and _ends(run, match.end())), None)
        if found is None:
            found = _ORDER.match(run, place)
            if found is None or not _ends(run, found.end()):
                return False
            numbers += 1
        else:
            others += 1
        if found.end() == len(run):
            return numbers <= 1 and others > 0
        gap = _GAPS.match(run, found.end())
        if gap is None:
            return False
        place = gap.end()


def _ends(run: str, place: int) -> bool:
    """Whether an item may end there: not within a number."""
    return place == len(run) or (not run[place].isdigit() and _GAPS.match(run, place) is not None)


def _is_sizes(run: str) -> bool:
    """Like ``38, 40, 42, 44``: two digits each, in equal small steps."""
    groups = re.findall(r"\d+", run)
    steps = {int(after) - int(before) for before, after in pairwise(groups)}
    return all(len(each) == 2 and each[0] != "0" for each in groups) and steps in ({each} for each in _SIZE_STEPS)
