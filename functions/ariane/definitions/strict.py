"""The shape of everything that a brand writes in files: frozen, nothing unknown, nothing converted silently."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import AfterValidator, BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError


class Definition(BaseModel):
    """Validate from JSON text, not from Python objects: strict mode takes lists for tuples and strings for enumerations only there."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, serialize_by_alias=True)


@dataclass(frozen=True)
class _Matching(AfterValidator):
    pattern: str = ""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


def matching(pattern: str, says: str) -> AfterValidator:
    """A text that is this as a whole. ``says`` completes "'x' …" for whoever wrote another one."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"{text!r} {says}")
        return text

    return _Matching(check, pattern)


def at_field(field: str, says: str) -> PydanticCustomError:
    """For a validator of a whole object: the dotted field below it that is wrong."""
    return PydanticCustomError("value_error", "{says}", {"says": says, "field": field})
