"""Mappings as JSON: what the API is given, and what is kept of an import."""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from ariane.errors import Rejected
from ariane.imports.mapping import MappingFile

LARGEST_MAPPING = 64 * 1024
_LONGEST_MESSAGE = 2_000


def mapping_of(document: Any) -> MappingFile:
    """Raises Rejected ``invalid_mapping`` with every field that is wrong."""
    if not isinstance(document, Mapping):
        raise Rejected("invalid_mapping", "mapping: is not a JSON object")
    written = orjson.dumps(document)
    if len(written) > LARGEST_MAPPING:
        raise Rejected("invalid_mapping", f"mapping: has more than {LARGEST_MAPPING:,} bytes")
    try:
        return MappingFile.model_validate_json(written)
    except ValidationError as error:
        raise Rejected("invalid_mapping", "; ".join(_said(error))[:_LONGEST_MESSAGE]) from error


def kept_mapping(document: Mapping[str, Any]) -> MappingFile:
    """Of an import that was accepted: it was valid then. Raises Rejected ``invalid_mapping``: this version reads it otherwise."""
    try:
        return MappingFile.model_validate_json(orjson.dumps(document))
    except ValidationError as error:
        raise Rejected("invalid_mapping", "the import's mapping is not read by this version; import the file again") from error


def document_of(mapping: MappingFile) -> dict[str, Any]:
    """As the API takes it."""
    document: dict[str, Any] = mapping.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return document


def _said(error: ValidationError) -> list[str]:
    found = []
    for item in error.errors(include_url=False, include_input=False):
        below = str(item.get("ctx", {}).get("field", ""))
        # Tags of unions, in angle brackets, are no part of a document.
        place = [str(part) for part in item["loc"] if not str(part).startswith("<")] + ([below] if below else [])
        found.append(f"mapping.{'.'.join(place)}: {item['msg'].removeprefix('Value error, ')}" if place else f"mapping: {item['msg']}")
    return found
