"""What one file says of another: templates, topics, channels, locales."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from ariane.conditions.computed import BUILT_IN, LIFECYCLE
from ariane.definitions.condition_references import broken_conditions
from ariane.definitions.files import BrandFolder, Parsed, names_of
from ariane.definitions.likeness import of_unknown_name
from ariane.definitions.problems import Problem
from ariane.definitions.standard_events import STANDARD_EVENTS
from ariane.definitions.trait_tests import impossible_tests
from ariane.definitions.traits_file import TraitsFile
from ariane.definitions.yaml_source import Place, YamlFile
from ariane.journeys.definition import BranchStep, IfArm, JourneyFile, Send, SendStep, Step
from ariane.profiles.reserved_traits import RESERVED


def broken_references(found: BrandFolder) -> Iterator[Problem]:
    """Only of what could be read: a file with a problem of its own makes no further ones here."""
    for journey in found.journeys.values():
        for place, send in sends_of(journey.model.steps):
            yield from _of_send(found, journey, place, send)
    yield from _of_labels(found)
    yield from _of_clicks(found)
    yield from broken_conditions(found)
    yield from impossible_tests(found)
    yield from _of_traits(found)
    yield from _of_plan(found)


def sends_of(steps: Sequence[Step], place: Place = ("steps",)) -> Iterator[tuple[Place, Send]]:
    """Every send of a journey with its place in the file."""
    for number, step in enumerate(steps):
        here = (*place, number)
        if isinstance(step, SendStep):
            yield (*here, "send"), step.send
        elif isinstance(step, BranchStep):
            for arm_number, arm in enumerate(step.branch):
                name, inner = ("then", arm.then) if isinstance(arm, IfArm) else ("else", arm.else_)
                yield from sends_of(inner, (*here, "branch", arm_number, name))


def _of_send(found: BrandFolder, journey: Parsed[JourneyFile], place: Place, send: Send) -> Iterator[Problem]:
    source = journey.source
    topics = found.topics.model.topics if found.topics else None
    if topics is not None and send.topic not in topics:
        message = f"there is no topic {send.topic!r}; known: {names_of(list(topics))}"
        yield source.problem((*place, "topic"), "unknown_topic", message)
    elif topics is not None and send.channel not in topics[send.topic].channels:
        yield source.problem((*place, "channel"), "channel_of_topic", f"the topic {send.topic!r} is not spoken of by {send.channel}")
    if send.template not in found.template_names:
        message = f"there is no template {send.template!r}; known: {names_of(list(found.template_names))}"
        yield source.problem((*place, "template"), "unknown_template", message)
    elif found.brand and send.template in found.templates:
        yield from _of_locale(found, journey, place, send, found.brand.model.default_locale)


def _of_locale(found: BrandFolder, journey: Parsed[JourneyFile], place: Place, send: Send, default: str) -> Iterator[Problem]:
    """The last of every locale's fallback chain must be there."""
    locales: dict[str, Any] = found.templates[send.template]["locales"]
    fallbacks = (default, default.partition("-")[0])
    if not any(send.channel in locales.get(locale, {}) for locale in fallbacks):
        message = f"the template {send.template!r} has no {send.channel} in {default}, the brand's default locale"
        yield journey.source.problem((*place, "template"), "template_locale", message)


def _of_labels(found: BrandFolder) -> Iterator[Problem]:
    if found.topics is None or found.brand is None:
        return
    default = found.brand.model.default_locale
    for name, topic in found.topics.model.topics.items():
        if default not in topic.label and default.partition("-")[0] not in topic.label:
            yield found.topics.source.problem(("topics", name, "label"), "label_locale", f"has no text in {default}")


def _of_clicks(found: BrandFolder) -> Iterator[Problem]:
    if found.brand is None or found.sources is None:
        return
    name, known = found.brand.model.click_source, found.sources.model.sources
    if name not in known:
        message = f"there is no source {name!r} to log the clicks in messages under; known: {names_of(list(known))}"
        yield found.brand.source.problem(("click_source",), "unknown_source", message)


def _of_traits(found: BrandFolder) -> Iterator[Problem]:
    if found.traits is None:
        return
    source, traits = found.traits.source, found.traits.model
    sources = found.sources.model.sources if found.sources else None
    for trait, ranked in traits.precedence.items():
        for place, name in enumerate(ranked):
            if sources is not None and name not in sources:
                yield source.problem(("precedence", trait, place), "unknown_source", of_unknown_name("source", name, sources))
            if name in ranked[:place]:
                yield source.problem(("precedence", trait, place), "source_twice", f"the source {name!r} is ranked already")
    yield from _of_taken_names(source, traits)


def _of_taken_names(source: YamlFile, traits: TraitsFile) -> Iterator[Problem]:
    for name in traits.computed:
        if name == LIFECYCLE:
            yield source.problem(("computed", name), "reserved", "is computed by Ariane itself", at_key=True)
        elif name in RESERVED:
            message = f"{name} is a trait that people have of themselves: give the computed one a name of its own"
            yield source.problem(("computed", name), "reserved", message, at_key=True)
    for name in traits.builtin:
        if name not in BUILT_IN:
            message = of_unknown_name("built-in computed trait", name, BUILT_IN)
            yield source.problem(("builtin", name), "unknown_builtin", message, at_key=True)


def _of_plan(found: BrandFolder) -> Iterator[Problem]:
    """A required property need not be described, but one that is all but described is mistyped."""
    for name, event in found.plan.model.events.items() if found.plan else ():
        known = {*event.properties, *STANDARD_EVENTS.get(name, {}).get("properties", ())}
        for place, required in enumerate(event.required):
            meant = [] if required in known else get_close_matches(required, sorted(known), n=1, cutoff=0.8)
            if meant and found.plan:
                message = f"there is no property {required!r}; did you mean {meant[0]!r}?"
                yield found.plan.source.problem(("events", name, "required", place), "unknown_property", message)
