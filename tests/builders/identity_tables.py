"""The identities' store of either kind, with consents that raise its heads' versions, and what is written of identities at once."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import boto3
from moto import mock_aws

from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.memory.consents import MemoryConsents
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.identity.commits import Child, Commit, IdentityStore
from ariane.identity.model import Head, Merged, Transition
from ariane.privacy.consents import ConsentDecision
from tests.builders.identity import assertion, head
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON, prs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KINDS = ("memory", "dynamodb")


class Identities(IdentityStore, Protocol):
    def history_under(self, person_id: str) -> Sequence[Transition]: ...

    def mark_refolded(self, partition: str, cause: str) -> None: ...

    def refolded(self, partitions: Collection[str], cause: str) -> Collection[str]: ...


class Decide(Protocol):
    """A consent decision about the person of this root."""

    def __call__(self, root: str) -> None: ...


@dataclass(frozen=True, slots=True)
class IdentityTable:
    store: Identities
    decide: Decide


@contextmanager
def identity_table(kind: str) -> Iterator[IdentityTable]:
    if kind == "memory":
        memory = MemoryIdentities()
        consents = MemoryConsents(memory)
        yield IdentityTable(memory, lambda root: consents.record(_decision(root), root_id=root))
        return
    with mock_aws():
        make_table("identities")
        make_table("privacy")
        yield on_dynamodb(boto3.client("dynamodb", region_name=REGION), identities="identities", privacy="privacy")


def on_dynamodb(client: "DynamoDBClient", *, identities: str, privacy: str) -> IdentityTable:
    consents = DynamoConsents(client, privacy_table=privacy, identities_table=identities)
    return IdentityTable(DynamoIdentities(client, table=identities), lambda root: consents.record(_decision(root), root_id=root))


def _decision(root: str) -> ConsentDecision:
    return ConsentDecision(person_id=root, topic="offers", channel="email", granted=True, at=NOON, source="web", message_id="m1")


def below(text: str, parent: str) -> Head:
    return replace(head(text), parent=prs(parent))


def union(into: str, *others: str, cause: str = "pk/sk/0") -> Commit:
    """``others``, whom nobody has seen yet, join ``into``."""
    merged = Merged(into=prs(into), absorbed=tuple(map(prs, others)), cause=cause, at=NOON)
    return Commit(
        heads=(head(into, children=len(others)), *(below(each, into) for each in others)),
        joined=tuple(Child(prs(into), prs(each), each) for each in others),
        assertions=((prs(into), assertion(into, *others)),),
        transition=(prs(into), Transition(cause=cause, at=NOON, merged=(merged,))),
    )
