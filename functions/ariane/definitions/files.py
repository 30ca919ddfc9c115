"""Reads a brand's folder: every file validated by itself, every problem kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ariane.definitions.brand_files import BrandFile, SourcesFile, TopicsFile
from ariane.definitions.identity_file import IdentityRules, checked_rules
from ariane.definitions.problems import Problem
from ariane.definitions.tracking_plan_file import TrackingPlanFile
from ariane.definitions.traits_file import TraitsFile
from ariane.definitions.yaml_source import YamlFile, YamlInvalid, read_yaml, validate
from ariane.errors import Rejected
from ariane.journeys.definition import JourneyFile
from ariane.messaging.templates import compile_template
from ariane.segments.definition import SegmentFile

type CompileMjml = Callable[[str], str]

_FILES = ("ariane.yaml", "sources.yaml", "identity.yaml", "topics.yaml", "traits.yaml", "tracking-plan.yaml")


@dataclass(frozen=True, slots=True)
class Parsed[M: BaseModel]:
    source: YamlFile
    model: M


@dataclass(slots=True)
class BrandFolder:
    """What could be read; ``problems`` says what could not. A part with a problem is absent."""

    brand: Parsed[BrandFile] | None = None
    sources: Parsed[SourcesFile] | None = None
    identity: IdentityRules | None = None
    topics: Parsed[TopicsFile] | None = None
    traits: Parsed[TraitsFile] | None = None
    plan: Parsed[TrackingPlanFile] | None = None
    segments: dict[str, Parsed[SegmentFile]] = field(default_factory=dict)
    segment_names: frozenset[str] = frozenset()
    """Also of those that have a problem."""
    journeys: dict[str, Parsed[JourneyFile]] = field(default_factory=dict)
    templates: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    template_names: frozenset[str] = frozenset()
    """Also of those that have a problem."""
    problems: list[Problem] = field(default_factory=list)


def read_folder(folder: Path, *, compile_mjml: CompileMjml) -> BrandFolder:
    """Files are named in problems as ``brand/…``, from the folder's own name on."""
    reader = _Reader(folder)
    found = reader.found
    found.brand = reader.required("ariane.yaml", BrandFile)
    found.sources = reader.required("sources.yaml", SourcesFile)
    found.identity = reader.identity()
    found.topics = reader.required("topics.yaml", TopicsFile)
    found.traits = reader.optional("traits.yaml", TraitsFile)
    found.plan = reader.optional("tracking-plan.yaml", TrackingPlanFile)
    found.segments = reader.named("segments", SegmentFile)
    found.segment_names = frozenset(path.stem for path in (folder / "segments").glob("*.y*ml"))
    found.journeys = reader.named("journeys", JourneyFile)
    reader.misnamed()
    reader.templates(compile_mjml)
    return found


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.found = BrandFolder()

    def required[M: BaseModel](self, name: str, model: type[M]) -> Parsed[M] | None:
        path = self._folder / name
        return self._read(path, model) if self._is_there(path) else None

    def optional[M: BaseModel](self, name: str, model: type[M]) -> Parsed[M] | None:
        path = self._folder / name
        return self._read(path, model) if path.is_file() else None

    def misnamed(self) -> None:
        """An optional file whose name is mistyped would be missed by nobody."""
        for path in sorted(self._folder.glob("*.y*ml")):
            meant = [] if path.name in _FILES else get_close_matches(path.name.replace("_", "-"), _FILES, n=1, cutoff=0.8)
            if meant:
                self._add(Problem(self._name(path), 1, 1, "", "file_name", f"no file of this name is read; did you mean {meant[0]!r}?"))

    def identity(self) -> IdentityRules | None:
        path = self._folder / "identity.yaml"
        source = self._source(path) if self._is_there(path) else None
        checked = checked_rules(source) if source else None
        if isinstance(checked, list):
            self._add(*checked)
            return None
        return checked

    def _is_there(self, path: Path) -> bool:
        if not path.is_file():
            self._add(Problem(self._name(path), 1, 1, "", "missing_file", "the file is missing"))
        return path.is_file()

    def named[M: JourneyFile | SegmentFile](self, folder: str, model: type[M]) -> dict[str, Parsed[M]]:
        """Every file of a folder, by name."""
        parsed = {path.stem: self._named(path, model) for path in sorted((self._folder / folder).glob("*.y*ml"))}
        return {name: each for name, each in parsed.items() if each is not None}

    def _named[M: JourneyFile | SegmentFile](self, path: Path, model: type[M]) -> Parsed[M] | None:
        if path.suffix != ".yaml":
            self._add(Problem(self._name(path), 1, 1, "", "file_name", "the file's name does not end in .yaml"))
            return None
        parsed = self._read(path, model)
        if parsed is not None and parsed.model.name != path.stem:
            self._add(parsed.source.problem(("name",), "name", f"the file's name says {path.stem!r}"))
            return None
        return parsed

    def templates(self, compile_mjml: CompileMjml) -> None:
        folders = sorted(path for path in (self._folder / "templates").glob("*") if path.is_dir())
        self.found.template_names = frozenset(path.name for path in folders)
        for folder in folders:
            self._template(folder, compile_mjml)

    def _template(self, folder: Path, compile_mjml: CompileMjml) -> None:
        try:
            paths = [path for path in sorted(folder.rglob("[!.]*")) if path.is_file()]
            files = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}
            compiled = dict(compile_template(files, compile_mjml=compile_mjml))
        except UnicodeDecodeError:
            self._add(Problem(self._name(folder), 1, 1, "", "encoding", "a file is not UTF-8"))
            return
        except Rejected as error:
            self._add(_template_problem(self._name(folder), error))
            return
        for text in compiled.pop("unknown", ()):
            file, _, variable = str(text).partition(": ")
            self._add(Problem(f"{self._name(folder)}/{file}", 1, 1, "", "unknown_variable", f"no message has a variable {variable!r}"))
        self.found.templates[folder.name] = compiled

    def _source(self, path: Path) -> YamlFile | None:
        try:
            return read_yaml(self._name(path), path.read_text("utf-8"))
        except UnicodeDecodeError:
            self._add(Problem(self._name(path), 1, 1, "", "encoding", "the file is not UTF-8"))
        except YamlInvalid as error:
            self._add(error.problem)
        return None

    def _read[M: BaseModel](self, path: Path, model: type[M]) -> Parsed[M] | None:
        source = self._source(path)
        if source is None:
            return None
        checked = validate(source, model)
        if isinstance(checked, list):
            self._add(*checked)
            return None
        return Parsed(source, checked)

    def _add(self, *problems: Problem) -> None:
        self.found.problems.extend(problems)

    def _name(self, path: Path) -> str:
        return (Path(self._folder.resolve().name) / path.relative_to(self._folder)).as_posix()


def _template_problem(folder: str, error: Rejected) -> Problem:
    """Its message begins with ``file:line: `` or ``file: ``, where it is about one file."""
    place, _, message = error.message.partition(": ")
    file, _, line = place.partition(":")
    if not message or "/" not in file:
        return Problem(folder, 1, 1, "", error.code, error.message)
    return Problem(f"{folder}/{file}", int(line) if line.isdigit() else 1, 1, "", error.code, message)


def names_of(files: Sequence[str]) -> str:
    return ", ".join(sorted(files)) or "none"
