"""Tests of computed traits that can never hold, by what the trait is: a number, an instant, a list, a stage of the life cycle."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from ariane.conditions.computed import LIFECYCLE, STAGES, ComputedTrait
from ariane.conditions.entries import amount_of
from ariane.conditions.operators import instant_of
from ariane.definitions.files import BrandFolder
from ariane.definitions.known_names import KnownNames
from ariane.definitions.likeness import of_unknown_name
from ariane.definitions.names_used import TraitUse, trait_uses
from ariane.definitions.problems import Problem, Severity
from ariane.definitions.traits_file import TraitsFile
from ariane.definitions.yaml_source import Place

_NUMBERS = frozenset({"count", "sum", "min", "max", "average", "distinct", "days_since"})
_LISTS = frozenset({"recent", "basket"})
_NEGATIVE = ("not_equals", "not_in")
_EQUALITY = ("equals", "in", *_NEGATIVE)
_ORDER = ("gt", "gte", "lt", "lte", "between")
_TEXTS = ("contains", "starts_with", "ends_with")
_CLOCK = ("before", "after", "within", "older_than", "within_next", "anniversary")
_PIECE_OF_INSTANT = re.compile(r"[0-9TZ:.-]*")


class Kind(StrEnum):
    """As people are told."""

    NUMBER = "a number"
    INSTANT = "an instant"
    LIST = "a list"
    TEXT = "a text"


_POSSIBLE: Mapping[Kind, Sequence[str]] = {
    Kind.NUMBER: (*_EQUALITY, *_ORDER, "exists"),
    Kind.INSTANT: (*_CLOCK, *_ORDER, *_EQUALITY, *_TEXTS, "exists"),
    Kind.LIST: ("contains", "exists"),
    Kind.TEXT: (*_EQUALITY, *_TEXTS, "exists"),
}


def kind_of(trait: ComputedTrait) -> Kind | None:
    """None: it is whatever the property is."""
    if trait.kind in _NUMBERS:
        return Kind.NUMBER
    if trait.kind in _LISTS:
        return Kind.LIST
    return Kind.INSTANT if trait.kind in ("first", "last") and trait.property is None else None


def impossible_tests(found: BrandFolder) -> Iterator[Problem]:
    computed = _computed(found)
    for use in trait_uses(found):
        slips = list(_slips(use, computed))
        if not _can_hold(use, slips):
            yield from slips


def unlikely_tests(found: BrandFolder, known: KnownNames) -> Iterator[Problem]:
    """Slips in tests that can hold all the same; and of traits that are values of a property that is said to be a text, and might be an
    instant or a number as a text."""
    computed = _computed(found)
    for use in trait_uses(found):
        slips = list(_slips(use, computed))
        if _can_hold(use, slips):
            yield from (replace(slip, severity=Severity.WARNING) for slip in slips)
        trait = computed.get(use.path)
        if trait is not None and _is_text(trait, known) and (operator := _operator(use, (*_CLOCK, *_ORDER))):
            yield use.source.warning((*use.place, operator), "operator_of_trait", _never(use.path, Kind.TEXT, operator), at_key=True)


def _slips(use: TraitUse, computed: Mapping[str, ComputedTrait]) -> Iterator[Problem]:
    if use.path == LIFECYCLE:
        yield from _of_lifecycle(use)
    elif use.path in computed and (kind := kind_of(computed[use.path])) is not None:
        yield from _of_kind(use, kind)


def _can_hold(use: TraitUse, slips: Sequence[Problem]) -> bool:
    """A negative one holds of everything else; a choice, by what else it names."""
    if _operator(use, _NEGATIVE):
        return True
    values = [slip for slip in slips if slip.code != "operator_of_trait"]
    return len(values) == len(slips) < len(use.test.get("in") or ())


def _computed(found: BrandFolder) -> Mapping[str, ComputedTrait]:
    return (found.traits.model if found.traits else TraitsFile()).in_force()


def _is_text(trait: ComputedTrait, known: KnownNames) -> bool:
    if kind_of(trait) is not None or trait.property is None:
        return False
    said = known.said_of(trait.event, trait.property)
    return bool(said) and all(each.get("type") in ("string", ["string"]) and "format" not in each for each in said)


def _operator(use: TraitUse, wanted: Sequence[str]) -> str | None:
    return next((name for name in wanted if use.test.get(name) is not None), None)


def _of_lifecycle(use: TraitUse) -> Iterator[Problem]:
    if operator := _operator(use, (*_CLOCK, *_ORDER)):
        yield use.source.problem((*use.place, operator), "operator_of_trait", _never(LIFECYCLE, Kind.TEXT, operator), at_key=True)
    for place, operand in _operands(use, _EQUALITY):
        if operand not in STAGES:
            yield use.source.problem(place, "unknown_stage", of_unknown_name("stage of the life cycle", str(operand), STAGES))
    for place, operand in _operands(use, _TEXTS):
        if not any(_says(str(place[-1]), stage, operand) for stage in STAGES):
            message = f"no stage of the life cycle {str(place[-1]).replace('_', ' ')} {_shown(operand)}; known: {', '.join(STAGES)}"
            yield use.source.problem(place, "unknown_stage", message)


def _says(operator: str, stage: str, operand: Any) -> bool:
    if not isinstance(operand, str):
        return False
    match operator:
        case "contains":
            return operand in stage
        case "starts_with":
            return stage.startswith(operand)
        case _:
            return stage.endswith(operand)


def _of_kind(use: TraitUse, kind: Kind) -> Iterator[Problem]:
    wrong = _operator(use, [name for name in (*_EQUALITY, *_ORDER, *_TEXTS, *_CLOCK) if name not in _POSSIBLE[kind]])
    if wrong is not None:
        yield use.source.problem((*use.place, wrong), "operator_of_trait", _never(use.path, kind, wrong), at_key=True)
        return
    for place, operand in _operands(use, (*_EQUALITY, *_ORDER, *_TEXTS)):
        if not _can_be(kind, operand, is_piece=place[-1] in _TEXTS):
            yield use.source.problem(place, "value_of_trait", f"{use.path} is {kind}, which {_shown(operand)} never is")


def _operands(use: TraitUse, operators: Sequence[str]) -> Iterator[tuple[Place, Any]]:
    """One by one."""
    for name in operators:
        operand = use.test.get(name)
        if isinstance(operand, list):
            yield from (((*use.place, name, number), each) for number, each in enumerate(operand))
        elif operand is not None:
            yield (*use.place, name), operand


def _can_be(kind: Kind, operand: Any, *, is_piece: bool) -> bool:
    if kind is Kind.NUMBER:
        return amount_of(operand) is not None
    if kind is Kind.INSTANT and is_piece:
        return isinstance(operand, str) and _PIECE_OF_INSTANT.fullmatch(operand) is not None
    return kind is not Kind.INSTANT or instant_of(operand) is not None


def _shown(operand: Any) -> str:
    return str(operand).lower() if isinstance(operand, bool) else repr(operand)


def _never(name: str, kind: Kind, operator: str) -> str:
    return f"{name} is {kind}, which {operator} cannot be asked of; use one of: {', '.join(_POSSIBLE[kind])}"
