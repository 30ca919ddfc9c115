"""What a capability adds to the simulator, in a file of its own: what people do, what is looked at on the way, what must be so at the end.

To add one: a class that extends ``Capability`` with the actions it knows (a profile of ``simulator_profiles`` weighs them in its
``Mix.weights`` under the same names), one line in ``CAPABILITIES``, and a planted bug for each audit (``planted``). It sees the whole
``World``: stores of its own go into ``world.ports`` (with a row of ``contracts.PORTS``), functions of its own into
``Functions``. It draws from its own ``Random``: then the seeds of all others stay what they are. The state machine of
``tests/unit/identity/test_state_machine.py`` is extended by a subclass: see there.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tests.faults.clients import Sending

if TYPE_CHECKING:
    from tests.faults.audit import Rest
    from tests.faults.world import World


@dataclass(slots=True)
class Capability:
    """Of one run."""

    world: "World"
    seed: int
    actions: ClassVar[Collection[str]] = ()
    """Names of what is done in the script."""

    def act(self, sending: Sending) -> None:
        """One of the actions, at its moment."""

    def published(self) -> None:
        """The brand has just published its second version."""

    def at_a_glance(self) -> Iterator[str]:
        """What is wrong at this very moment, in the middle of everything. Reads the stores, and nothing else."""
        return iter(())

    def at_rest(self, rest: "Rest") -> Iterator[str]:
        """What is wrong in the end."""
        return iter(())


def capabilities(world: "World", seed: int) -> Sequence[Capability]:
    return [make(world, seed) for make in registered()]


def registered() -> Sequence[Callable[["World", int], Capability]]:
    from tests.faults.brief_readings import BriefReadings
    from tests.faults.rule_changes import RuleChanges
    from tests.faults.segments import Segments

    return RuleChanges, BriefReadings, Segments
