"""A run, readable: a line for each thing that happened, in the order of the stores."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from ariane.events.model import LogItem
from ariane.identity.epochs import later_self
from ariane.identity.model import Split, Transition
from ariane.identity.rules import Identifier
from ariane.journeys.enrolment import Enrolment
from ariane.messaging.ledger import Claim
from ariane.messaging.model import LedgerEntry
from ariane.messaging.senders import Email, Sms
from ariane.privacy.consents import ConsentDecision
from ariane.profiles.announcing import Fact
from tests.faults.audit import Rest
from tests.faults.model import identifiers_in
from tests.faults.scheduler import Line
from tests.faults.shim import Call
from tests.faults.simulator import Report

_QUIET = frozenset({"begins", "ends"})


def trace_of(report: Report) -> Iterator[str]:
    """The script, what happened, and what was missed."""
    yield f"{report.case}: {report.case.options.name}"
    yield from (str(sending) for sending in report.case.script())
    names = _names(report)
    for line in report.world.scheduler.lines:
        if line.what not in _QUIET:
            yield _renamed(_line(line), names)
    yield from (_renamed(f"MISSED {problem}", names) for problem in report.problems)


def _line(line: Line) -> str:
    return f"{line.at:%d %H:%M:%S.%f}"[:-3] + f"  {line.worker or '-':<12} {line.what} {_said(line.detail)}".rstrip()


def _said(detail: Any) -> str:
    if detail is None:
        return ""
    if isinstance(detail, list | tuple):
        return ", ".join(map(_said, detail))
    return next((show(detail) for kind, show in _SHOWN.items() if isinstance(detail, kind)), str(detail))


def _entry(entry: LedgerEntry) -> str:
    return f"{entry.template} of {entry.journey} for {entry.profile} ({entry.id}) {entry.reason or ''}"


def _run(run: Enrolment) -> str:
    return f"{run.journey} {run.key!r} #{run.number} of {run.profile}: {run.status} at {run.node}, due {run.due}"


def _decision(decision: ConsentDecision) -> str:
    said = f"{decision.topic} by {decision.channel} at {decision.at:%H:%M:%S.%f} for {decision.person_id}"
    return f"{said} at large" if decision.is_person_wide else said


def _ids(item: LogItem) -> str:
    return f"{item.source} " + " ".join(str(message["messageId"]) for message in item.messages)


def _fact(fact: Fact) -> str:
    detail: Mapping[str, Any] = fact.detail
    if fact.kind == "Event":
        return f"{detail['event']} {detail['messageId']}"
    if "segment" in detail:
        return f"{fact.kind} {detail['segment']} {detail['profile']} at {detail['at']}"
    if "to" in detail:
        return f"{fact.kind} {detail['profile']} from {detail['from']} to {detail['to']}"
    return f"{fact.kind} from {detail['from']} into {detail['into']}{' rehomed ' + str(detail['rehomed']) if 'rehomed' in detail else ''}"


_SHOWN: Mapping[type, Callable[[Any], str]] = {
    Call: lambda call: f"{call.port}.{call.method}",
    LogItem: lambda item: f"{_ids(item)} of {item.person_id} at {item.sort}",
    Fact: lambda fact: _fact(fact),
    Transition: lambda transition: _transition(transition),
    Split: lambda split: f"{split.id}: {_those(split.left)} from {_those(split.right)}, events to {split.events_to}",
    Enrolment: _run,
    Claim: lambda claim: _entry(claim.entry),
    LedgerEntry: _entry,
    ConsentDecision: _decision,
    Email: lambda email: f"{email.subject!r} to {email.to}",
    Sms: lambda sms: f"{sms.text.splitlines()[0]!r} to {sms.to}",
}


def _transition(transition: Transition) -> str:
    said = [f"{', '.join(merged.absorbed)} into {merged.into}" for merged in transition.merged]
    said += [f"{', '.join(parted.parts)} out of {parted.origin}" for parted in transition.parted]
    said += [f"refold {', '.join(transition.refold)}"] if transition.refold else []
    return "; ".join([*said, *([f"waits: {transition.quarantined}"] if transition.quarantined else [])])


def _those(identifiers: Collection[Identifier]) -> str:
    return " ".join(sorted(map(str, identifiers)))


def _names(report: Report) -> Sequence[tuple[str, str]]:
    """Person ids as people know them."""
    rest = Rest(report.world, report.told)
    texts = {identifier for entry in rest.entries for identifier in identifiers_in(entry)}
    later = [(rest.id_of(str(later_self(Identifier.parse(text)))), f"<{text} later>") for text in sorted(texts)]
    return [*((rest.id_of(text), f"<{text}>") for text in sorted(texts)), *later]


def _renamed(text: str, names: Sequence[tuple[str, str]]) -> str:
    for id_, name in names:
        text = text.replace(id_, name)
    return text
