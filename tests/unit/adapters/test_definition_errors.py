"""What S3's refusals mean to a reader of definitions."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from ariane.adapters.aws.definitions import S3Versions
from ariane.errors import NotFound, Permanent, Retryable


class _Refuses:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_object(self, **_: str) -> Any:
        raise self._error


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetObject")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("NoSuchKey"), NotFound),
        *((refusal(code), Retryable) for code in ("AccessDenied", "403", "ExpiredToken", "SignatureDoesNotMatch", "NoSuchBucket")),
        *((refusal(code), Retryable) for code in ("SlowDown", "InternalError", "ServiceUnavailable", "503")),
        (ConnectTimeoutError(endpoint_url="x"), Retryable),
        (refusal("InvalidRequest"), Permanent),
    ],
)
def test_only_a_missing_object_is_missing(error: Exception, kind: type[Exception]) -> None:
    client: Any = _Refuses(error)

    with pytest.raises(kind):
        S3Versions(client, bucket="b").journey("cart", "v1")
