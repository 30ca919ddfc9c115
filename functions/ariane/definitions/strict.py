"""The shape of everything that a brand writes in files: frozen, nothing unknown, nothing converted silently."""

from pydantic import BaseModel, ConfigDict


class Definition(BaseModel):
    """Validate from JSON text, not from Python objects: strict mode takes lists for tuples and strings for enumerations only there."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, serialize_by_alias=True)
