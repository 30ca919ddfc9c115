"""``brand/traits.yaml``: whose word counts on a trait, and what is computed."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from ariane.conditions.computed import BUILT_IN, ComputedTrait
from ariane.definitions.strict import Definition, matching

type TraitName = Annotated[
    str, Field(max_length=100), matching(r"[^.\s][^.]*", "is not the name of a trait; one inside another has none of its own")
]
type ComputedName = Annotated[
    str, Field(max_length=60), matching(r"[a-z][a-z0-9_]*", "is not a name of small letters, digits and underscores")
]

MOST_COMPUTED = 100


class TraitsFile(Definition):
    precedence: dict[TraitName, Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]] = Field(default_factory=dict)
    """Per trait the sources, the best first; what others say counts less than any of these. Within a rank the latest word counts."""
    computed: Annotated[dict[ComputedName, ComputedTrait], Field(max_length=MOST_COMPUTED)] = Field(default_factory=dict)
    """A built-in one is replaced by one of its name."""
    builtin: dict[str, bool] = Field(default_factory=dict)
    """``{name: false}`` switches a built-in computed trait off: nothing is recorded for it."""

    def in_force(self) -> Mapping[str, ComputedTrait]:
        """The built-in ones too."""
        kept = {name: trait for name, trait in BUILT_IN.items() if self.builtin.get(name, True)}
        return {**kept, **self.computed}
