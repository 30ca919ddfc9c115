"""YAML with positions, so that every error names file, line, column and field. Safe, bounded; a key given twice is an error.

Only JSON's types are read: dates stay text, ``no`` and ``FR`` stay text, a number with a leading zero stays text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ariane.definitions.known_keys import known_keys
from ariane.definitions.problems import Problem, Severity
from ariane.definitions.wording import of_field, of_unknown_key, of_unknown_kind, of_yaml

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Place = tuple[str | int, ...]

LARGEST_FILE = 256 * 1024
MOST_NODES = 20_000
DEEPEST = 60

_TAG = "tag:yaml.org,2002:"
_LONGEST_NUMBER = 20
_TAGS = frozenset({"map", "seq", "str", "bool", "null", "int", "float"})


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema instead of 1.1's: no Norway problem, no dates, no octal numbers."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute


_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver(f"{_TAG}null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(r"^-?(?:0|[1-9]\d{0,17})$"), list("-0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(r"^-?(?:0|[1-9]\d*)\.\d+(?:[eE][-+]?\d{1,2})?$"), list("-0123456789"))


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file as plain data, with where each value and key stands."""

    file: str
    data: Json
    values: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def problem(self, place: Sequence[str | int], code: str, message: str, *, at_key: bool = False) -> Problem:
        """At the deepest part of ``place`` that the file has; parts that are no key of it are skipped (pydantic names its unions there)."""
        known: Place = ()
        for part in place:
            if (*known, part) in self.values:
                known = (*known, part)
        line, column = (self.keys if at_key and known in self.keys else self.values).get(known, (1, 1))
        last = place[-1] if place and code == "missing" else None
        return Problem(self.file, line, column, dotted(known if last is None else (*known, last)), code, message)

    def warning(self, place: Sequence[str | int], code: str, message: str, *, at_key: bool = False) -> Problem:
        return replace(self.problem(place, code, message, at_key=at_key), severity=Severity.WARNING)


class YamlInvalid(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def dotted(place: Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def read_yaml(file: str, text: str) -> YamlFile:
    """Raises YamlInvalid, with the place, for what is not YAML, too large, too deep, or has a key twice."""
    if len(text) > LARGEST_FILE:
        raise YamlInvalid(Problem(file, 1, 1, "", "too_large", f"the file is larger than {LARGEST_FILE // 1024} KB"))
    try:
        _check_depth(file, text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        (line, column), message = of_yaml(error)
        raise YamlInvalid(Problem(file, line, column, "", "yaml", message)) from error
    except yaml.YAMLError as error:
        raise YamlInvalid(Problem(file, 1, 1, "", "yaml", "has characters that YAML does not allow")) from error
    return _Reader(file).read(node)


def _check_depth(file: str, text: str) -> None:
    """Before composing, which recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise YamlInvalid(_at(file, event.start_mark, "too_deep", f"is nested deeper than {DEEPEST} levels"))


def _at(file: str, mark: Any, code: str, message: str, place: Place = ()) -> Problem:
    return Problem(file, mark.line + 1, mark.column + 1, dotted(place), code, message)


class _Reader:
    """Aliases are followed, so nodes are counted where they are used: a bomb runs into the bound."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.values: dict[Place, tuple[int, int]] = {}
        self.keys: dict[Place, tuple[int, int]] = {}

    def read(self, node: yaml.Node | None) -> YamlFile:
        data = None if node is None else self._value(node, ())
        return YamlFile(self.file, data, self.values, self.keys)

    def _value(self, node: yaml.Node, place: Place) -> Json:
        if len(self.values) >= MOST_NODES or len(place) > DEEPEST:
            raise YamlInvalid(_at(self.file, node.start_mark, "too_large", f"holds more than {MOST_NODES} values or {DEEPEST} levels"))
        self.values[place] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if node.tag.removeprefix(_TAG) not in _TAGS:
            raise self._unread(node, place)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, (*place, index)) for index, child in enumerate(node.value)]
        try:
            return _scalar(node)
        except ValueError as error:
            raise self._unread(node, place) from error

    def _unread(self, node: yaml.Node, place: Place) -> YamlInvalid:
        return YamlInvalid(_at(self.file, node.start_mark, "tag", f"the tag {node.tag!r} is not read here", place))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Json]:
        result: dict[str, Json] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
                raise YamlInvalid(_at(self.file, key.start_mark, "key", "a key is text; put it in quotes", place))
            name = key.value
            if name in result:
                raise YamlInvalid(_at(self.file, key.start_mark, "duplicate_key", f"the key {name!r} is given twice", (*place, name)))
            self.keys[(*place, name)] = (key.start_mark.line + 1, key.start_mark.column + 1)
            result[name] = self._value(child, (*place, name))
        return result


def _scalar(node: yaml.Node) -> Json:
    text = str(node.value)
    match node.tag.removeprefix(_TAG):
        case "bool":
            return text.lower() == "true"
        case "null":
            return None
        case "int" if len(text) < _LONGEST_NUMBER:
            return int(text)
        case "float":
            return float(text)
        case _:
            return text


def validate[M: BaseModel](source: YamlFile, model: type[M]) -> M | list[Problem]:
    """The file as ``model``, or everything that is wrong with it."""
    try:
        return model.model_validate_json(orjson.dumps(source.data))
    except ValidationError as error:
        found = error.errors(include_url=False)
        return [_problem(source, model, item) for item in found if not _follows(item, found)]


def _follows(item: ErrorDetails, found: list[ErrorDetails]) -> bool:
    """pydantic reports a list without its bad elements as too short as well."""
    place = item["loc"]
    return item["type"] == "too_short" and any(len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in found)


def _problem(source: YamlFile, model: type[BaseModel], item: ErrorDetails) -> Problem:
    code, context = item["type"], item.get("ctx", {})
    below = [int(part) if part.isdigit() else part for part in context["field"].split(".")] if "field" in context else []
    place = (*item["loc"], *below)
    if code == "extra_forbidden":
        message = of_unknown_key(str(item["loc"][-1]), known_keys(model, item["loc"]))
    elif "known" in context and isinstance(item["input"], dict):
        message = of_unknown_kind(item["msg"], item["input"], context["known"].split(", "))
    else:
        message = of_field(code, item["msg"], context, is_empty=item["input"] is None)
    return source.problem(place, code, message, at_key=code == "extra_forbidden")
