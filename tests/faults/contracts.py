"""Which fault is legal where: a row for each method of each port, as the port's contract has it. A fault that a contract excludes proves
nothing; one that it allows and no test causes is one that production causes first."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """Classes of behaviour of what is behind a port."""

    FAIL = "fails before"
    """Retryable, and nothing was done."""
    LOST = "lost acknowledgement"
    """It was done, and then Retryable; from a provider OutcomeUnknown: who called cannot know."""
    THROTTLE = "throttled"
    """Retryable, this time and the next few times, with nothing done."""
    PARTIAL = "partial answer"
    """Of a batch a part was done, and then Retryable; of a page the end is left out, and its cursor goes on there."""
    STALE = "stale read"
    """As it was before the last few writes."""
    DUPLICATE = "done twice"
    """By a queue or a bus that delivers at least once; or by a client that lost the answer and repeats the call: the last answer counts."""
    REORDER = "reordered"
    """The members of a batch, or of an answer that has no order, in another order."""
    KILL_BEFORE = "killed before"
    KILL_AFTER = "killed after"
    """The process ended; who called sees nothing any more."""


_KILL = frozenset({Kind.KILL_BEFORE, Kind.KILL_AFTER})
READ = frozenset({Kind.FAIL, Kind.THROTTLE}) | _KILL
"""Sees every write committed before the call. A read whose answer is lost is one that failed."""
WRITE = READ | {Kind.LOST}
"""One that its client may not repeat blindly, or whose repeat has the first one's answer (a transaction with its token)."""
REPEATED = WRITE | {Kind.DUPLICATE}
"""A write that its client repeats by itself when the answer is lost. A conditional one then finds its own first attempt in the way."""
QUEUE = REPEATED
"""Delivers at least once."""
BATCH = REPEATED | {Kind.PARTIAL, Kind.REORDER}
UNORDERED = READ | {Kind.REORDER}
INDEX = READ | {Kind.STALE}
"""Lags behind the last writes by a moment."""
ALWAYS = _KILL
"""Never fails."""

PORTS: Mapping[str, Mapping[str, frozenset[Kind]]] = {
    "log": {
        "append": REPEATED,
        "get": READ,
        "page": INDEX | {Kind.PARTIAL},
        "mark_duplicates": REPEATED,
        "scan": READ,
        "mark_refolded": REPEATED,
    },
    "overflow": {"put": QUEUE},
    "drain": {"drain": REPEATED},
    "rejects": {"put": BATCH, "of_day": INDEX, "get": READ, "mark_retried": REPEATED, "counts": READ},
    "reject_counter": {"add": REPEATED},
    "parking": {"park": REPEATED, "park_unreadable": REPEATED, "park_unreadable_key": REPEATED},
    "usage": {"add": REPEATED},
    "meter": {"count": ALWAYS},
    "journal": {"warn": ALWAYS},
    "access": {"source_name": READ, "collect_document": READ, "add": REPEATED, "all": UNORDERED, "revoke": REPEATED},
    "tokens": {"token": READ, "add_token": REPEATED, "tokens": UNORDERED, "revoke_token": REPEATED},
    "parameters": {"create": REPEATED, "read": READ},
    "identities": {
        "heads": READ,
        "members": READ,
        "assertion": READ,
        "assertions_under": READ,
        "clusters": READ,
        "entries": UNORDERED,
        "splits": READ,
        "transition": READ,
        "history_under": READ,
        "mark_refolded": REPEATED,
        "refolded": READ,
        "commit": REPEATED,
    },
    "fragments": {
        "load": READ,
        "load_routed": READ,
        "homes_of": READ,
        "add_home": REPEATED,
        "save": REPEATED,
        "bundles": READ,
        "put": REPEATED,
        "dissolve": REPEATED,
    },
    "consents": {"record": REPEATED, "adopt": REPEATED, "release": REPEATED, "states": UNORDERED, "concerning": UNORDERED},
    "announcer": {"publish": BATCH},
    "profiles": {"snapshot": READ, "brief": READ, "are_one": READ, "find": READ, "find_brief": READ},
    "holdings": {"held": UNORDERED},
    "homes": {"home": READ, "at_entry": READ, "of": READ},
    "definitions": {"__call__": READ, "document": READ, "live": READ, "journey": READ},
    "documents": {"stored": READ, "put": REPEATED},
    "pointers": {"live": READ, "point": REPEATED},
    "versions": {"put": REPEATED},
    "runs": {"create": REPEATED, "save": REPEATED, "get": READ, "runs": UNORDERED, "due": INDEX},
    "journey_queue": {"wake": BATCH, "report": QUEUE},
    "replay_queue": {"put": BATCH, "link_later": QUEUE},
    "background_queue": {"put": BATCH},
    "send_queue": {"ask": QUEUE},
    "ledger": {
        "find": UNORDERED,
        "claim": WRITE,
        "skip": REPEATED,
        "move": REPEATED,
        "entries_of": READ,
        "unsettled": INDEX,
    },
    "suppressions": {"suppress": REPEATED, "reason": READ},
    "evaluate_queue": {"put": BATCH},
    "audience_files": {"find": READ, "put": REPEATED},
    "lake": {"put": REPEATED},
    "lake_backfill": {"load": READ, "save": REPEATED},
    "log_pages": {"pages": READ},
    "land_queue": {"put": BATCH},
    "segment_rows": {
        "load": READ,
        "commit": REPEATED,
        "announced": REPEATED,
        "due": INDEX,
        "members": READ,
        "count": INDEX,
    },
    "backfills": {"create": REPEATED, "find": READ, "latest": READ, "parts": READ, "save": REPEATED},
    "people_scan": {"page": READ, "with_fragment": READ},
    "segment_counts": {"is_asked": READ, "mark_asked": REPEATED, "keep": REPEATED, "counts": READ},
    "emails": {"send": WRITE},
    "texts": {"send": WRITE},
    "slim_client": {"call": REPEATED},
    "identity_scan": {"everything": UNORDERED},
    "log_scan": {"items": UNORDERED},
    "replay_states": {
        "latest": READ,
        "save": REPEATED,
        "partitions": READ,
        "save_partitions": REPEATED,
        "applied": READ,
        "save_applied": REPEATED,
    },
    "originals": {"kept": UNORDERED, "keep": REPEATED},
    "splits": {"rewrite": REPEATED},
    "imports": {"create": REPEATED, "save": REPEATED, "get": READ, "all": UNORDERED},
    "uploads": {"link": ALWAYS, "find": READ, "read": READ},
    "reports": {"put": REPEATED, "part": READ, "publish": WRITE, "link": ALWAYS},
    "objects": {"put": REPEATED, "get": READ, "page": UNORDERED},
    "import_queue": {"put": QUEUE},
    "consequences": {"announce": BATCH, "refold": REPEATED},
}

ALIASES: Mapping[str, str] = {"history": "log", "enrolments": "runs", "due": "runs", "outcomes": "journey_queue"}
"""Other names that a port goes by where it is used for a part of what it can do."""

PROVIDERS = frozenset({"emails", "texts"})


def legal(port: str, method: str) -> frozenset[Kind]:
    """Raises KeyError for a method that no row speaks of."""
    return PORTS[ALIASES.get(port, port)][method]


def lags(port: str) -> bool:
    return any(Kind.STALE in kinds for kinds in PORTS[ALIASES.get(port, port)].values())
