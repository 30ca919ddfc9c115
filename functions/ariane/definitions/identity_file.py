"""``brand/identity.yaml``: the identity rules' own checks (``identity.rule_faults``), with the lines that they are about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from phonenumbers import SUPPORTED_REGIONS

from ariane.definitions.problems import BrandInvalid, Problem
from ariane.definitions.yaml_source import YamlFile, YamlInvalid, read_yaml
from ariane.identity.rule_faults import faults_of
from ariane.identity.rules import Rules


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """A file without problems."""

    source: YamlFile
    document: Mapping[str, Any]
    """As it is written: what it leaves out has the defaults of ``Rules``."""


def read_rules(file: str, text: str) -> Rules:
    """Rules from a file: YAML, and so JSON; the brand's, or what was published of it, which has ``countries`` too. Raises BrandInvalid with
    every problem, in which the file is called ``file``."""
    try:
        source = read_yaml(file, text)
    except YamlInvalid as error:
        raise BrandInvalid([error.problem]) from error
    checked = checked_rules(source, has_countries=True)
    if isinstance(checked, list):
        raise BrandInvalid(checked)
    return Rules.from_document(checked.document)


def checked_rules(source: YamlFile, *, has_countries: bool = False) -> IdentityRules | list[Problem]:
    """The rules, or all that is wrong with them."""
    problems = list(_problems(source, has_countries=has_countries))
    return IdentityRules(source, source.data) if isinstance(source.data, dict) and not problems else problems


def _problems(source: YamlFile, *, has_countries: bool) -> Iterator[Problem]:
    data = source.data
    for fault in faults_of(data, has_countries=has_countries):
        yield source.problem(fault.place, fault.code, fault.message, at_key=fault.is_at_key)
    if not isinstance(data, dict):
        return
    if "namespaces" not in data:
        yield source.problem(("namespaces",), "missing", "is required")
    country = data.get("default_country")
    if isinstance(country, str) and country.isupper() and len(country) == 2 and country not in SUPPORTED_REGIONS:
        yield source.problem(("default_country",), "country", f"telephone numbers of {country!r} are not known")
