"""Mappings in YAML files, with the line of every error. Read where people write them, never in a function."""

from ariane.definitions.problems import BrandInvalid
from ariane.definitions.yaml_source import YamlInvalid, read_yaml, validate
from ariane.imports.mapping import MappingFile


def read_mapping(file: str, text: str) -> MappingFile:
    """Raises BrandInvalid with every problem and its line; ``file`` is what the problems call it."""
    try:
        checked = validate(read_yaml(file, text), MappingFile)
    except YamlInvalid as error:
        raise BrandInvalid([error.problem]) from error
    if isinstance(checked, list):
        raise BrandInvalid(checked)
    return checked
