"""Every method of every port has its row: who adds a port says what may happen to it."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from typing import is_protocol

import pytest

import ariane
from tests.faults.contracts import PORTS, legal

NO_PORTS = {
    "Clock": "a function of the machine, skewed by Faults.clock",
    "Enrolled": "the shape of a value, not of a service",
    "Run": "the shape of a value, not of a service",
    "RecordStitcher": "stitching itself, whose ports have their rows",
    "ItemLinks": "linking itself, whose ports have their rows",
    "Course": "a terminal's progress and a pace",
    "View": "the shape of a value, not of a service",
    "Facts": "the shape of a value, not of a service",
    "Person": "asking itself, whose ports have their rows",
    "Directory": "reading itself, whose ports have their rows",
    "Each": "map, or as it some at a time",
    "Segments": "the shape of a value, not of a service",
    "Completer": "refolding itself, whose ports have their rows",
    "Evaluate": "evaluating itself, whose ports have their rows",
}
"""Protocols that are none, and why."""

NAMES: Mapping[str, str] = {
    "EventLog": "log",
    "EventHistory": "log",
    "LogReader": "log",
    "LogItems": "log",
    "Log": "log",
    "Items": "log",
    "History": "log",
    "LakeStore": "lake",
    "LandQueue": "land_queue",
    "BackfillState": "lake_backfill",
    "LogPages": "log_pages",
    "Overflow": "overflow",
    "Drain": "drain",
    "RejectStore": "rejects",
    "RejectHistory": "rejects",
    "RejectWriter": "rejects",
    "RejectReader": "rejects",
    "Parking": "parking",
    "UnreadableParking": "parking",
    "KeyParking": "parking",
    "UsageStore": "usage",
    "Journal": "journal",
    "RejectCounter": "reject_counter",
    "Meter": "meter",
    "AccessReader": "access",
    "WriteKeyStore": "access",
    "TokenReader": "tokens",
    "TokenStore": "tokens",
    "SecretParameters": "parameters",
    "Heads": "identities",
    "Members": "identities",
    "IdentityStore": "identities",
    "EvidenceReader": "identities",
    "BackgroundStore": "identities",
    "ChangeStore": "identities",
    "MarkedStore": "identities",
    "Runs": "runs",
    "IdentityReader": "identities",
    "IdentityScan": "identity_scan",
    "LogScan": "log_scan",
    "ReplayStates": "replay_states",
    "Originals": "originals",
    "ImportStore": "imports",
    "Uploads": "uploads",
    "Reports": "reports",
    "ObjectStore": "objects",
    "ImportQueue": "import_queue",
    "EvaluateQueue": "evaluate_queue",
    "MembershipRows": "segment_rows",
    "EvaluatedRows": "segment_rows",
    "DueRows": "segment_rows",
    "SegmentMembers": "segment_rows",
    "Counts": "segment_counts",
    "Backfills": "backfills",
    "PeopleScan": "people_scan",
    "FragmentHomes": "fragments",
    "SplitWriter": "splits",
    "Consequences": "consequences",
    "FragmentReader": "fragments",
    "BundleReader": "fragments",
    "ReadFragments": "fragments",
    "Waker": "fragments",
    "Bundles": "fragments",
    "Fragments": "fragments",
    "ConsentStore": "consents",
    "Consents": "consents",
    "ConsentReader": "consents",
    "Announcer": "announcer",
    "Profiles": "profiles",
    "ProfileReader": "profiles",
    "Homes": "homes",
    "Holdings": "holdings",
    "People": "identities",
    "Definitions": "definitions",
    "DocumentReader": "definitions",
    "VersionReader": "definitions",
    "JourneyDefinitions": "definitions",
    "DocumentStore": "documents",
    "PointerStore": "pointers",
    "VersionWriter": "versions",
    "EnrolmentStore": "runs",
    "Enrolments": "runs",
    "DueIndex": "runs",
    "JourneyQueue": "journey_queue",
    "Outcomes": "journey_queue",
    "ReplayQueue": "replay_queue",
    "LinkQueue": "replay_queue",
    "BackgroundQueue": "background_queue",
    "SendQueue": "send_queue",
    "Ledger": "ledger",
    "LedgerReader": "ledger",
    "Suppressions": "suppressions",
    "EmailSender": "emails",
    "SmsSender": "texts",
    "Memberships": "segment_rows",
    "Asks": "segment_counts",
    "AudienceFiles": "audience_files",
}
"""The port that each protocol is a view of."""


def protocols() -> Iterator[type]:
    for module in pkgutil.walk_packages(ariane.__path__, "ariane."):
        if module.name.startswith(("ariane.adapters", "ariane.wiring")):
            continue
        members = vars(importlib.import_module(module.name)).values()
        yield from (each for each in members if inspect.isclass(each) and is_protocol(each) and each.__module__ == module.name)


def methods(protocol: type) -> list[str]:
    return [name for name, member in inspect.getmembers(protocol, inspect.isfunction) if not name.startswith("_")]


FOUND = {f"{protocol.__module__}.{protocol.__name__}": protocol for protocol in protocols()}


def test_the_ports_are_found() -> None:
    assert len(FOUND) > 40


@pytest.mark.parametrize("name", sorted(FOUND))
def test_every_method_of_every_port_says_which_faults_it_may_have(name: str) -> None:
    protocol = FOUND[name]
    if protocol.__name__ in NO_PORTS:
        return
    assert protocol.__name__ in NAMES, f"{name} is a port without a row in tests/faults/contracts.py"
    rows = PORTS[NAMES[protocol.__name__]]
    missing = [method for method in methods(protocol) if method not in rows]
    assert not missing, f"{name}: no row in tests/faults/contracts.py for {', '.join(missing)}"


def test_no_row_is_of_a_method_that_is_gone() -> None:
    known = {(NAMES[each.__name__], method) for each in FOUND.values() if each.__name__ in NAMES for method in methods(each)}
    rows = {(port, method) for port, methods in PORTS.items() for method in methods if method != "__call__" and port != "slim_client"}
    assert rows - known == set()


def test_a_port_goes_by_the_name_of_what_it_is_used_for() -> None:
    assert legal("history", "page") == legal("log", "page")
    assert legal("outcomes", "report") == legal("journey_queue", "report")
