"""Shared devices, hubs, protected contacts and first sightings, each from the earliest assertions alone.

One identifier's share is ``Evidence``, small enough to lie in its head: so what the reference computes from all assertions at once, the
online resolution keeps up to date assertion by assertion, in any order.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ariane.identity.epochs import Facts
from ariane.identity.model import Assertion, Evidence
from ariane.identity.rules import Identifier, Rules


@dataclass(frozen=True, slots=True)
class Witness:
    """What one assertion says about one of its identifiers, beyond linking it."""

    uniques: Mapping[str, str]
    """Mark of an account -> ``namespace:value``."""
    at: datetime
    is_trusted: bool


def witness_of(assertion: Assertion, rules: Rules) -> Witness:
    values = {account_mark(each): str(each) for each in assertion.identifiers if rules.is_identified(each)}
    return Witness(values, assertion.at, assertion.is_trusted)


def account_mark(identifier: Identifier) -> str:
    """Of a value of a unique namespace: 12 hex characters, enough to tell a handful apart."""
    return hashlib.sha256(str(identifier).encode()).hexdigest()[:12]


def learn(evidence: Evidence, identifier: Identifier, witness: Witness, rules: Rules) -> Evidence:
    """``evidence`` about ``identifier`` with one more assertion in it. Commutative, associative and idempotent."""
    namespace = rules.namespaces.get(identifier.namespace)
    if namespace is None:
        return evidence
    if namespace.is_device:
        accounts = _two_earliest(evidence.accounts, witness)
        names = {mark: text for mark, text in {**evidence.names, **witness.uniques}.items() if mark in accounts}
        evidence = replace(evidence, accounts=accounts, names=names)
    elif not namespace.is_unique:
        evidence = replace(evidence, accounts=_up_to(evidence.accounts, witness, rules.spread + 1))
        is_protected = witness.is_trusted and identifier.namespace in rules.protect
        evidence = replace(evidence, is_protected=evidence.is_protected or is_protected)
    if namespace.limit is not None and namespace.limit.within_seconds is not None:
        seen = witness.at if evidence.seen_at is None else min(evidence.seen_at, witness.at)
        evidence = replace(evidence, seen_at=seen)
    return evidence


def is_noted(identifier: Identifier, rules: Rules, *, is_trusted: bool) -> bool:
    """Whether even an event that names nobody else says something about this identifier, and is to be stored as an assertion."""
    namespace = rules.namespaces.get(identifier.namespace)
    if namespace is None:
        return False
    is_windowed = namespace.limit is not None and namespace.limit.within_seconds is not None
    return is_windowed or (is_trusted and identifier.namespace in rules.protect)


def facts_of(evidence: Mapping[Identifier, Evidence], rules: Rules) -> Facts:
    shared, sightings = {}, {}
    hubs, protected = set(), set()
    for identifier, known in evidence.items():
        namespace = rules.namespaces.get(identifier.namespace)
        if namespace is None:
            continue
        if namespace.is_device and len(known.accounts) > 1:
            shared[identifier] = sorted(known.accounts.values())[1]
        if not namespace.is_device and not namespace.is_unique and len(known.accounts) > rules.spread:
            hubs.add(identifier)
        if known.is_protected and identifier.namespace in rules.protect:
            protected.add(identifier)
        if known.seen_at is not None:
            sightings[identifier] = known.seen_at
    return Facts(shared_since=shared, hubs=frozenset(hubs), protected=frozenset(protected), sightings=sightings)


def evidence_of(assertions: Iterable[Assertion], rules: Rules) -> dict[Identifier, Evidence]:
    """Of all assertions at once."""
    found: dict[Identifier, Evidence] = {}
    for assertion in assertions:
        witness = witness_of(assertion, rules)
        for identifier in assertion.identifiers:
            found[identifier] = learn(found.get(identifier, _NOTHING), identifier, witness, rules)
    return found


_NOTHING = Evidence()


def _two_earliest(accounts: Mapping[str, datetime], witness: Witness) -> Mapping[str, datetime]:
    """The second-earliest first appearance is all that matters; of two at one instant the smaller mark stays."""
    found = _with(accounts, witness)
    kept = sorted(found.items(), key=lambda pair: (pair[1], pair[0]))[:2]
    return dict(kept)


def _up_to(accounts: Mapping[str, datetime], witness: Witness, most: int) -> Mapping[str, datetime]:
    """More than ``spread`` is a hub for good: nothing more needs to be known. The smallest marks stay, whatever the order."""
    found = _with(accounts, witness)
    return {mark: found[mark] for mark in sorted(found)[:most]}


def _with(accounts: Mapping[str, datetime], witness: Witness) -> dict[str, datetime]:
    found = dict(accounts)
    for mark in witness.uniques:
        found[mark] = min(found.get(mark, witness.at), witness.at)
    return found
