"""What a local run is asked for."""

from dataclasses import dataclass
from pathlib import Path

from cli.local.home import PROJECT

DEFAULT_TIME_SCALE = 240.0
"""An hour of a journey takes 15 seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    brand: Path = PROJECT / "brand"
    time_scale: float = DEFAULT_TIME_SCALE
    """How many times faster than they say the waits of journeys pass."""
    uses_preferred_ports: bool = True
