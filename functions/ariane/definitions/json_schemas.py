"""JSON Schemas of the brand's files, for editors. Generated from the models that check the files; what an editor cannot know (which
segments and topics there are) ``ariane check`` knows."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from ariane.definitions.tracking_plan_file import TrackingPlanFile
from ariane.definitions.traits_file import TraitsFile
from ariane.imports.mapping import MappingFile
from ariane.journeys.definition import JourneyFile
from ariane.segments.definition import SegmentFile

FILES: Mapping[str, tuple[type[BaseModel], str]] = {
    "segment": (SegmentFile, "A segment: brand/segments/<name>.yaml"),
    "traits": (TraitsFile, "Traits: brand/traits.yaml"),
    "tracking-plan": (TrackingPlanFile, "The tracking plan: brand/tracking-plan.yaml"),
    "import-mapping": (MappingFile, "What the columns of an imported file become: beside the file, for ariane import --mapping"),
    "journey": (JourneyFile, "A journey: brand/journeys/<name>.yaml"),
}


class _Schema(GenerateJsonSchema):
    """Without pydantic's own titles, which repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def json_schema(name: str) -> dict[str, Any]:
    """Raises KeyError for a name that is none of ``FILES``."""
    model, title = FILES[name]
    schema = TypeAdapter(model).json_schema(by_alias=True, schema_generator=_Schema)
    models = {each.__name__: each for each in _models(model)}
    for own, part in [(model.__name__, schema), *schema.get("$defs", {}).items()]:
        part.pop("title", None)
        _describe(part, models.get(own))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **_tidy(schema)}


def _tidy(node: Any) -> Any:
    """A key that may be left out need not be null, though it may: an editor is not to propose that."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _tidy(each) for name, each in node.items() if not (name == "default" and each is None)}
    if isinstance(kept.get("description"), str):
        kept["description"] = kept["description"].replace("``", "")
    forms = [form for form in kept.get("anyOf", ()) if form != {"type": "null"}]
    if "anyOf" in kept and len(forms) < len(kept["anyOf"]):
        kept.pop("anyOf")
        kept |= forms[0] if len(forms) == 1 else {"anyOf": forms}
    return kept


def _describe(schema: dict[str, Any], model: type[BaseModel] | None) -> None:
    """With what the model's source says below its fields."""
    said = _field_words(model) if model else {}
    for field, info in model.model_fields.items() if model else ():
        if field in said and (part := schema.get("properties", {}).get(info.alias or field)) is not None:
            part["description"] = said[field]


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """All that are derived from the models' one root; the schema names those that it needs."""
    root = next(each for each in model.__mro__ if BaseModel in each.__bases__)
    waiting = [root]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.__subclasses__()


def _field_words(model: type[BaseModel]) -> dict[str, str]:
    words: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
            words |= dict(_words_below_fields(tree))
    return words


def _words_below_fields(tree: ast.AST) -> Iterator[tuple[str, str]]:
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, below in pairwise(body):
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            yield field.target.id, inspect.cleandoc(str(below.value.value))  # type: ignore[attr-defined]
