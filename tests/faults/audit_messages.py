"""What is asked of runs and messages: at the very moment of a claim and of a hand-over, and once everything is at rest."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from ariane.journeys.enrolment import UNMERGED, Enrolment, Status
from ariane.journeys.graph import Journey, SendNode, read_journey
from ariane.messaging.ledger import Claim
from ariane.messaging.model import LedgerEntry, MessageClass, message_id
from ariane.messaging.model import Status as Sent
from tests.faults.audit import Rest
from tests.faults.model import FRESH, Entry, Said, may_write, standing
from tests.faults.world import World
from tests.faults.world_brand import bundle
from tests.faults.world_stores import HandedOver

_WENT_OUT = frozenset({Sent.CLAIMED, Sent.SENT, Sent.UNCLEAR, Sent.DELIVERED, Sent.BOUNCED, Sent.COMPLAINED})
_NO_FAULT_OF_OURS = frozenset({"no_address", "invalid_address", "exited", "enrolment_ended", "opted_out", "suppressed"})
_NOT_IN_THIS_BRAND = frozenset(
    {"unknown_topic", "channel_not_allowed", "too_many_identifiers", "definition_missing", "no_template", "render_error", "no_stop_suffix"}
)
_NO_RUN = frozenset({"too_old", "imported", "exit_event"})


@cache
def version_of(name: str, version: str) -> Journey | None:
    found = (bundle(is_later=is_later).journeys[name] for is_later in (False, True))
    return next((read_journey(journey["definition"]) for journey in found if journey["version"] == version), None)


# at the moment of a claim


def at_claim(world: World, claim: Claim) -> None:
    entry = claim.entry
    run = world.stores.runs.get(claim.enrolment.profile, claim.enrolment.enrolment)
    person = world.stores.identities.together_with(entry.profile)
    said = f"{entry.id} ({entry.journey}, {entry.template})"
    if run is None or not run.is_running or (run.node, run.visit) != (claim.enrolment.node, claim.enrolment.visit):
        world.problem(f"exits: {said} was claimed for a run that is not there any more")
    elif _has_left(world, run, person):
        world.problem(f"exits: {said} was claimed though its run's exit was known before the sender began to look")
    elif not _is_of_its_version(run, entry):
        world.problem(f"inv 8: {said} is not what the version {run.version} of its run has at {run.node}")
    if entry.address_id and world.stores.suppressions.reason(entry.address_id):
        world.problem(f"inv 5: {said} was claimed for a suppressed address")
    if entry.message_class is MessageClass.MARKETING:
        _of_marketing(world, entry, person, said)


def _is_of_its_version(run: Enrolment, entry: LedgerEntry) -> bool:
    journey = version_of(run.journey, run.version)
    node = journey.node(run.node) if journey and run.node else None
    return isinstance(node, SendNode) and (node.template, node.channel, run.version) == (entry.template, entry.channel, entry.version)


def _of_marketing(world: World, entry: LedgerEntry, person: set[str], said: str) -> None:
    address = entry.address_id or ""
    owner = set() if address in person else world.stores.identities.together_with(address)
    consents = world.stores.consents
    decisions = (
        Said(each.person_id, each.topic, each.channel, each.is_person_wide, each.granted, each.at)
        for each in consents.records
        if each.state not in consents.released
    )
    states = standing(decisions)
    if not may_write(states, topic=entry.topic, channel=str(entry.channel), address=address, person=person, owner=owner):
        world.problem(f"inv 5 or 10: {said} was claimed, and the latest word that was committed on it is no grant")
    for other in world.stores.ledger.find(entry.id, person):
        if other.profile != entry.profile and other.status in _WENT_OUT:
            world.problem(f"inv 6: {said} was claimed for {entry.profile} while the claim of {other.profile}, now the same person, stood")


def _has_left(world: World, run: Enrolment, person: set[str]) -> bool:
    """By what the fragments held when the sender began. An exit that looks at properties is looked up in the log, whose pages lag."""
    journey, invocation = version_of(run.journey, run.version), world.scheduler.current()
    if journey is None or journey.exit is None or journey.exit.match is not None or invocation is None:
        return False
    entered = round(run.entry_time.timestamp() * 1000)
    fragments = world.stores.fragments
    return any(fragments.last_known(id_, journey.exit.event, before=invocation.began_after) >= entered for id_ in person)


def at_hand_over(world: World, handed: HandedOver) -> None:
    if handed.claim is None:
        world.problem(f"inv 6: {handed.text!r} was handed over without a claim")
        return
    entry = handed.claim.entry
    stored = next(iter(world.stores.ledger.find(entry.id, [entry.profile])), None)
    if stored is None or stored.status is not Sent.CLAIMED or stored.at != entry.at:
        world.problem(f"inv 6: {handed.text!r} was handed over under a claim that does not stand")
    if not handed.text.startswith(f"{entry.template} for "):
        world.problem(f"{handed.text!r} was handed over under the claim of {entry.template}")


def at_handled(world: World) -> None:
    """Whoever commits that a run waits for a message also asks for it: what the due row mends, it mends a quarter of an hour later."""
    invocation = world.scheduler.current()
    for run in invocation.moved if invocation else ():
        journey = version_of(run.journey, run.version)
        stands = world.stores.runs.get(run.profile, run.sort)
        waits = journey is not None and run.node is not None and isinstance(journey.node(run.node), SendNode)
        if stands is None or not waits or not stands.is_running or (stands.node, stands.visit) != (run.node, run.visit):
            continue
        if (run.profile, run.sort, run.node, run.visit) not in world.ports["send_queue"].asked:
            world.problem(f"late: the run {_of(run)} came to the message at {run.node}, and its worker went home without asking for it")


# at rest


def problems_of_messages(rest: Rest) -> Iterator[str]:
    yield from _runs_that_stay(rest)
    yield from _runs_that_began(rest)
    yield from _waits_for_messages(rest)
    yield from _entries_without_a_run(rest)
    yield from _messages_of_runs(rest)
    yield from _ledger(rest)


def _runs_that_stay(rest: Rest) -> Iterator[str]:
    for run in rest.world.stores.runs.all():
        if run.is_running:
            yield f"the run {_of(run)} never ended: it stands at {run.node}, due {run.due}"
        elif run.due is not None:
            yield f"the run {_of(run)} has ended as {run.status} and is still due at {run.due}"
        if run.status is Status.EXITED and run.reason == "exit_event" and not _exit_exists(rest, run):
            yield f"the run {_of(run)} was ended by an exit that never happened"
        if run.status is Status.EXITED and run.reason == UNMERGED and not rest.has_parted:
            yield f"the run {_of(run)} left as unmerged, and nobody was parted"
        if run.status is Status.EXITED and run.reason not in ("exit_event", "exit_step", UNMERGED):
            yield f"the run {_of(run)} gave up: {run.reason}"


def _runs_that_began(rest: Rest) -> Iterator[str]:
    slack = timedelta(seconds=2 * rest.world.weather.skew)
    begun: Counter[tuple[str, str, str, str]] = Counter()
    versions: dict[tuple[str, str], str] = {}
    for _, run in rest.world.stores.runs.history:
        if versions.setdefault((run.profile, run.sort), run.version) != run.version:
            yield f"inv 8: the run {_of(run)} changed its version"
        journey = version_of(run.journey, run.version)
        if journey is None or (run.node is not None and run.node not in {node.id for node in journey.nodes}):
            yield f"inv 8: the run {_of(run)} stands at {run.node}, which its version has not"
    for run in rest.world.stores.runs.all():
        if run.entered_at - run.entry_time > FRESH + slack or run.fact.get("kind") == "import":
            yield f"inv 9: the run {_of(run)} was started by an event of {run.entry_time}, of {run.fact.get('kind')}, at {run.entered_at}"
        begun[rest.root(run.profile), run.journey, run.key, run.cause] += run.status is not Status.MERGED
    for (_, journey_name, key, cause), count in begun.items():
        if count > 1:
            yield f"{cause} started {count} runs of {journey_name} for {key!r} of one person"


def _waits_for_messages(rest: Rest) -> Iterator[str]:
    """Nothing in the simulated world keeps a message from being decided for a day: who goes on without it was never told."""
    before: dict[tuple[str, str], Enrolment] = {}
    for _, run in rest.world.stores.runs.history:
        last = before.get((run.profile, run.sort))
        journey = version_of(run.journey, run.version)
        waited = run.reached_at - last.reached_at if last and last.reached_at and run.reached_at else timedelta()
        if last and last.node and journey and isinstance(journey.node(last.node), SendNode) and waited > timedelta(hours=20):
            yield f"the run {_of(run)} waited for a day to hear what became of its message at {last.node}"
        before[run.profile, run.sort] = run


def _exit_exists(rest: Rest, run: Enrolment) -> bool:
    journey = version_of(run.journey, run.version)
    leaving = journey.exit if journey else None
    return leaving is not None and any(
        entry.name == leaving.event
        and entry.at >= run.entry_time
        and (rest.has_parted or rest.root(rest.home(entry)) == rest.root(run.profile))
        and (leaving.match is None or str(entry.properties.get(leaving.match, "")) == run.key)
        for entry in rest.counted
    )


def _entries_without_a_run(rest: Rest) -> Iterator[str]:
    """Every event that a journey listens to was looked at by it, and started a run unless something stood in the way."""
    known = {(rest.root(run.profile), run.journey, run.key) for run in rest.world.stores.runs.all()}
    keys = {(journey, key) for _, journey, key in known}
    for name, content in bundle().journeys.items():
        entry_rule = read_journey(content["definition"]).entry
        for entry in rest.counted:
            if entry.name != entry_rule.event:
                continue
            results = rest.world.handled.get((name, *entry.id), set())
            if not results:
                yield f"{name} never looked at its entry event {entry.tag}"
                continue
            key = _key(entry, entry_rule.key)
            if rest.has_parted and (name, key) in keys:
                continue  # it was another run's repeat while they were one person
            if (rest.root(rest.home(entry)), name, key) not in known and not results & _NO_RUN:
                yield f"{name} has no run for its entry event {entry.tag}, which it called {sorted(results)}"


def _key(entry: Entry, path: str | None) -> str:
    return str(entry.properties.get(path, "")) if path else ""


def _messages_of_runs(rest: Rest) -> Iterator[str]:
    """Each message node that a run came to has its entry in the ledger."""
    asked = rest.world.ports["send_queue"].asked
    ends = {(run.profile, run.sort): run.status for run in rest.world.stores.runs.all()}
    for run, node in sorted(_reached(rest), key=lambda pair: (pair[0].profile, pair[0].sort, pair[0].visit)):
        id_ = message_id(run.journey, run.key, run.number, node.id, run.visit, 0)
        ledger = rest.world.stores.ledger
        found = ledger.find(id_, rest.world.stores.identities.together_with(run.profile))
        if not found and rest.has_parted:  # it may lie under whoever they were one person with
            found = [each for each in ledger.all() if each.id == id_]
        was_asked = (run.profile, run.sort, node.id, run.visit) in asked
        if not found and (was_asked or ends[run.profile, run.sort] is Status.COMPLETED):
            yield f"inv 7: the run {_of(run)} came to the message {node.template} and the ledger does not know it"


def _reached(rest: Rest) -> Iterator[tuple[Enrolment, SendNode]]:
    seen: set[tuple[str, str, int]] = set()
    for _, run in rest.world.stores.runs.history:
        journey = version_of(run.journey, run.version)
        node = journey.node(run.node) if journey and run.node else None
        if isinstance(node, SendNode) and (run.profile, run.sort, run.visit) not in seen:
            seen.add((run.profile, run.sort, run.visit))
            yield run, node


def _ledger(rest: Rest) -> Iterator[str]:
    handed = Counter((each.claim.entry.profile, each.claim.entry.id) for each in rest.world.stores.provider.taken if each.claim)
    for entry in rest.world.stores.ledger.all():
        said = f"{entry.template} of {entry.journey} ({entry.id}) for {entry.profile}"
        count = handed[entry.profile, entry.id]
        if entry.is_undecided:
            yield f"inv 7: {said} is still {entry.status} after more than a day"
        if entry.status is Sent.SENT and not count:
            yield f"inv 7: {said} is called sent, and no provider took it"
        if entry.status in (Sent.SKIPPED, Sent.FAILED) and count and entry.reason != "opted_out":
            yield f"inv 7: {said} is called {entry.status} ({entry.reason}), and a provider took it"
        if entry.message_class is MessageClass.MARKETING and count > 1:
            yield f"inv 6: {said} was handed over {count} times"
        if entry.message_class is MessageClass.TRANSACTIONAL and not count and not _is_excused(rest, entry):
            yield f"inv 6: {said} must be sent at least once and never was: {entry.status} ({entry.reason})"
        if entry.status in (Sent.SKIPPED, Sent.FAILED) and not entry.reason:
            yield f"inv 7: {said} is {entry.status} without a reason"
        if entry.reason in _NOT_IN_THIS_BRAND:
            yield f"inv 8: {said} is {entry.status} for {entry.reason}, and every version of this brand is whole"


def _is_excused(rest: Rest, entry: LedgerEntry) -> bool:
    """The network said that the person wants no more, before or after the claim: whoever was to write that down may have died."""
    if rest.has_parted and (_was_taken_apart(rest, entry) or _left_unmerged(rest, entry)):
        return True
    return entry.reason in _NO_FAULT_OF_OURS or rest.world.stores.suppressions.reason(entry.address_id or "") is not None


def _was_taken_apart(rest: Rest, entry: LedgerEntry) -> bool:
    """A claim whose end nobody heard of is not repeated to an address that an operator took from the person since."""
    others = (each for each in rest.world.stores.ledger.all() if each.profile == entry.profile)
    return any(each.reason == "address_taken_apart" for each in others)


def _left_unmerged(rest: Rest, entry: LedgerEntry) -> bool:
    """Nobody asks for a message again whose run has left."""
    return any(run.journey == entry.journey and run.reason == UNMERGED for run in rest.world.stores.runs.all())


def _of(run: Enrolment) -> str:
    return f"{run.journey} {run.key!r} #{run.number} of {run.profile}"


def summary(rest: Rest) -> Mapping[str, Any]:
    """What the run has seen, for whoever asks whether it saw enough."""
    return {
        "statuses": Counter(f"{entry.status} {entry.reason or ''}".strip() for entry in rest.world.stores.ledger.all()),
        "runs": Counter(f"{run.status} {run.reason or ''}".strip() for run in rest.world.stores.runs.all()),
    }
