"""What is wrong with a brand's files, all of it at once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from ariane.errors import Rejected


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    """Is published all the same: most likely a mistake, but the brand may mean it."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """``line`` and ``column`` count from 1; ``field`` is dotted (``steps[1].send.template``), empty for the file as a whole."""

    file: str
    line: int
    column: int
    field: str
    code: str
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        kind = "warning: " if self.is_warning else ""
        return f"{self.file}:{self.line}:{self.column}: {kind}{field}{self.message}"

    @property
    def is_warning(self) -> bool:
        return self.severity is Severity.WARNING

    def as_json(self) -> dict[str, str | int]:
        return asdict(self)


class BrandInvalid(Rejected):
    """Raised with every problem found, in the order of files and lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("brand_invalid", "\n".join(str(problem) for problem in self.problems))
