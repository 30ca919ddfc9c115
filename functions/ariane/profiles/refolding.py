"""Folding the events of one partition of the log anew, each into the fragment of its home, as the identities now say.

Everything is read and decided first; then the partition's fragment and the rows of the other homes are written in one transaction, under
the version at which the fragment was read. The fragment keeps its once-only memory, which decides what of the log is in. What it knows to
be applied is in. What it knows to be new is not: stitching it will bring it. What it cannot tell (``Verdict.UNSURE``) is in, and marked in
the log before the write, so that it is not counted again if it was on its way. What has expired from the log stays with the partition's
own events.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import batched

from ariane.conditions.observing import Observing
from ariane.errors import Conflict, Retryable
from ariane.identity.jobs import BackgroundQueue, Job, RefoldJob, SealJob, jobs_of, subject_of
from ariane.identity.model import Transition
from ariane.identity.rules import Rules
from ariane.profiles.applying import NOTHING
from ariane.profiles.consent_keeping import adopt, release
from ariane.profiles.fragment_sums import beyond, known_of, plus, recorded, total
from ariane.profiles.fragments import Fragment, Route, RoutedFragment, StoredFragment
from ariane.profiles.homes import HomeReader
from ariane.profiles.refold_following import Following, Overtaken
from ariane.profiles.refold_marks import new_generation
from ariane.profiles.refold_scan import Scan, Scanned
from ariane.profiles.routed_rows import MOST_ROUTED, open_routes
from ariane.profiles.stitching import Log, Stores
from ariane.profiles.waking import dissolve_over, unsealed

MOST_INLINE = 1_000
"""Events that a refold takes up while others wait for it."""
_ATTEMPTS = 6
MOST_AT_ONCE = 5
"""Partitions that are refolded while an event waits."""
"""From the beginning."""
_WRITES = 20

type Generations = Callable[[], int]


@dataclass(frozen=True, slots=True)
class RefoldReport:
    partition: str
    events: int
    """Counted, whoever's they are."""
    homes: int
    attempts: int
    dissolved: tuple[str, ...] = ()
    """Holders of bundles that are to be begun anew."""


def refold(
    partition_id: str,
    *,
    stores: Stores,
    key: bytes,
    rules: Rules,
    generations: Generations = new_generation,
    observing: Observing = NOTHING,
) -> RefoldReport:
    """Idempotent, and begun anew after a crash. Memory grows with the homes, not with the events. Raises Retryable, also where other
    writers of the fragment keep coming."""
    homes = HomeReader(stores.identities, rules=lambda: rules, key=lambda: key)
    for attempt in range(1, _ATTEMPTS + 1):
        stored = stores.fragments.load([partition_id]).get(partition_id) or StoredFragment(fragment=Fragment(person_id=partition_id))
        log, generation = stores.log, generations()
        scan = Scan(stored.fragment, log, homes=homes, rules=rules, key=key, generation=generation, observing=observing)
        try:
            dissolved = _scan_and_write(scan, Following(stored, stores.fragments, stores.log), stores, observing)
        except Conflict:
            continue
        adopt(scan.found.decisions, stores)
        release(scan.found.rehomed, stores)
        return RefoldReport(partition_id, scan.found.count, len(scan.found.sums), attempt, dissolved)
    raise Retryable("refold_contended", "other writers of the same fragment keep coming")


def _scan_and_write(scan: Scan, following: Following, stores: Stores, observing: Observing) -> tuple[str, ...]:
    """The holders of bundles that it dissolved. Raises Conflict where it cannot keep up with other writers."""
    scan.run(after_each_page=lambda: following.catch_up(scan))
    dissolved: list[str] = []
    for _ in range(_WRITES):
        dissolved += dissolve_over(following.stored.fragment.person_id, stores.identities, stores.fragments)
        try:
            _Rewrite(unsealed(following.stored, stores.fragments), scan.found, stores, observing).write()
        except Conflict:
            following.catch_up(scan)
            continue
        return tuple(dict.fromkeys(dissolved))
    raise Overtaken


def needs_background(partition_id: str, log: Log, *, most: int = MOST_INLINE) -> bool:
    """Whether the log holds more than ``most`` events of the partition. Reads no more of them than that."""
    seen = 0
    cursor: str | None = None
    while True:
        page = log.scan(partition_id, limit=most, cursor=cursor)
        seen += sum(len(item.messages) for item in page.items)
        cursor = page.cursor
        if cursor is None or seen > most:
            return seen > most


