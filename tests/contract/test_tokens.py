"""API tokens: memory and DynamoDB."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from ariane.access import tokens
from ariane.access.hashing import hash_of
from ariane.access.tokens import TokenStore
from ariane.adapters.aws.tokens import DynamoTokens
from ariane.adapters.memory.tokens import MemoryTokens
from ariane.errors import Conflict, NotFound, Rejected
from tests.builders.moto_endpoint import REGION, make_table
from tests.builders.profiles import NOON


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[TokenStore]:
    if request.param == "memory":
        yield MemoryTokens()
        return
    with mock_aws():
        make_table("access")
        yield DynamoTokens(boto3.client("dynamodb", region_name=REGION), table="access")


def make(store: TokenStore, name: str, *scopes: str, secret: str = "s") -> str:
    return tokens.create(store, name, scopes, clock=lambda: NOON, new_secret=lambda: secret)


def test_a_token_is_known_by_its_hash_with_its_scopes(store: TokenStore) -> None:
    token = make(store, "till", "messages:read", "profiles:read", secret="s-and-more")
    stored = store.token(hash_of(token))
    assert stored is not None
    assert (stored.name, stored.scopes, stored.hint, stored.created_at) == ("till", ("profiles:read", "messages:read"), "tok_s-an", NOON)
    assert token not in str(stored)
    assert store.token(hash_of("tok_other")) is None


def test_a_revoked_token_stays_listed_and_revoking_again_is_fine(store: TokenStore) -> None:
    token = make(store, "b", "*", secret="1")
    make(store, "a", "*", secret="2")
    tokens.revoke(store, token)
    tokens.revoke(store, hash_of(token))
    assert [(each.name, each.is_revoked) for each in tokens.list_tokens(store)] == [("a", False), ("b", True)]
    assert tokens.authenticate(store, f"Bearer {token}") is None


def test_a_secret_is_never_given_twice(store: TokenStore) -> None:
    make(store, "a", "*")
    with pytest.raises(Conflict):
        make(store, "b", "*")


def test_an_unknown_token_cannot_be_revoked(store: TokenStore) -> None:
    with pytest.raises(NotFound):
        tokens.revoke(store, "tok_nobody")


@pytest.mark.parametrize("scopes", [[], ["profiles:erase"], ["profiles:read", "everything"]])
def test_a_token_has_at_least_one_scope_and_only_known_ones(store: TokenStore, scopes: list[str]) -> None:
    with pytest.raises(Rejected):
        make(store, "a", *scopes)
    assert list(store.tokens()) == []
