"""What people do about identities by hand: ask why, take apart, put together, take back. Each may be asked again with the same words."""

import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from ariane.errors import Conflict, NotFound, Retryable
from ariane.identity.clusters import ClusterReader, ClusterView
from ariane.identity.epochs import Reason, is_later, plain
from ariane.identity.explaining import Explanation, explain
from ariane.identity.facts import facts_of
from ariane.identity.hand_words import in_words, split_in_words
from ariane.identity.ids import person_id
from ariane.identity.model import OPERATOR, Assertion, Head, Side, Split, Transition
from ariane.identity.operating import Operator
from ariane.identity.rules import Identifier, Rules
from ariane.identity.trees import climb
from ariane.instants import Clock, from_millis, to_millis
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.completion import ChangeStore, is_done
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.model import Profile
from ariane.profiles.unmerge_preview import Foreseen, UnmergePreview

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
    link: Assertion | None = None
    """The word that stands for what was linked."""
    is_already: bool = False
    """Somebody had said so before: ``split``, or ``link``, is theirs, and nothing was done now."""
    foreseen: Foreseen | None = None
    """Of a dry run: what would become of the one person whom it concerns."""


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
        store: ChangeStore,
        directory: ProfileDirectory,
        aftermath: Callable[[], Aftermath],
        *,
        preview: UnmergePreview,
        rules: Callable[[], Rules],
        key: Callable[[], bytes],
        clock: Clock,
    ) -> None:
        """``aftermath`` is asked only when something is changed."""
        self._store = store
        self._directory = directory
        self._aftermath = aftermath
        self._preview = preview
        self._rules = rules
        self._key = key
        self._clock = clock

    @property
    def rules(self) -> Rules:
        return self._rules()

    def explain(self, text: str) -> Explained:
        """Of a shared device, too, on which nothing has happened since. Where it waits for the background, that is asked again."""
        profile, rules = self._directory.person(text), self._rules()
        component = frozenset(map(Identifier.parse, profile.identifiers.values()))
        view = self._with_devices(ClusterReader(self._store, self._key()).around(component, rules), component)
        self._ask_again(view)
        history = self._history(profile.member_ids if view.is_complete else [profile.id])
        known = {split.id: split for split in (*view.splits, *self._splits_in(history))}
        found = explain(component, view.assertions, [*known.values()], rules, evidence=view.evidence) if view.is_complete else None
        return Explained(profile=profile, rules=rules, explanation=found, view=view, history=history)

    def _ask_again(self, view: ClusterView) -> None:
        """The job that was to resolve it may have ended among the dead letters, and on these people nothing may ever happen again that
        asks for another. Who does not reach the queue has asked for an explanation none the less."""
        waiting = sorted(row.id for row in view.rows.values() if row.quarantine is not None)
        with suppress(Retryable):
            for each in waiting:
                self._aftermath().resolve(each, cause=f"explain/{each}")

    def _with_devices(self, view: ClusterView, component: Collection[Identifier]) -> ClusterView:
        """What shared devices, of which the person is the later self, know of who used them: that lies with the earlier self."""
        devices = {person_id(plain(each), self._key()): plain(each) for each in component if is_later(each)}
        heads = self._store.heads(sorted(devices)) if devices else {}
        return replace(view, evidence={**view.evidence, **{devices[own]: head.evidence for own, head in heads.items()}})

    def unmerge(self, text: str, said: Said) -> Done:
        """Takes ``said.identifiers`` out of the person. Raises Rejected and Conflict, as ``Operator.split``, and ``identifier_unknown``,
        ``identifier_elsewhere``."""
        rules, operator, at = self._rules(), self._operator(), self._now()
        standing = self._same_split(said.identifiers)
        if standing is not None:
            _expect_same_side(standing, said)
            return self._done(operator.told(standing), standing, is_already=True)
        self._expect_of(self._directory.profile(text), said.identifiers)
        split, transition = operator.split(said.identifiers, rules=rules, by=said.by, why=said.why, at=at, events_to=said.events_to)
        return self._done(transition, split, is_already=(split.at, split.by, split.why) != (at, said.by, said.why))

    def link(self, text: str, said: Said) -> Done:
        """Joins ``said.identifiers`` to the person. Raises as ``Operator.link``, and ``identifier_unknown``."""
        profile = self._directory.profile(text)
        for place, each in enumerate(said.identifiers):
            self._expect_known(each, place)
        identifiers = (_named(profile, text), *said.identifiers)
        self._expect_linking(identifiers)
        rules, operator, at = self._rules(), self._operator(), self._now()
        transition = operator.link(identifiers, rules=rules, by=said.by, why=said.why, at=at)
        link = operator.linked(identifiers, rules)
        is_already = link is not None and (link.at, link.by, link.why) != (at, said.by, said.why)
        return Done(people=self._people(identifiers), is_pending=self._follow(transition), link=link, is_already=is_already)

    def split(self, split_id: str) -> Done:
        """Raises NotFound (``split_unknown``)."""
        operator = self._operator()
        split = operator.find(split_id)
        is_pending = not is_done(operator.told(split), self._store)
        return Done(people=self._people([*split.left, *split.right]), is_pending=is_pending, split=split)

    def lift(self, split_id: str, *, by: str, why: str) -> Done:
        """Raises NotFound (``split_unknown``), Conflict (``split_lifted``)."""
        operator = self._operator()
        try:
            transition = operator.lift(split_id, rules=self._rules(), by=by, why=why, at=self._now())
        except Conflict as error:
            if error.code == "split_lifted":  # by somebody who may not have lived to tell
                self._follow(operator.told(operator.find(split_id)))
            raise
        return self._done(transition, operator.find(split_id))

    def preview(self, text: str, said: Said) -> Done:
        """As ``unmerge`` with nothing done: the same errors, the person as they are now, and who and what there would be."""
        standing = self._same_split(said.identifiers)
        if standing is not None:
            _expect_same_side(standing, said)
            return replace(self.split(standing.id), is_already=True)
        profile = self._directory.profile(text)
        self._expect_of(profile, said.identifiers)
        plan = self._operator().plan(
            said.identifiers, rules=self._rules(), by=said.by, why=said.why, at=self._now(), events_to=said.events_to
        )
        return Done(people=[profile], is_pending=False, foreseen=self._preview.of(plan, profile))

    # what was said before

    def _same_split(self, identifiers: Collection[Identifier]) -> Split | None:
        """A standing split that parts exactly these from others, said before."""
        paths = climb(self._store, [person_id(each, self._key()) for each in identifiers])
        roots = {root.person_id: root for root in (paths.root_of(person_id(each, self._key())) for each in identifiers)}
        named = {split for root in roots.values() if root.summary for split in (*root.summary.left, *root.summary.right)}
        found = self._store.splits(sorted(named)).values() if named else ()
        return next((each for each in sorted(found, key=lambda each: each.id) if each.right == {*identifiers} and not each.is_lifted), None)

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
                raise Conflict("identifier_elsewhere", f"identifiers[{place}]: {self._elsewhere(profile, each)}")

    def _elsewhere(self, profile: Profile, identifier: Identifier) -> str:
        own, other = (self._root(each) for each in (profile.id, person_id(identifier, self._key())))
        between = _splits_of(own) & _splits_of(other)
        standing = [each for each in self._store.splits(sorted(between)).values() if not each.is_lifted] if between else []
        words = f"it is not of this profile, but of another, {other.person_id}"
        return f"{words}: {split_in_words(standing[0])} keeps them apart already" if standing else words

    def _root(self, own: str) -> Head:
        return climb(self._store, [own]).root_of(own)

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
            for each in identifiers:
                if each in names:
                    raise Conflict("illegal_link", f"identifiers: {in_words(reason, each, {}, self._rules())}")

    # what comes of it

    def _now(self) -> datetime:
        """As it is stored: whoever reads an order again knows it for this one."""
        return from_millis(to_millis(self._clock()))

    def _done(self, transition: Transition, split: Split, *, is_already: bool = False) -> Done:
        is_pending = self._follow(transition)
        return Done(people=self._people([*split.left, *split.right]), is_pending=is_pending, split=split, is_already=is_already)

    def _follow(self, transition: Transition) -> bool:
        """Whether the background has yet to do what follows from it: it is asked for what it has not done."""
        if is_done(transition, self._store):
            self._aftermath().announce(transition)
            return False
        refolded = self._store.refolded(transition.refold, transition.cause) if transition.refold else ()
        self._aftermath().follow(transition, refolded=refolded)
        return True

    def _people(self, identifiers: Collection[Identifier]) -> list[Profile]:
        """The distinct profiles, by id."""
        ids = [person_id(each, self._key()) for each in identifiers]
        paths = climb(self._store, ids)
        roots = sorted({paths.root_of(each).person_id for each in ids})[:MOST_SHOWN]
        return [self._directory.profile(root) for root in roots]

    def _operator(self) -> Operator:
        return Operator(self._store, self._key(), expect=lambda owner, cause: self._aftermath().expect(owner, cause))


def _expect_same_side(standing: Split, said: Said) -> None:
    if said.events_to is not None and said.events_to is not standing.events_to:
        words = f"{split_in_words(standing)} stands and says otherwise"
        raise Conflict("already_split", f"events_to: {words}; lift it, then say it anew")


def _splits_of(root: Head) -> frozenset[str]:
    return root.summary.left | root.summary.right if root.summary else frozenset()


def _named(profile: Profile, text: str) -> Identifier:
    """The profile's own spelling of how it was asked for. A device that is shared by now is named as people write it."""
    texts = {str(plain(Identifier.parse(each))).casefold(): each for each in profile.identifiers.values()}
    written = profile.identifiers.get(text) or texts.get(text.casefold()) or profile.identifiers.get(profile.id)
    return plain(Identifier.parse(written or next(iter(profile.identifiers.values()))))