def follow(
    transitions: Iterable[Transition],
    *,
    stores: Stores,
    key: bytes,
    rules: Rules,
    background: BackgroundQueue | None = None,
    observing: Observing = NOTHING,
) -> None:
    """What changes of identities leave to do: a few small partitions are refolded at once, all else is the background's. Without one every
    partition is small. Raises Retryable."""
    jobs = {(subject_of(job), type(job).__name__): job for transition in transitions for job in jobs_of(transition)}
    left: list[Job] = []
    refolded = 0
    for (subject, _), job in sorted(jobs.items(), key=lambda each: each[0]):
        if background is not None and (not isinstance(job, RefoldJob) or refolded >= MOST_AT_ONCE or needs_background(subject, stores.log)):
            left.append(job)
        elif isinstance(job, RefoldJob):
            report = refold(subject, stores=stores, key=key, rules=rules, observing=observing)
            left += [SealJob(person=each, cause=job.cause) for each in report.dissolved]
            refolded += 1
    if background is not None and left:
        background.put(left)


class _Rewrite:
    """What one attempt writes."""

    def __init__(self, stored: StoredFragment, scanned: Scanned, stores: Stores, observing: Observing) -> None:
        self._observing = observing
        self._stored = stored
        self._scanned = scanned
        self._fragments = stores.fragments
        own = stored.fragment.person_id
        homes = {*stores.fragments.homes_of(own), *scanned.sums} - {own}
        routes = [Route(home, own) for home in sorted(homes)]
        self._known = self._fragments.load_routed([*routes, Route(own, own)]) if routes or stored.fragment.is_routed else {}
        self._routes = routes

    def write(self) -> None:
        """Raises Conflict where the fragment was written meanwhile."""
        rows: Sequence[RoutedFragment] = self._rows()
        open_routes([row.route for row in rows if row.route not in self._known], self._scanned.homes, self._fragments)
        stored = self._stored
        expired = self._expired()
        if len(rows) > MOST_ROUTED:
            stored, rows = self._write_most(rows, expired)
        own = plus(self._scanned.sums.get(stored.fragment.person_id, Fragment(person_id="")), expired)
        memory = replace(stored.fragment, routing=self._stored.fragment.routing + 1, generation=self._scanned.generation)
        known = recorded(own, self._observing)
        self._fragments.save(replace(stored, fragment=_with_knowledge(memory, known)), routed=rows)

    def _write_most(self, rows: Sequence[RoutedFragment], expired: Fragment) -> tuple[StoredFragment, Sequence[RoutedFragment]]:
        """All rows but the last ones, in several transactions. Between them the fragment has no generation: whoever refolds it next
        cannot tell from the sums what has expired, and takes the row that is written first."""
        own = self._stored.fragment.person_id
        unfinished = replace(self._stored.fragment, routing=self._stored.fragment.routing + 1, generation=0)
        stored = replace(self._stored, fragment=unfinished)
        first = RoutedFragment(partition=own, fragment=known_of(own, expired))
        *most, last = batched([first, *rows], MOST_ROUTED, strict=False)
        for some in most:
            self._fragments.save(stored, routed=some)
            stored = replace(stored, version=stored.version + 1)
        return stored, last

    def _rows(self) -> list[RoutedFragment]:
        """Those that are to be other than they are; emptied where nothing is left in them."""
        wanted = (self._row(route) for route in self._routes)
        return [row for row in wanted if row.fragment != self._known.get(row.route, Fragment(person_id=row.route.home))]

    def _row(self, route: Route) -> RoutedFragment:
        return RoutedFragment(partition=route.partition, fragment=self._scanned.sums.get(route.home) or Fragment(person_id=route.home))

    def _expired(self) -> Fragment:
        own = self._stored.fragment
        if own.is_routed and not own.generation:
            return self._known.get(Route(own.person_id, own.person_id), Fragment(person_id=own.person_id))
        rows = (row for route, row in self._known.items() if route.home != own.person_id)
        return beyond(total([own, *rows]), self._scanned.sums.values())


def _with_knowledge(memory: Fragment, known: Fragment) -> Fragment:
    return replace(
        memory,
        traits=known.traits,
        tallies=known.tallies,
        groups=known.groups,
        first_seen=known.first_seen,
        last_seen=known.last_seen,
        overflow=known.overflow,
        observed=known.observed,
        settings=known.settings,
        observes=known.observes,
    )
