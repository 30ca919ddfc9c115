"""The differences between two resolutions, for a person to judge: who becomes one, who is parted, what is refused, what links no more."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ariane.identity.clusters import BOUND
from ariane.identity.epochs import Reason, is_later, later_self
from ariane.identity.identifiers import normalise
from ariane.identity.reference import Refusal, Resolution
from ariane.identity.rule_blocking import blocked_in
from ariane.identity.rule_change import Compared, Moves, Regrouped, RuleChange, Turned, moves
from ariane.identity.rule_evidence import BothWays, Events
from ariane.identity.rules import Identifier, Rules

_NOT_CONFLICTS = frozenset({Reason.SHARED_DEVICE, Reason.HUB})

type _Person = Identifier
"""Named by its smallest identifier."""
type _Image = Callable[[Identifier], Identifier | None]


def described(found: Compared, moved: Moves) -> RuleChange:
    people = _People.of(found)
    both, before, after = found.both, found.before, found.after
    image = people.image
    demoted, accepted = _refused(after, before, lambda each: each, image), _refused(before, after, image, lambda each: each)
    return RuleChange(
        events=both.events,
        assertions=len(after.assertions),
        people_before=_count(people.old, before, moved.selves_before),
        people_after=_count(people.new, after, moved.selves_after),
        merges=people.merges(),
        splits=people.splits(),
        demoted=demoted,
        accepted=accepted,
        shared_devices=sorted(after.facts.shared_since.keys() - before.facts.shared_since.keys()),
        hubs=sorted(set(after.facts.hubs) - set(before.facts.hubs)),
        quarantined=_quarantined(found, image),
        rehomed=moved.rehomed,
        stopped=_stopped(both),
        begun=_begun(both),
        blocked=blocked_in(both, people.old),
    )


def change(events: Events, found: Compared) -> RuleChange:
    """Reads the events once more."""
    return described(found, moves(events, found))


@dataclass(slots=True)
class _People:
    old: dict[Identifier, _Person]
    new: dict[Identifier, _Person]
    image: _Image

    @classmethod
    def of(cls, found: Compared) -> "_People":
        both = found.both
        return cls(_owners(found.before, both.before.named), _owners(found.after, both.after.named), _image_under(both.after.rules))

    def splits(self) -> Sequence[Regrouped]:
        return _several(self._pairs(), whole=0)

    def merges(self) -> Sequence[Regrouped]:
        return _several(self._pairs(), whole=1)

    def _pairs(self) -> Iterator[tuple[_Person, _Person, Identifier]]:
        """Of every identifier that is one before and after: whose it was, whose it will be."""
        for identifier, person in self.old.items():
            becomes = self.image(identifier)
            if becomes is not None and becomes in self.new:
                yield person, self.new[becomes], becomes


def _owners(resolution: Resolution, named: Iterable[Identifier]) -> dict[Identifier, _Person]:
    """Of every identifier but the later selves of shared devices, which are nobody but themselves."""
    owners = {each: each for each in named}
    for component in resolution.components:
        members = [each for each in component if not is_later(each)]
        owners.update(dict.fromkeys(members, min(members, default=None)))  # type: ignore[arg-type]
    return owners


def _count(owners: Mapping[Identifier, _Person], resolution: Resolution, selves: Collection[Identifier]) -> int:
    """People, and the later selves of shared devices. A device that was shared before it was ever alone has no earlier self."""
    shared, joined = resolution.facts.shared_since, resolution.component_of()
    earlier = {each for each in shared if each in joined or each in selves}
    people = {person for each, person in owners.items() if each not in shared or each in earlier}
    later = {each for each in shared if each in owners and (each not in earlier or later_self(each) in selves)}
    return len(people) + len(later)


def _image_under(rules: Rules) -> _Image:
    known: dict[Identifier, Identifier | None] = {}

    def image(identifier: Identifier) -> Identifier | None:
        if identifier not in known:
            known[identifier] = normalise(identifier.namespace, identifier.value, rules)
        return known[identifier]

    return image


def _several(pairs: Iterable[tuple[_Person, _Person, Identifier]], *, whole: int) -> Sequence[Regrouped]:
    """Those that are one person on the side ``whole`` of the pairs, and several on the other."""
    found: dict[_Person, dict[_Person, set[Identifier]]] = {}
    for pair in pairs:
        found.setdefault(pair[whole], {}).setdefault(pair[1 - whole], set()).add(pair[2])
    rows = (Regrouped(tuple(sorted(tuple(sorted(part)) for part in parts.values()))) for parts in found.values() if len(parts) > 1)
    return sorted(rows, key=lambda row: (-len(row.parts), row.parts))


def _refused(here: Resolution, there: Resolution, own: _Image, other: _Image) -> Sequence[Refusal]:
    """Refused ``here`` and not ``there``, compared as the new rules write them. What is no identifier to them is neither refused nor
    accepted."""
    known = {_refusal_key(each, other) for each in there.refusals}
    rows = (each for each in here.refusals if own(each.identifier) is not None and _refusal_key(each, own) not in known)
    return sorted(rows, key=lambda each: (each.identifier, each.assertion.sequence))


def _refusal_key(refusal: Refusal, image: _Image) -> object:
    names = frozenset(image(each) for each in refusal.assertion.identifiers) - {None}
    return refusal.assertion.is_trusted, names, image(refusal.identifier)


def _quarantined(found: Compared, image: _Image) -> Sequence[tuple[Identifier, ...]]:
    known = {image(each) for cluster in _oversized(found.before) for each in cluster}
    rows = (tuple(sorted(cluster)) for cluster in _oversized(found.after) if not known & cluster)
    return sorted(rows, key=lambda row: (-len(row), row))


def _oversized(resolution: Resolution) -> Iterator[frozenset[Identifier]]:
    """Clusters in conflict with too many assertions."""
    number = {each: place for place, cluster in enumerate(resolution.clusters) for each in cluster}
    sizes: Counter[int] = Counter()
    for assertion in resolution.assertions:
        anchor = resolution.mapped(assertion.identifiers, assertion.at).anchor
        if anchor in number:
            sizes[number[anchor]] += 1
    conflicts = {number[each.identifier] for each in resolution.refusals if each.reason not in _NOT_CONFLICTS}
    return (cluster for place, cluster in enumerate(resolution.clusters) if place in conflicts and sizes[place] > BOUND)


def _stopped(both: BothWays) -> Sequence[Turned]:
    return _by_weight(Turned(each, turn, events, becomes) for (each, turn, becomes), events in both.lost.items())


def _begun(both: BothWays) -> Sequence[Turned]:
    return _by_weight(Turned(each, turn, events) for (each, turn), events in both.gained.items())


def _by_weight(rows: Iterable[Turned]) -> Sequence[Turned]:
    return sorted(rows, key=lambda row: (-row.events, row.identifier, str(row.becomes)))
