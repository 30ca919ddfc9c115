"""Synthesised templates, and the few questions that the tests ask them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    name: str
    body: Mapping[str, Any]

    def of_type(self, kind: str) -> dict[str, Resource]:
        return {name: resource for name, resource in self.body["Resources"].items() if resource["Type"] == kind}

    def properties(self, kind: str) -> dict[str, Mapping[str, Any]]:
        return {name: resource.get("Properties", {}) for name, resource in self.of_type(kind).items()}

    def functions(self) -> dict[str, Mapping[str, Any]]:
        """Properties by handler name."""
        functions = self.properties("AWS::Lambda::Function").values()
        return {str(function["Handler"]).split(".")[1]: function for function in functions}

    def logical_id(self, function: str) -> str:
        names = [
            name for name, item in self.properties("AWS::Lambda::Function").items() if item["Handler"] == f"handlers.{function}.handler"
        ]
        assert len(names) == 1, names
        return names[0]


@dataclass(frozen=True)
class Synthesised:
    platform: Template
    brand: Template
    folder: Path

    def __iter__(self) -> Iterator[Template]:
        return iter((self.platform, self.brand))


def read(folder: Path, stage: str) -> Synthesised:
    def template(stack: str) -> Template:
        name = f"Ariane-{stage}-{stack}"
        return Template(name=name, body=json.loads((folder / f"{name}.template.json").read_text()))

    return Synthesised(platform=template("Platform"), brand=template("Brand"), folder=folder)


def flat(value: Any) -> str:
    """A value with its references in angle brackets, as in ``<EventsTable.Arn>/index/due``."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(flat(part) for part in parts)
        case _:
            return str(value)


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
