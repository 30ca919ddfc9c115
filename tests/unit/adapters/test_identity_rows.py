"""The rows of identities: small, and a conflict is told from what may work later."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.items.identities import assertion_item, head_item
from ariane.adapters.aws.items.identity_changes import history_item
from ariane.errors import ArianeError, Conflict, Permanent, Retryable
from ariane.identity.commits import Commit
from ariane.identity.model import Evidence, Head, Merged, Summary, Transition
from cli.bench.units import KB, item_size
from tests.builders.identity import assertion, head
from tests.builders.moto_endpoint import REGION
from tests.builders.profiles import NOON, prs

UUID = "0f3b6a52-8d1e-4c57-9a34-5be1f00c7d21"
COUNTS = {"user_id": 1, "email": 2, "phone": 1, "anonymous_id": 6, "device_id": 2, "loyalty_card": 1}
LAST = (True, "2026-11-22T12:30:15.123Z", "web-shop", UUID, "0123456789abcdef", "e" * 32)
ROOT = replace(
    head("email:jeanne.moreau.dupont@example-mail.fr", version=12, children=12, is_identified=True),
    evidence=Evidence(accounts={"0a1b2c3d4e5f": NOON, "1a1b2c3d4e5f": NOON}, is_protected=True, seen_at=NOON),
    summary=Summary(counts=COUNTS, is_identified=True),
    last=LAST,
)
CAUSE = f"{prs('user_id:a')}/2026-11-22T12:30:15.123Z#0123456789abcdef/3"


def _hub() -> Head:
    accounts = {f"{number:012x}": NOON + timedelta(days=number) for number in range(21)}
    return replace(head("email:noreply@shop.example"), evidence=Evidence(accounts=accounts))


def _crowded() -> Head:
    """Of a limit over a window, as many values as one person may have."""
    instants = tuple(1_795_000_000_000 + number * 25_200_000 + number**2 for number in range(200))
    return replace(ROOT, summary=Summary(counts=COUNTS, sightings={"device_id": instants}), evidence=Evidence(), last=None)


@pytest.mark.parametrize(
    ("item", "most"),
    [
        (head_item(ROOT), 400),
        (head_item(replace(head(f"anonymous_id:{UUID}"), parent=ROOT.person_id, evidence=Evidence(accounts={"0a1b2c3d4e5f": NOON}))), 200),
        (head_item(_hub()), KB),
        (head_item(_crowded()), KB),
        (assertion_item(ROOT.person_id, assertion("user_id:customer-1", "email:jeanne@example.fr", f"anonymous_id:{UUID}")), 400),
        (
            history_item(
                ROOT.person_id,
                Transition(cause=CAUSE, at=NOON, merged=(Merged(into=prs("email:b"), absorbed=(prs("email:a"),), cause=CAUSE, at=NOON),)),
            ),
            300,
        ),
    ],
    ids=["root", "member", "hub", "crowded", "assertion", "transition"],
)
def test_what_an_event_writes_of_an_identity_is_one_unit_each(item: Mapping[str, Any], most: int) -> None:
    assert item_size(item) <= most


REFUSED = [
    ("ConditionalCheckFailed", Conflict),
    ("TransactionConflict", Conflict),
    ("ThrottlingError", Retryable),
    ("ProvisionedThroughputExceeded", Retryable),
    ("ItemCollectionSizeLimitExceeded", Permanent),
]


@pytest.mark.parametrize(("reason", "error"), REFUSED)
def test_a_cancelled_transaction_says_who_is_to_decide_again(reason: str, error: type[ArianeError]) -> None:
    client = boto3.client("dynamodb", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        reasons = [{"Code": "None"}, {"Code": reason}]
        stub.add_client_error(
            "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": reasons}, http_status_code=400
        )
        with pytest.raises(error):
            DynamoIdentities(client, table="identities").commit(Commit(heads=(head("user_id:a"), head("user_id:b"))))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ConditionalCheckFailedException", Conflict),
        ("TransactionConflictException", Conflict),
        ("ThrottlingException", Retryable),
        ("ValidationException", Permanent),
    ],
)
def test_a_write_of_one_row_says_so_too(code: str, error: type[ArianeError]) -> None:
    client = boto3.client("dynamodb", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        stub.add_client_error("put_item", code, http_status_code=400)
        with pytest.raises(error):
            DynamoIdentities(client, table="identities").commit(Commit(heads=(head("user_id:a"),)))
