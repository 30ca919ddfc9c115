"""Ports in memory whose calls are counted as the AWS adapters' calls are: the same rules, from encoded sizes.

Each class wraps an adapter of ``ariane.adapters.memory`` and has its methods; what is not counted goes through. ``what`` in the bill is the
table's name, in lower case, as the tables of ``cloud`` are named.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ariane.adapters.aws.announcer import entry_of
from ariane.adapters.aws.event_items import attributes_of
from ariane.adapters.aws.fragments import item_of
from ariane.adapters.aws.items.identities import MEMBER, assertion_item, head_item, key_of, transition_item
from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.events.log import Page
from ariane.events.model import LogItem
from ariane.identity.merging import MergePlan
from ariane.identity.model import Assertion, Head, Merged
from ariane.profiles.announcing import Fact
from ariane.profiles.fragments import StoredFragment
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

    def grow(self, key: tuple[str, str], size: int) -> None:
        """An update that leaves the item ``size`` bytes larger."""
        before = self._sizes.get(key, 0)
        self._bill.add(Unit.WRITE, write_units(before, before + size), what=self._name)
        self._sizes[key] = before + size

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

    def save(self, stored: StoredFragment) -> None:
        item = item_of(stored)
        try:
            self.inner.save(stored)
        except Exception:
            self._table.write(item, is_kept=False)
            raise
        self._table.write(item)


class CountedIdentities:
    def __init__(self, bill: Bill, inner: MemoryIdentities | None = None) -> None:
        self.inner = inner or MemoryIdentities()
        self._table = _Table(bill, "identities")

    def heads(self, person_ids: Collection[str]) -> Mapping[str, Head]:
        self._table.read_each((person_id, "H") for person_id in person_ids)
        return self.inner.heads(person_ids)

    def members(self, person_id: str) -> Mapping[str, str]:
        members = self.inner.members(person_id)
        self._table.read_together(((person_id, MEMBER + each) for each in members), is_consistent=True)
        return members

    def add_assertion(self, anchor_id: str, assertion: Assertion) -> None:
        before = self.inner.assertions_under(anchor_id)
        self.inner.add_assertion(anchor_id, assertion)
        is_kept = self.inner.assertions_under(anchor_id) != before
        self._table.write(assertion_item(anchor_id, assertion), is_kept=is_kept)

    def merge(self, plan: MergePlan) -> None:
        items = list(_merge_items(plan))
        try:
            self.inner.merge(plan)
        except Exception:
            for item in items:
                self._table.write(item, is_kept=False, is_transactional=True)
            raise
        for item in items:
            self._table.write(item, is_transactional=True)

    def transitions(self, cause: str, person_ids: Collection[str]) -> Sequence[Merged]:
        self._table.read_each((person_id, f"T#{cause}") for person_id in person_ids)
        return self.inner.transitions(cause, person_ids)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _merge_items(plan: MergePlan) -> Iterable[Item]:
    """As ``DynamoIdentities.merge`` writes them."""
    winner = replace(plan.winner, version=plan.winner.version + 1, children=plan.winner.children + len(plan.absorbed))
    yield head_item(winner)
    yield transition_item(plan.transition)
    for head in plan.absorbed:
        yield head_item(replace(head, version=head.version + 1, parent=winner.person_id))
        yield {**key_of(winner.person_id, MEMBER + head.person_id), "i": {"S": str(head.identifier)}}


class CountedAnnouncer:
    """``facts`` None: what is published is counted and forgotten."""

    def __init__(self, bill: Bill, inner: MemoryAnnouncer | None = None) -> None:
        self.inner = inner
        self._bill = bill

    def publish(self, facts: Sequence[Fact]) -> None:
        self._bill.add(Unit.BUS_EVENT, sum(bus_events(entry_of(fact, bus="bus")) for fact in facts), what="bus")
        if self.inner is not None:
            self.inner.publish(facts)
