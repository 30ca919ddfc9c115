"""From a brand's folder to what is published. Runs where files are checked, never in a function."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ariane.definitions.brand_files import SourcesFile
from ariane.definitions.bundle import Bundle, version_of, write
from ariane.definitions.customer_view_document import profiles_document
from ariane.definitions.files import BrandFolder, CompileMjml, read_folder
from ariane.definitions.problems import BrandInvalid, Problem
from ariane.definitions.references import broken_references, sends_of
from ariane.definitions.tracking_plan_document import plan_document
from ariane.definitions.unknown_names import warnings
from ariane.journeys.compile import compile_journey
from ariane.journeys.definition import JourneyFile

__all__ = ["Bundle", "build", "check", "write"]


def build(brand_dir: Path, *, compile_mjml: CompileMjml) -> Bundle:
    """The same files make the same bundle. Raises BrandInvalid with every problem of every file."""
    return _bundle(read_folder(brand_dir, compile_mjml=compile_mjml))


def check(brand_dir: Path, *, compile_mjml: CompileMjml) -> Sequence[Problem]:
    """Every problem of every file, and the warnings, in the order of files and lines. Warnings alone keep nothing from being published."""
    found = read_folder(brand_dir, compile_mjml=compile_mjml)
    try:
        _bundle(found)
    except BrandInvalid as invalid:
        return sorted({*invalid.problems, *warnings(found)})
    return sorted(set(warnings(found)))


def _bundle(found: BrandFolder) -> Bundle:
    problems = [*found.problems, *broken_references(found)]
    if problems or not (found.brand and found.sources and found.identity and found.topics):
        raise BrandInvalid(problems)
    journeys = {name: _journey(parsed.model, found) for name, parsed in found.journeys.items()}
    brand, identity = _plain(found.brand.model), {**found.identity.document, "countries": _countries(found.sources.model)}
    documents = {
        "interest": _interest(found, forward=list(found.brand.model.forward)),
        "identity": identity,
        "messaging": {**brand, **_plain(found.topics.model)},
        "collect": {**_plain(found.sources.model), "identity": identity, **_plan(found)},
        "profiles": profiles_document(found),
    }
    return Bundle(documents, journeys)


def _journey(file: JourneyFile, found: BrandFolder) -> Mapping[str, Any]:
    names = sorted({send.template for _, send in sends_of(file.steps)})
    content: dict[str, Any] = {
        "name": file.name,
        "definition": compile_journey(file).as_json(),
        "templates": {name: found.templates[name] for name in names},
    }
    return {**content, "version": version_of(content)}


def _interest(found: BrandFolder, *, forward: list[str]) -> Mapping[str, Any]:
    files = [parsed.model for parsed in found.journeys.values()]
    return {
        "entry": sorted({file.entry.event for file in files}),
        "awaited": sorted({file.exit.event for file in files if file.exit}),
        "forward": sorted(forward),
    }


def _countries(file: SourcesFile) -> dict[str, str]:
    """Stitch reads national phone numbers as the collector did, which goes by the source's country."""
    return {name: source.default_country for name, source in file.sources.items() if source.default_country}


def _plan(found: BrandFolder) -> dict[str, Any]:
    """Without a file, events may say anything."""
    return {"plan": plan_document(found.plan.model)} if found.plan else {}


def _plain(model: BaseModel) -> dict[str, Any]:
    """As the file says it, without what it left out: the readers have the same defaults."""
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)
