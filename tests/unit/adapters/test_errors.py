"""What DynamoDB's errors mean for the caller."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from ariane.adapters.aws.errors import translated
from ariane.errors import Permanent, Retryable


def client_error(code: str, *, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetItem")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("500", 500),
        ("503", 503),
        ("502", 502),
        ("", 500),
        ("InternalFailure", 500),
        ("InternalFailure", 400),
        ("ValidationException", 500),
        ("SomethingNew", 503),
        ("408", 408),
        ("ThrottlingException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("AccessDeniedException", 400),
        ("ResourceNotFoundException", 400),
    ],
)
def test_a_fault_of_the_service_and_what_people_can_mend_may_work_later(code: str, status: int) -> None:
    assert isinstance(translated(client_error(code, status=status)), Retryable)


@pytest.mark.parametrize("code", ["ValidationException", "ItemCollectionSizeLimitExceededException", "TransactionCanceledException"])
def test_a_request_that_is_wrong_stays_wrong(code: str) -> None:
    assert isinstance(translated(client_error(code)), Permanent)


def test_an_error_without_a_status_is_judged_by_its_code() -> None:
    assert isinstance(translated(ClientError({"Error": {"Code": "ValidationException"}}, "PutItem")), Permanent)
    assert isinstance(translated(ClientError({"Error": {"Code": "503"}}, "PutItem")), Retryable)


def test_a_table_out_of_reach_may_be_reached_later() -> None:
    assert isinstance(translated(ConnectTimeoutError(endpoint_url="https://dynamodb")), Retryable)
