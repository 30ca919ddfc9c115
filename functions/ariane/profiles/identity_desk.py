"""What people do about identities by hand: ask why, take apart, put together, take back. Each may be asked again with the same words."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ariane.errors import Conflict, NotFound, Rejected
from ariane.identity.background import BackgroundStore
from ariane.identity.clusters import ClusterReader, ClusterView
from ariane.identity.epochs import Reason
from ariane.identity.explaining import Explanation, explain
from ariane.identity.facts import facts_of
from ariane.identity.ids import person_id
from ariane.identity.linking import Linker
from ariane.identity.model import OPERATOR, Side, Split, Transition
from ariane.identity.operating import Operator, cause_of
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb
from ariane.instants import Clock
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.model import Profile

_OF_SPLIT = re.compile(rf"{OPERATOR}/(spl_[0-9a-f]+)(?:/lift)?")
MOST_SHOWN = 50
"""People that an answer shows: a split may end with more than two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    profile: Profile
    rules: Rules
    explanation: Explanation | None
    """None: there is too much evidence to go through at once."""
    view: ClusterView
    history: Sequence[Transition]
    """By time; of the profile's root alone where the evidence is too much."""

    @property
    def quarantine(self) -> str | None:
        return next((row.quarantine for row in self.view.rows.values() if row.quarantine), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    people: Sequence[Profile]
    """Whom it concerned, as they are now."""
    is_pending: bool
    """The background has not done all that follows from it yet."""
    split: Split | None = None
    would_take: tuple[Identifier, ...] = ()
    """Of a dry run: out of the one person whom it concerns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person asks for, and their name."""

    identifiers: tuple[Identifier, ...]
    by: str
    why: str
    events_to: Side | None = None


class IdentityDesk:
    def __init__(
        self,
        store: BackgroundStore,
        directory: ProfileDirectory,
        aftermath: Callable[[], Aftermath],
        *,
        rules: Callable[[], Rules],
        key: Callable[[], bytes],
        clock: Clock,
    ) -> None:
        """``aftermath`` is asked only when something was changed."""
        self._store = store
        self._directory = directory
        self._aftermath = aftermath
        self._rules = rules
        self._key = key
        self._clock = clock

    @property
    def rules(self) -> Rules:
        return self._rules()

    def explain(self, text: str) -> Explained:
        profile, rules = self._directory.profile(text), self._rules()
        component = frozenset(map(Identifier.parse, profile.identifiers.values()))
        view = ClusterReader(self._store, self._key()).around(component, rules)
        history = self._history(profile.member_ids if view.is_complete else [profile.id])
        known = {split.id: split for split in (*view.splits, *self._splits_in(history))}
        found = explain(component, view.assertions, [*known.values()], rules, facts=view.facts(rules)) if view.is_complete else None
        return Explained(profile=profile, rules=rules, explanation=found, view=view, history=history)

    def unmerge(self, text: str, said: Said) -> Done:
        """Takes ``said.identifiers`` out of the person. Raises Rejected and Conflict, as ``Operator.split``, and ``identifier_unknown``,
        ``identifier_elsewhere``."""
        rules, operator = self._rules(), self._operator()
        standing = self._same_split(said.identifiers)
        if standing is not None:
            _expect_same_side(standing, said)
            return self._done(self._told(standing), standing)
        self._expect_of(self._directory.profile(text), said.identifiers)
        split, transition = operator.split(
            said.identifiers, rules=rules, by=said.by, why=said.why, at=self._clock(), events_to=said.events_to
        )
        return self._done(transition, split)

    def link(self, text: str, said: Said) -> Done:
        """Joins ``said.identifiers`` to the person. Raises as ``Operator.link``, and ``identifier_unknown``."""
        profile = self._directory.profile(text)
        for place, each in enumerate(said.identifiers):
            self._expect_known(each, place)
        identifiers = (_named(profile, text), *said.identifiers)
        self._expect_linking(identifiers)
        transition = self._operator().link(identifiers, rules=self._rules(), by=said.by, why=said.why, at=self._clock())
        is_done = self._aftermath().follow(transition)
        return Done(people=self._people(identifiers), is_pending=not is_done)

    def split(self, split_id: str) -> Done:
        """Raises NotFound (``split_unknown``)."""
        split = self._operator().find(split_id)
        return Done(people=self._people([*split.left, *split.right]), is_pending=False, split=split)

    def lift(self, split_id: str, *, by: str, why: str) -> Done:
        """Raises NotFound (``split_unknown``), Conflict (``split_lifted``)."""
        operator = self._operator()
        transition = operator.lift(split_id, rules=self._rules(), by=by, why=why, at=self._clock())
        return self._done(transition, operator.find(split_id))

    def preview(self, text: str, said: Said) -> Done:
        """As ``unmerge`` with nothing done: the same errors for what the request says, and the people as they are now."""
        standing = self._same_split(said.identifiers)
        if standing is None:
            profile = self._directory.profile(text)
            self._expect_of(profile, said.identifiers)
            if set(profile.identifiers.values()) <= {*map(str, said.identifiers)}:
                raise Rejected("identifier_alone", "identifiers: these are all that the person has; there is nobody to part them from")
            return Done(people=[profile], is_pending=False, would_take=said.identifiers)
        _expect_same_side(standing, said)
        return Done(people=self._people([*standing.left, *standing.right]), is_pending=False, split=standing)

    # what was said before

    def _same_split(self, identifiers: Collection[Identifier]) -> Split | None:
        """A standing split that parts exactly these from others, said before."""
        paths = climb(self._store, [person_id(each, self._key()) for each in identifiers])
        roots = {root.person_id: root for root in (paths.root_of(person_id(each, self._key())) for each in identifiers)}
        named = {split for root in roots.values() if root.summary for split in (*root.summary.left, *root.summary.right)}
        found = self._store.splits(sorted(named)).values() if named else ()
        return next((each for each in sorted(found, key=lambda each: each.id) if each.right == {*identifiers} and not each.is_lifted), None)

    def _told(self, split: Split) -> Transition:
        known = Linker(self._store, self._key()).transition(cause_of(split), [min(split.right, key=str)])
        return known or Transition(cause=cause_of(split), at=split.at)

    def _history(self, person_ids: Collection[str]) -> list[Transition]:
        found = {(each.cause, each): each for person in person_ids for each in self._store.history_under(person)}
        return sorted(found.values(), key=lambda each: (each.at, each.cause))

    def _splits_in(self, history: Sequence[Transition]) -> Collection[Split]:
        named = {found[1] for each in history if (found := _OF_SPLIT.fullmatch(each.cause)) is not None}
        return self._store.splits(sorted(named)).values() if named else ()

    # what is expected of identifiers

    def _expect_of(self, profile: Profile, identifiers: Sequence[Identifier]) -> None:
        own = {*profile.identifiers.values()}
        for place, each in enumerate(identifiers):
            if str(each) not in own:
                self._expect_known(each, place)
                raise Conflict("identifier_elsewhere", f"identifiers[{place}]: it is not of this profile, but of another")

    def _expect_known(self, identifier: Identifier, place: int) -> None:
        if self._store.heads([person_id(identifier, self._key())]):
            return
        try:
            self._directory.profile(str(identifier))
        except NotFound as error:
            raise NotFound("identifier_unknown", f"identifiers[{place}]: nobody has this identifier") from error

    def _expect_linking(self, identifiers: Sequence[Identifier]) -> None:
        """What links nothing whatever anybody says."""
        ids = {each: person_id(each, self._key()) for each in identifiers}
        heads = self._store.heads([*ids.values()])
        facts = facts_of({each: heads[own].evidence for each, own in ids.items() if own in heads}, self._rules())
        for reason, names in ((Reason.SHARED_DEVICE, facts.shared_since), (Reason.HUB, facts.hubs)):
            if any(each in names for each in identifiers):
                raise Conflict("illegal_link", f"identifiers: one of them links nothing any more: {reason}")

    # what comes of it

    def _done(self, transition: Transition, split: Split) -> Done:
        is_done = self._aftermath().follow(transition)
        return Done(people=self._people([*split.left, *split.right]), is_pending=not is_done, split=split)

    def _people(self, identifiers: Collection[Identifier]) -> list[Profile]:
        """The distinct profiles, by id."""
        ids = [person_id(each, self._key()) for each in identifiers]
        paths = climb(self._store, ids)
        roots = sorted({paths.root_of(each).person_id for each in ids})[:MOST_SHOWN]
        return [self._directory.profile(root) for root in roots]

    def _operator(self) -> Operator:
        return Operator(self._store, self._key())


def _expect_same_side(standing: Split, said: Said) -> None:
    if said.events_to is not None and said.events_to is not standing.events_to:
        raise Conflict("already_split", f"events_to: the split {standing.id} stands and says otherwise; lift it, then say it anew")


def _named(profile: Profile, text: str) -> Identifier:
    """The profile's own spelling of how it was asked for."""
    texts = {each.casefold(): each for each in profile.identifiers.values()}
    written = profile.identifiers.get(text) or texts.get(text.casefold()) or profile.identifiers.get(profile.id)
    return Identifier.parse(written or next(iter(profile.identifiers.values())))
