"""The definitions that a dry run of a segment needs, from files: the segment, what it names, the rules of identity, the brand's traits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from ariane.conditions.catalogue import Catalogue, segments_named
from ariane.definitions.brand_files import BrandFile, TopicsFile
from ariane.definitions.condition_references import broken_conditions
from ariane.definitions.files import BrandFolder, Parsed
from ariane.definitions.problems import BrandInvalid
from ariane.definitions.traits_file import TraitsFile
from ariane.definitions.yaml_source import YamlInvalid, read_yaml, validate
from ariane.identity.rules import Rules
from ariane.profiles.time_zones import DEFAULT_TIME_ZONE
from ariane.segments.definition import SegmentFile
from ariane.segments.files import Question
from cli.event_files import rules_of, text_of

_HERE = Path("brand")


@dataclass(frozen=True, slots=True)
class SegmentRead:
    name: str
    question: Question
    brand: Path | None
    """Whose definitions were taken; None: the ones that every brand begins with."""


def read_question(path: Path, *, rules: Path | None, brand: Path | None, at: datetime) -> SegmentRead:
    """Raises CommandFailed, and BrandInvalid with every problem of the files that the segment needs."""
    asked = _parsed(path, SegmentFile)
    folder = brand or _folder_around(path)
    found = _needed(asked, folder)
    problems = list(broken_conditions(found))
    if problems:
        raise BrandInvalid(problems)
    traits = found.traits.model if found.traits else TraitsFile()
    question = Question(
        condition=asked.model.condition,
        catalogue=Catalogue(traits.in_force(), {name: each.model.condition for name, each in found.segments.items()}),
        rules=_rules(rules, folder),
        at=at,
        precedence=traits.precedence,
        time_zone=found.brand.model.default_time_zone if found.brand else DEFAULT_TIME_ZONE,
    )
    return SegmentRead(asked.model.name, question, folder)


def _folder_around(path: Path) -> Path | None:
    """The brand that the file is part of; else the one in the working directory; else none."""
    own = path.resolve().parent
    candidates = ([own.parent] if own.name == "segments" else []) + [_HERE]
    return next((each for each in candidates if (each / "identity.yaml").is_file()), None)


def _rules(rules: Path | None, folder: Path | None) -> Rules:
    if rules is None and (folder is None or not (folder / "identity.yaml").is_file()):
        return Rules.from_document({})
    return rules_of(rules, None if rules else folder)


def _needed(asked: Parsed[SegmentFile], folder: Path | None) -> BrandFolder:
    """Segments that it does not name may be unfinished."""
    known: Mapping[str, Path] = {path.stem: path for path in sorted((folder / "segments").glob("*.yaml"))} if folder else {}
    found = BrandFolder(segments={asked.model.name: asked}, segment_names=frozenset({*known, asked.model.name}))
    waiting = sorted(segments_named(asked.model.condition))
    while waiting:
        name = waiting.pop()
        if name in known and name not in found.segments:
            found.segments[name] = _parsed(known[name], SegmentFile)
            waiting += sorted(segments_named(found.segments[name].model.condition))
    if folder is not None:
        found.traits = _optional(folder / "traits.yaml", TraitsFile)
        found.topics = _optional(folder / "topics.yaml", TopicsFile)
        found.brand = _optional(folder / "ariane.yaml", BrandFile)
    return found


def _optional[M: BaseModel](path: Path, model: type[M]) -> Parsed[M] | None:
    return _parsed(path, model) if path.is_file() else None


def _parsed[M: BaseModel](path: Path, model: type[M]) -> Parsed[M]:
    try:
        source = read_yaml(str(path), text_of(path))
    except YamlInvalid as error:
        raise BrandInvalid([error.problem]) from error
    checked = validate(source, model)
    if isinstance(checked, list):
        raise BrandInvalid(checked)
    return Parsed(source, checked)
