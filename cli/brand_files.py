"""The brand's folder, checked the way the deployment checks it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ariane.definitions.build import Bundle, build, check
from ariane.definitions.problems import Problem
from cli.brand_choice import shown
from cli.failures import CommandFailed
from cli.report import counted
from infra.mjml import compile_mjml


@dataclass(frozen=True, slots=True)
class Checked:
    folder: Path
    problems: Sequence[Problem]
    """Of every file, errors and warnings."""
    parts: str = ""
    """How much there is of what, where there is no error."""

    @property
    def errors(self) -> Sequence[Problem]:
        """None: the brand can be published."""
        return [problem for problem in self.problems if not problem.is_warning]

    @property
    def warnings(self) -> Sequence[Problem]:
        return [problem for problem in self.problems if problem.is_warning]

    def sentence(self) -> str:
        warned = f"{counted(len(self.warnings), 'warning')}" if self.warnings else ""
        if self.errors:
            return f"{counted(len(self.errors), 'problem')}{warned and f' and {warned}'} in {shown(self.folder)}."
        return f"No problem in {shown(self.folder)} ({self.parts}){warned and f'; {warned}'}."


def checked(brand: Path) -> Checked:
    """Raises CommandFailed when there is no such folder."""
    if not brand.is_dir():
        raise CommandFailed(f"there is no folder {brand}")
    found = Checked(brand, check(brand, compile_mjml=compile_mjml))
    return found if found.errors else Checked(brand, found.problems, _parts(build(brand, compile_mjml=compile_mjml)))


def _parts(bundle: Bundle) -> str:
    numbers = {
        "journey": len(bundle.journeys),
        "segment": len(bundle.documents["profiles"]["segments"]),
        "template": len({name for journey in bundle.journeys.values() for name in journey["templates"]}),
        "source": len(bundle.documents["collect"]["sources"]),
        "topic": len(bundle.documents["messaging"]["topics"]),
    }
    return ", ".join(counted(number, what) for what, number in numbers.items())
