"""What conditions say of other things: segments, topics, channels; and segments that name each other in a circle."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ariane.conditions.catalogue import segments_named
from ariane.conditions.model import Condition
from ariane.definitions.files import BrandFolder
from ariane.definitions.likeness import of_unknown_name
from ariane.definitions.problems import Problem
from ariane.definitions.yaml_source import Place, YamlFile
from ariane.journeys.definition import BranchStep, IfArm, JourneyFile, Step
from ariane.messaging.model import Channel
from ariane.segments.audience_people import ConsentWanted

type _Leaf = Mapping[str, Any]


def conditions_of(file: JourneyFile) -> Iterator[tuple[Place, Condition]]:
    """Every condition of a journey with its place in the file."""
    if file.entry.if_ is not None:
        yield ("entry", "if"), file.entry.if_
    yield from _of_steps(file.steps, ("steps",))


def _of_steps(steps: Sequence[Step], place: Place) -> Iterator[tuple[Place, Condition]]:
    for number, step in enumerate(steps):
        for arm_number, arm in enumerate(step.branch if isinstance(step, BranchStep) else ()):
            here: Place = (*place, number, "branch", arm_number)
            if isinstance(arm, IfArm):
                yield (*here, "if"), arm.if_
                yield from _of_steps(arm.then, (*here, "then"))
            else:
                yield from _of_steps(arm.else_, (*here, "else"))


def broken_conditions(found: BrandFolder) -> Iterator[Problem]:
    """Only of what could be read."""
    for segment in found.segments.values():
        yield from _broken(found, segment.source, ("condition",), is_segment=True)
        if segment.model.export and segment.model.export.consent:
            yield from _of_export(found, segment.source, ConsentWanted.parse(segment.model.export.consent))
    for journey in found.journeys.values():
        for place, _ in conditions_of(journey.model):
            yield from _broken(found, journey.source, place, is_segment=False)
    yield from _circles(found)


def _broken(found: BrandFolder, source: YamlFile, place: Place, *, is_segment: bool) -> Iterator[Problem]:
    for here, leaf in leaves_with_places(source, place):
        if isinstance(name := leaf.get("segment"), str) and name not in found.segment_names:
            yield source.problem((*here, "segment"), "unknown_segment", of_unknown_name("segment", name, found.segment_names))
        if "consent" in leaf:
            yield from _of_consent(found, source, here, leaf["consent"])
        if is_segment and leaf.get("since") == "enrolment":
            yield source.problem(
                (*here, "since"), "no_enrolment", "only a journey's condition knows an enrolment; a segment has within or between"
            )


def leaves_with_places(source: YamlFile, place: Place) -> Iterator[tuple[Place, _Leaf]]:
    """The tests of the condition that stands at ``place`` of a file that was read without problems."""
    value: Any = source.data
    for part in place:
        value = value[part]
    yield from _leaves(value, place)


def _leaves(value: _Leaf, place: Place) -> Iterator[tuple[Place, _Leaf]]:
    for key in ("all", "any"):
        if key in value:
            for number, part in enumerate(value[key]):
                yield from _leaves(part, (*place, key, number))
            return
    if "not" in value:
        yield from _leaves(value["not"], (*place, "not"))
    else:
        yield place, value


def _of_consent(found: BrandFolder, source: YamlFile, place: Place, consent: _Leaf) -> Iterator[Problem]:
    topics = found.topics.model.topics if found.topics else None
    if topics is None:
        return
    name, channel = consent["topic"], consent["channel"]
    if name not in topics:
        yield source.problem((*place, "consent", "topic"), "unknown_topic", of_unknown_name("topic", name, topics))
    elif channel not in topics[name].channels:
        message = f"the topic {name!r} is not spoken of by {channel}"
        yield source.problem((*place, "consent", "channel"), "channel_of_topic", message)


def _of_export(found: BrandFolder, source: YamlFile, wanted: ConsentWanted) -> Iterator[Problem]:
    topics = found.topics.model.topics if found.topics else None
    if topics is None:
        return
    if wanted.topic not in topics:
        yield source.problem(("export", "consent"), "unknown_topic", of_unknown_name("topic", wanted.topic, topics))
    elif wanted.channel in [*Channel] and wanted.channel not in topics[wanted.topic].channels:  # of others, as display, no topic speaks
        message = f"the topic {wanted.topic!r} is not spoken of by {wanted.channel}"
        yield source.problem(("export", "consent"), "channel_of_topic", message)


def _circles(found: BrandFolder) -> Iterator[Problem]:
    """Each once, at the file that comes first by name."""
    named = {name: sorted(segments_named(parsed.model.condition)) for name, parsed in found.segments.items()}
    for name in sorted(named):
        path = _way_back(name, named)
        if path is not None and name == min(path):
            source = found.segments[name].source
            place = next((*here, "segment") for here, leaf in leaves_with_places(source, ("condition",)) if leaf.get("segment") == path[1])
            message = f"the segment names itself: {' → '.join(path)}"
            yield source.problem(place, "segment_circle", message)


def _way_back(start: str, named: Mapping[str, Sequence[str]]) -> list[str] | None:
    """The shortest way from a segment to itself, both ends included."""
    waiting, seen = [[start]], set[str]()
    for path in waiting:
        for name in named.get(path[-1], ()):
            if name == start:
                return [*path, name]
            if name not in seen:
                seen.add(name)
                waiting.append([*path, name])
    return None
