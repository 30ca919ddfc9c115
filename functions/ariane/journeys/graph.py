"""A journey as it runs: a flat list of nodes, compiled once at publish, immutable under its version."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, ValidationError

from ariane.conditions.model import Condition
from ariane.definitions.strict import Definition
from ariane.errors import Permanent
from ariane.journeys.definition import Entry, Exit


class SendNode(Definition):
    kind: Literal["send"] = "send"
    id: str
    channel: Literal["email", "sms"]
    template: str
    topic: str
    next: str | None = None


class WaitNode(Definition):
    kind: Literal["wait"] = "wait"
    id: str
    seconds: float
    next: str | None = None


class Choice(Definition):
    condition: Condition
    next: str | None = None


class BranchNode(Definition):
    kind: Literal["branch"] = "branch"
    id: str
    choices: tuple[Choice, ...]
    otherwise: str | None = None


class ExitNode(Definition):
    kind: Literal["exit"] = "exit"
    id: str


type Node = Annotated[SendNode | WaitNode | BranchNode | ExitNode, Field(discriminator="kind")]


class Journey(Definition):
    """``next``, ``otherwise`` and ``start`` name a node, or nothing: the run is completed there."""

    name: str
    locale: str | None = None
    time_zone: str | None = None
    entry: Entry
    reentry_after_seconds: float | None = None
    most_runs: int
    max_event_age_seconds: float
    exit: Exit | None = None
    start: str | None = None
    nodes: tuple[Node, ...]

    def node(self, node_id: str) -> SendNode | WaitNode | BranchNode | ExitNode:
        return next(node for node in self.nodes if node.id == node_id)

    def as_json(self) -> dict[str, Any]:
        """What ``read_journey`` reads. Conditions keep only the operator that was given."""
        compiled: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return compiled

    def with_waits_scaled(self, factor: float) -> "Journey":
        """The one place where the local run makes waits short."""
        if factor == 1:
            return self
        scaled = (node.model_copy(update={"seconds": node.seconds * factor}) if isinstance(node, WaitNode) else node for node in self.nodes)
        return self.model_copy(update={"nodes": tuple(scaled)})


def read_journey(definition: Mapping[str, Any]) -> Journey:
    """Raises Permanent (``definition_unreadable``) for what no compiler of ours has written."""
    try:
        return Journey.model_validate_json(orjson.dumps(definition))
    except ValidationError as error:
        raise Permanent("definition_unreadable", f"the published journey cannot be read: {error.error_count()} problem(s)") from error
