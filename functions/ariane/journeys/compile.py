"""From the file to the graph. A node's id is its place in the file: ``2`` is the second step, ``2.1.3`` the third step of its first arm."""

from collections.abc import Sequence

from ariane.conditions.durations import parse_duration
from ariane.journeys.definition import MOST_RUNS, BranchStep, ExitStep, IfArm, JourneyFile, SendStep, Step, WaitStep
from ariane.journeys.graph import BranchNode, Choice, ExitNode, Journey, Node, SendNode, WaitNode


def compile_journey(file: JourneyFile) -> Journey:
    """The same file compiles to the same graph: the version is a digest of it."""
    nodes: list[Node] = []
    start = _steps(file.steps, prefix="", after=None, nodes=nodes)
    return Journey(
        name=file.name,
        locale=file.locale,
        time_zone=file.time_zone,
        entry=file.entry,
        reentry_after_seconds=None if file.reentry.after is None else parse_duration(file.reentry.after).total_seconds(),
        most_runs=file.reentry.at_most or MOST_RUNS,
        max_event_age_seconds=parse_duration(file.max_event_age).total_seconds(),
        exit=file.exit,
        start=start,
        nodes=tuple(nodes),
    )


def _steps(steps: Sequence[Step], *, prefix: str, after: str | None, nodes: list[Node]) -> str | None:
    """Adds the steps' nodes; answers where they begin, which is ``after`` when there are none."""
    ids = [f"{prefix}{number}" for number in range(1, len(steps) + 1)]
    for place, step in enumerate(steps):
        following = ids[place + 1] if place + 1 < len(ids) else after
        _add(step, node_id=ids[place], following=following, nodes=nodes)
    return ids[0] if ids else after


def _add(step: Step, *, node_id: str, following: str | None, nodes: list[Node]) -> None:
    match step:
        case SendStep():
            send = step.send
            nodes.append(SendNode(id=node_id, channel=send.channel, template=send.template, topic=send.topic, next=following))
        case WaitStep():
            nodes.append(WaitNode(id=node_id, seconds=parse_duration(step.wait).total_seconds(), next=following))
        case ExitStep():
            nodes.append(ExitNode(id=node_id))
        case BranchStep():
            _add_branch(step, node_id=node_id, following=following, nodes=nodes)


def _add_branch(step: BranchStep, *, node_id: str, following: str | None, nodes: list[Node]) -> None:
    choices: list[Choice] = []
    otherwise = following
    place = len(nodes)
    for number, arm in enumerate(step.branch, start=1):
        steps = arm.then if isinstance(arm, IfArm) else arm.else_
        begin = _steps(steps, prefix=f"{node_id}.{number}.", after=following, nodes=nodes)
        if isinstance(arm, IfArm):
            choices.append(Choice(condition=arm.if_, next=begin))
        else:
            otherwise = begin
    nodes.insert(place, BranchNode(id=node_id, choices=tuple(choices), otherwise=otherwise))
