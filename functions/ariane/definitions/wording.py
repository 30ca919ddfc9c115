"""What is wrong with a file, in words for the people who write them: the parsers' own are for programmers."""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import yaml

type Mark = tuple[int, int]
"""Line and column, from 1."""

_MISSING_COLON = "could not find expected ':'"
_UNEXPECTED_START = re.compile(r"found character '(.+)' that cannot start any token")
_UNEXPECTED_BLOCK = re.compile(r"expected <block end>, but found '(.+)'")
_UNCLOSED = re.compile(r"expected ',' or '(.)', but got")


def of_yaml(error: yaml.MarkedYAMLError) -> tuple[Mark, str]:
    """Where it is best mended, and why: what was left open or unfinished is named where it begins."""
    problem, here, begin = error.problem or "is not YAML", _mark(error.problem_mark), _mark(error.context_mark or error.problem_mark)
    if problem == _MISSING_COLON:
        return begin, "a ':' is missing after this key, with a blank behind it"
    if problem == "found unexpected end of stream":
        return begin, "this quote is never closed"
    if found := _UNCLOSED.match(problem):
        return begin, f"what is opened here is not closed: a '{found[1]}' is missing"
    if problem == "mapping values are not allowed here":
        return here, "a ':' is not expected here: this line or the one above is indented wrongly, or a text with ': ' in it needs quotes"
    if found := _UNEXPECTED_START.match(problem):
        return here, _unexpected_start(found[1])
    if found := _UNEXPECTED_BLOCK.match(problem):
        return here, _unexpected_block(found[1], begin)
    return here, problem


def _unexpected_start(character: str) -> str:
    if character == "\\t":
        return "a tab: indent with blanks"
    return f"a text that begins with '{character}' needs quotes"


def _unexpected_block(found: str, begin: Mark) -> str:
    if found == "<scalar>":
        return "there is more after the closing quote; a quote within a text is written twice"
    missing = ", or its '- ' is missing" if found == "?" else ""
    return f"this line is indented wrongly{missing}: it fits neither into the block that begins in line {begin[0]} nor beside it"


def _mark(mark: Any) -> Mark:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def of_field(code: str, message: str, context: Mapping[str, Any], *, is_empty: bool) -> str:
    """``code`` and ``context`` are pydantic's; ``is_empty``: nothing stands behind the key."""
    words = _WORDS.get(code)
    if words is None:
        return message.removeprefix("Value error, ")
    return f"has no value; {words(context)}" if is_empty and code.endswith("_type") else words(context)


def of_unknown_key(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"is not a known key here; did you mean {close[0]!r}?"
    return f"is not a known key here; known: {', '.join(sorted(known))}" if known else "is not a known key here"


def of_unknown_kind(message: str, given: Iterable[str], known: list[str]) -> str:
    """Of a thing that is known by one of its keys, and has none of these."""
    close = [match for name in given for match in get_close_matches(name, known, n=1)]
    return f"{message.partition(':')[0]}; did you mean {close[0]!r}?" if close else message


def _says(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _: text


_BLOCK = _says("must be keys with values, such as {key: value}; {} for none")
_LIST = _says("must be a list: each element on a line of its own after '- ', or all of them in [ ]")

_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": _says("is required"),
    "string_type": _says("must be a text; a number is one in quotes"),
    "int_type": _says("must be a whole number"),
    "float_type": _says("must be a number"),
    "bool_type": _says("must be true or false"),
    "model_type": _BLOCK,
    "model_attributes_type": _BLOCK,
    "dict_type": _BLOCK,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "literal_error": lambda context: f"must be {context['expected']}",
    "enum": lambda context: f"must be {context['expected']}",
    "too_short": lambda context: "must not be empty" if context["min_length"] == 1 else f"needs at least {context['min_length']} elements",
    "too_long": lambda context: f"has more than {context['max_length']} elements",
    "string_too_short": _says("must not be empty"),
    "string_too_long": lambda context: f"has more than {context['max_length']} characters",
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "greater_than": lambda context: f"must be above {context['gt']}",
    "less_than": lambda context: f"must be below {context['lt']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
}
