"""Names that are nearly another's: what was probably meant. Of letters alone; whoever asks decides what it means."""

import re
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

_LIKE = 0.8
"""Of two words (``difflib``'s ratio)."""
_LIKE_AS_A_WHOLE = 0.9
"""Of two names that have not as many words; so much more is alike there by chance."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile(r"[\s_-]+")
_DIGITS = re.compile(r"\d+")


def of_unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """Of one thing that names another, of which all are known."""
    close = get_close_matches(name, sorted(known), n=1)
    rest = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known)) or 'none'}"
    return f"there is no {kind} {name!r}; {rest}"


def meant(name: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that ``name`` is a slip of; None: of none, as far as can be told. Word by word, so that Order Returned, which
    a shop may well send, is not taken for Order Refunded; in any case and with any separator."""
    words = _words(name)
    alike = [each for each in known if _is_like(words, _words(each))]
    return max(sorted(alike), key=lambda each: _ratio(" ".join(words), " ".join(_words(each))), default=None)


@lru_cache(maxsize=4_096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(_BETWEEN.sub(" ", _CAMEL.sub(" ", name)).casefold().split())


def _is_like(words: tuple[str, ...], other: tuple[str, ...]) -> bool:
    one, two = "".join(words), "".join(other)
    if _DIGITS.findall(one) != _DIGITS.findall(two):
        return False  # phone and phone2 are two things
    if len(words) == len(other):
        return all(map(_is_like_word, words, other))
    return _ratio(one, two) >= _LIKE_AS_A_WHOLE


def _is_like_word(word: str, other: str) -> bool:
    """Two letters in the wrong order weigh much in a short word."""
    return word == other or sorted(word) == sorted(other) or _ratio(word, other) >= _LIKE


def _ratio(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= _LIKE and matcher.quick_ratio() >= _LIKE else 0.0
