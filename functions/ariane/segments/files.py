"""Who is in a segment, by a file of events: ``ariane segments evaluate``. Pure: the evaluator and the recorder that run online, over people
that the reference resolves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from ariane.conditions.catalogue import Catalogue, needs
from ariane.conditions.evaluate import settings_steps, steps
from ariane.conditions.model import Condition
from ariane.conditions.observing import Happened, Observer, Observing
from ariane.conditions.series import Consent, Needs, Observed, Series, Settings
from ariane.events.model import Event
from ariane.identity.files import EventFile, FilePerson
from ariane.identity.ids import DRY_RUN_KEY, person_id
from ariane.identity.normalising import normalise
from ariane.identity.rules import Rules
from ariane.instants import format_instant, from_millis, to_millis
from ariane.privacy.consents import ConsentDecision, decisions_of
from ariane.profiles.applying import happened_of
from ariane.profiles.model import Profile
from ariane.profiles.person_consents import consents_of
from ariane.profiles.person_view import PersonFacts
from ariane.profiles.time_zones import DEFAULT_TIME_ZONE, time_zone_of

_NO_LIMIT = 2**62
_OF_THE_ZONE = ("timezone", "address")


class _Kept(NamedTuple):
    happened: Happened | None
    decisions: Sequence[ConsentDecision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    condition: Condition
    catalogue: Catalogue
    rules: Rules
    at: datetime
    precedence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    time_zone: str = DEFAULT_TIME_ZONE
    """Of people whose own nothing tells."""


class SegmentRun:
    """Takes the lines in, then tells. What happened after ``at`` has not happened yet."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._needs = needs([question.condition], question.catalogue).plus(Needs(traits=frozenset(_OF_THE_ZONE)))
        self._observing = Observing.everything(self._needs, question.precedence)
        self._decisions: dict[str, list[ConsentDecision]] = {}
        self.file = EventFile(question.rules, keep=self._kept, is_due=lambda event: event.timestamp <= question.at)

    def report(self) -> dict[str, Any]:
        """``{"members": [{"id", "identifiers"}], "changes": [{"id", "at", "change"}]}``: members by id, changes by time and id, up to the
        instant, which is in."""
        members, changes = [], []
        people = list(self.file.people())
        self._hear_decisions(people)
        for person in people:
            toggles = list(self._toggles(person)) if person.events else []
            changes += [(millis, person.id, "entered" if value else "exited") for millis, value in toggles]
            if toggles and toggles[-1][1]:
                members.append({"id": person.id, "identifiers": [str(each) for each in person.identifiers]})
        members.sort(key=lambda each: str(each["id"]))
        told = [{"id": own, "at": format_instant(from_millis(millis)), "change": change} for millis, own, change in sorted(changes)]
        return {"members": members, "changes": told}

    def _kept(self, event: Event) -> _Kept | None:
        """Only what a condition may ask: of most events nothing."""
        happened = happened_of(event)
        is_looked_at = bool(self._observing.looking_at(happened.name)) or any(name in self._observing.traits for name in happened.traits)
        decisions = decisions_of(event, id_of=self._id_of) if self._needs.consents else ()
        return _Kept(happened if is_looked_at else None, decisions) if is_looked_at or decisions else None

    def _id_of(self, namespace: str, value: str) -> str | None:
        identifier = normalise(namespace, value, self._question.rules)
        return person_id(identifier, DRY_RUN_KEY) if identifier else None

    def _toggles(self, person: FilePerson) -> Iterator[tuple[int, bool]]:
        """From when the person was first seen, at the end of which it is known who is a member."""
        born, until = to_millis(person.events[0][0]), to_millis(self._question.at)
        is_in = False
        for begun, value in self._pieces(person, born, until):
            if value is not is_in:
                is_in = value
                yield begun, value

    def _pieces(self, person: FilePerson, born: int, until: int) -> Iterator[tuple[int, bool]]:
        observer = self._observer(person)
        view = _FileView(observer, self._observing, self._facts(person, observer.settings), self._consents(person))
        found = steps(self._question.condition, view, self._question.catalogue, now=until)
        yield born, found.at(born)
        yield from ((begun, value) for begun, value in found.pieces if born < begun <= until)

    def _observer(self, person: FilePerson) -> Observer:
        observer = Observer(self._observing, most_runs=_NO_LIMIT)
        for _, _, kept in person.events:
            if kept is not None and kept.happened is not None:
                observer.add(kept.happened)
        return observer

    def _hear_decisions(self, people: Iterable[FilePerson]) -> None:
        """By person id of the address that each names, whoever said so; one that names none lies under whoever's the event is."""
        for person in people if self._needs.consents else ():
            for _, anchor, kept in person.events:
                for decision in kept.decisions if kept is not None else ():
                    own = decision.person_id or person_id(anchor, DRY_RUN_KEY)
                    self._decisions.setdefault(own, []).append(replace(decision, person_id=own))

    def _consents(self, person: FilePerson) -> Sequence[Consent]:
        named = {person_id(each, DRY_RUN_KEY): str(each) for each in person.identifiers}
        states = (decision.state for own in named for decision in self._decisions.get(own, ()))
        return consents_of(Profile(person.id, named, {}, {}, first_seen=None, last_seen=None, version=0), states)

    def _facts(self, person: FilePerson, settings: Mapping[str, Settings]) -> PersonFacts:
        born, rules = to_millis(person.events[0][0]), self._question.rules
        is_identified = any(map(rules.is_identified, person.identifiers))
        named = (to_millis(at) for at, anchor, _ in person.events if rules.is_identified(anchor))
        traits = {name: settings_steps(said).pieces[-1][1] for name, said in settings.items() if name in _OF_THE_ZONE}
        phones = [each.value for each in person.identifiers if each.namespace == "phone"]
        return PersonFacts(
            first_seen=born,
            identified_at=next(named, born) if is_identified else None,
            plain_identifier=str(person.root),
            time_zone=time_zone_of(traits, phones, default=self._question.time_zone),
        )


class _FileView:
    """A conditions.View over everything that the file has of a person."""

    def __init__(self, observer: Observer, observing: Observing, facts: PersonFacts, consents: Sequence[Consent]) -> None:
        self._observed = observer.observed
        self._settings = observer.settings
        self._observing = observing
        self.facts = facts
        self._consents = consents

    def observed(self, series: Series) -> Observed:
        return self._observed.get(self._observing.key_of(series), Observed())

    def settings(self, trait: str) -> Settings:
        return self._settings.get(trait, Settings())

    def consents(self) -> Sequence[Consent]:
        return self._consents
