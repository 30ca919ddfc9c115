"""Ports in memory whose calls are counted as the AWS adapters' calls are: the same rules, from encoded sizes.

Each class wraps an adapter of ``ariane.adapters.memory`` and has its methods; what is not counted goes through. ``what`` in the bill is the
table's name, in lower case, as the tables of ``cloud`` are named.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ariane.adapters.aws.announcer import entry_of
from ariane.adapters.aws.event_items import attributes_of
from ariane.adapters.aws.fragments import routed_item_of
from ariane.adapters.aws.items.bundles import BUNDLE, bundle_item, fragment_item
from ariane.adapters.aws.items.identities import ASSERTION, HEAD, MEMBER
from ariane.adapters.aws.items.identity_changes import TRANSITION
from ariane.adapters.aws.items.identity_commits import actions_of
from ariane.adapters.aws.items.identity_history import CLUSTER, ENTRY, SPLIT
from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.errors import Conflict
from ariane.events.log import Page
from ariane.events.model import LogItem
from ariane.identity.commits import Commit
from ariane.identity.model import Assertion, Cluster, Head, Split, Transition
from ariane.profiles.announcing import Fact
from ariane.profiles.bundles import Bundle
from ariane.profiles.fragments import Fragment, Route, RoutedFragment, StoredFragment
from cli.bench.units import Bill, Item, Unit, bus_events, item_size, read_units, write_units


class _Table:
    """Sizes of what lies in a table, and what reading and writing it costs."""

    def __init__(self, bill: Bill, name: str) -> None:
        self._bill = bill
        self._name = name
        self._sizes: dict[tuple[str, str], int] = {}

    def write(self, item: Item, *, is_kept: bool = True, is_transactional: bool = False) -> None:
        key, size = (item["pk"]["S"], item["sk"]["S"]), item_size(item)
        units = write_units(size, self._sizes.get(key, 0), is_transactional=is_transactional)
        self._bill.add(Unit.WRITE, units, what=self._name)
        if is_kept:
            self._sizes[key] = size

    def touch(self, key: Item, *, is_gone: bool, is_transactional: bool) -> None:
        """A deletion, or a mere check: it costs what the item is worth."""
        at = (key["pk"]["S"], key["sk"]["S"])
        self._bill.add(Unit.WRITE, write_units(self._sizes.get(at, 0), is_transactional=is_transactional), what=self._name)
        if is_gone:
            self._sizes.pop(at, None)

    def grow(self, key: tuple[str, str], size: int) -> None:
        """An update that leaves the item ``size`` bytes larger."""
        before = self._sizes.get(key, 0)
        self._bill.add(Unit.WRITE, write_units(before, before + size), what=self._name)
        self._sizes[key] = before + size

    @property
    def size(self) -> int:
        """Bytes of everything that lies in it."""
        return sum(self._sizes.values())

    def read_each(self, keys: Iterable[tuple[str, str]]) -> None:
        for key in set(keys):
            self._bill.add(Unit.READ, read_units(self._sizes.get(key, 0), is_consistent=True), what=self._name)

    def read_together(self, keys: Iterable[tuple[str, str]], *, is_consistent: bool) -> None:
        size = sum(self._sizes.get(key, 0) for key in keys)
        self._bill.add(Unit.READ, read_units(size, is_consistent=is_consistent), what=self._name)


class CountedLog:
    """The append and the read side. ``retention`` only gives the expiry its digits."""

    def __init__(self, bill: Bill, inner: MemoryEventLog | None = None) -> None:
        self.inner = inner or MemoryEventLog()
        self._table = _Table(bill, "events")
        self._marks: dict[tuple[str, str], frozenset[int]] = defaultdict(frozenset)

    @property
    def stored_bytes(self) -> int:
        return self._table.size

    def append(self, item: LogItem) -> bool:
        is_new = self.inner.append(item)
        attributes = attributes_of(item, retention=timedelta(days=760))
        packed = attributes["b"]["B"]
        stored = {**attributes, "b": {"B": bytes(len(packed) // 4 * 3 - packed.count("="))}}
        self._table.write(stored, is_kept=is_new)
        return is_new

    def get(self, person_id: str, sort: str) -> LogItem | None:
        self._table.read_each([(person_id, sort)])
        return self.inner.get(person_id, sort)

    def page(self, person_id: str, **options: Any) -> Page:
        page = self.inner.page(person_id, **options)
        self._table.read_together(((person_id, item.sort) for item in page.items), is_consistent=False)
        return page

    def scan(self, person_id: str, **options: Any) -> Page:
        page = self.inner.scan(person_id, **options)
        self._table.read_together(((person_id, item.sort) for item in page.items), is_consistent=True)
        return page

    def mark_refolded(self, person_id: str, marks: Sequence[tuple[str, str]]) -> None:
        self.inner.mark_refolded(person_id, marks)
        for sort, entry in marks:
            self._table.grow((person_id, sort), item_size({"a": {"SS": [entry]}}))

    def mark_duplicates(self, person_id: str, sort: str, places: Collection[int]) -> None:
        self.inner.mark_duplicates(person_id, sort, places)
        if places:
            key = (person_id, sort)
            before, self._marks[key] = self._marks[key], self._marks[key] | frozenset(places)
            self._table.grow(key, _marks_size(self._marks[key]) - _marks_size(before))


def _marks_size(places: Collection[int]) -> int:
    return item_size({"d": {"NS": [str(place) for place in places]}}) if places else 0


class CountedFragments:
    def __init__(self, bill: Bill, inner: MemoryFragments | None = None) -> None:
        self.inner = inner or MemoryFragments()
        self._table = _Table(bill, "profiles")

    def load(self, person_ids: Collection[str]) -> Mapping[str, StoredFragment]:
        self._table.read_each((person_id, "F") for person_id in person_ids)
        return self.inner.load(person_ids)

    def load_routed(self, routes: Collection[Route]) -> Mapping[Route, Fragment]:
        self._table.read_each((route.home, f"F#{route.partition}") for route in routes)
        return self.inner.load_routed(routes)

    def homes_of(self, partition: str) -> Collection[str]:
        found = self.inner.homes_of(partition)
        self._table.read_together(((partition, f"R#{home}") for home in found), is_consistent=True)
        return found

    def add_home(self, route: Route) -> None:
        self._table.write({"pk": {"S": route.partition}, "sk": {"S": f"R#{route.home}"}})
        self.inner.add_home(route)

    def save(self, stored: StoredFragment, routed: Sequence[RoutedFragment] = (), bundle: Bundle | None = None) -> None:
        items = [fragment_item(stored), *map(routed_item_of, routed), *map(bundle_item, [bundle] if bundle else [])]
        self._done(partial(self.inner.save, stored, routed, bundle), items)

    def bundles(self, holders: Collection[str]) -> Mapping[str, Bundle]:
        self._table.read_each((holder, BUNDLE) for holder in holders)
        return self.inner.bundles(holders)

    def put(self, bundle: Bundle, *, sealed: Sequence[StoredFragment] = (), absorbed: Sequence[Bundle] = ()) -> None:
        items = [*map(bundle_item, [bundle, *absorbed]), *map(fragment_item, sealed)]
        self._done(partial(self.inner.put, bundle, sealed=sealed, absorbed=absorbed), items)

    def dissolve(self, bundle: Bundle, *, generation: int, rest_until: datetime | None = None) -> None:
        self._done(partial(self.inner.dissolve, bundle, generation=generation, rest_until=rest_until), [bundle_item(bundle)])

    def _done(self, write: Callable[[], None], items: Sequence[Item]) -> None:
        try:
            write()
        except Exception:
            self._write(items, is_done=False)
            raise
        self._write(items, is_done=True)

    def _write(self, items: Sequence[Item], *, is_done: bool) -> None:
        for item in items:
            self._table.write(item, is_kept=is_done, is_transactional=len(items) > 1)


class CountedIdentities:
    def __init__(self, bill: Bill, inner: MemoryIdentities | None = None) -> None:
        self.inner = inner or MemoryIdentities()
        self._table = _Table(bill, "identities")

    @property
    def stored_bytes(self) -> int:
        return self._table.size

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        self._table.read_each((person_id, HEAD) for person_id in person_ids)
        return self.inner.heads(person_ids)

    def members(self, person_id: str) -> Mapping[str, str]:
        members = self.inner.members(person_id)
        self._table.read_together(((person_id, MEMBER + each) for each in members), is_consistent=True)
        return members

    def assertion(self, person_id: str, digest: str) -> Assertion | None:
        self._table.read_each([(person_id, ASSERTION + digest)])
        return self.inner.assertion(person_id, digest)

    def assertions_under(self, person_id: str) -> Sequence[Assertion]:
        found = self.inner.assertions_under(person_id)
        self._table.read_together(((person_id, ASSERTION + each.digest) for each in found), is_consistent=True)
        return found

    def clusters(self, ids: Collection[str]) -> Mapping[str, Cluster]:
        self._table.read_each((each, CLUSTER) for each in ids)
        return self.inner.clusters(ids)

    def entries(self, cluster_id: str) -> Sequence[str]:
        found = self.inner.entries(cluster_id)
        self._table.read_together(((cluster_id, ENTRY + each) for each in found), is_consistent=True)
        return found

    def splits(self, ids: Collection[str]) -> Mapping[str, Split]:
        self._table.read_each((each, SPLIT) for each in ids)
        return self.inner.splits(ids)

    def transition(self, person_id: str, cause: str) -> Transition | None:
        self._table.read_each([(person_id, TRANSITION + cause)])
        return self.inner.transition(person_id, cause)

    def history_under(self, person_id: str) -> Sequence[Transition]:
        found = self.inner.history_under(person_id)
        self._table.read_together(((person_id, TRANSITION + each.cause) for each in found), is_consistent=True)
        return found

    def commit(self, commit: Commit) -> None:
        actions = [pair for action in actions_of(commit, "identities") for pair in action.items()]
        is_transactional = len(actions) > 1 or actions[0][0] != "Put"
        try:
            self.inner.commit(commit)
        except Conflict:
            self._write(actions, is_done=False, is_transactional=is_transactional)
            raise
        self._write(actions, is_done=True, is_transactional=is_transactional)

    def _write(self, actions: Iterable[tuple[str, Mapping[str, Any]]], *, is_done: bool, is_transactional: bool) -> None:
        for action, named in actions:
            if action == "Put":
                self._table.write(named["Item"], is_kept=is_done, is_transactional=is_transactional)
            else:
                self._table.touch(named["Key"], is_gone=is_done and action == "Delete", is_transactional=is_transactional)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class CountedAnnouncer:
    """``facts`` None: what is published is counted and forgotten."""

    def __init__(self, bill: Bill, inner: MemoryAnnouncer | None = None) -> None:
        self.inner = inner
        self._bill = bill

    def publish(self, facts: Sequence[Fact]) -> None:
        self._bill.add(Unit.BUS_EVENT, sum(bus_events(entry_of(fact, bus="bus")) for fact in facts), what="bus")
        if self.inner is not None:
            self.inner.publish(facts)
