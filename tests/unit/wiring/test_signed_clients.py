import pytest

from ariane.adapters.aws.signed_client import DYNAMODB, SQS, Protocol
from ariane.wiring.signed_clients import endpoint_of, signed_client

ENVIRONMENT = {"AWS_REGION": "eu-west-3", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@pytest.mark.parametrize(
    ("protocol", "extra", "endpoint"),
    [
        (DYNAMODB, {}, "https://dynamodb.eu-west-3.amazonaws.com"),
        (DYNAMODB, {"AWS_REGION": "cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        (SQS, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566"),
        (SQS, {"AWS_ENDPOINT_URL": "http://one", "AWS_ENDPOINT_URL_SQS": "http://two"}, "http://two"),
        (SQS, {"AWS_ENDPOINT_URL": "http://one", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "https://sqs.eu-west-3.amazonaws.com"),
    ],
)
def test_endpoints_are_those_that_boto3_would_use(protocol: Protocol, extra: dict[str, str], endpoint: str) -> None:
    environment = ENVIRONMENT | extra

    assert endpoint_of(protocol.service, environment["AWS_REGION"], environment) == endpoint


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        signed_client(DYNAMODB, {key: value for key, value in ENVIRONMENT.items() if key != name})


def test_the_default_region_serves_where_no_region_is_set() -> None:
    environment = {**ENVIRONMENT, "AWS_DEFAULT_REGION": "eu-west-1"}
    del environment["AWS_REGION"]

    assert signed_client(DYNAMODB, environment)
