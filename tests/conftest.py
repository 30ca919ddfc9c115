"""No test reaches a real AWS account, whatever the machine's own profile."""

import os

import pytest

_OWN = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "ARIANE_STAGE", "ARIANE_HOME", "ARIANE_API_TOKEN")


@pytest.fixture(scope="session", autouse=True)
def _no_real_account() -> None:
    for name in _OWN:
        os.environ.pop(name, None)
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION="eu-west-3",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
