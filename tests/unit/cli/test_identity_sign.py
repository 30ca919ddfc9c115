import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from ariane.identity.signatures import verdict
from cli import identity
from cli.deployment import Deployment
from cli.failures import CommandFailed
from cli.main import app
from tests.builders.moto_endpoint import REGION


@pytest.fixture(autouse=True)
def prod(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with mock_aws():
        session = boto3.Session(region_name=REGION)
        session.client("ssm").put_parameter(Name="/ariane/prod/identity-signing-key", Value="the-key", Type="SecureString")
        monkeypatch.setattr(identity, "find", lambda stage: Deployment(stage=stage or "", open_session=lambda: session))
        yield


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["identity", "sign", *arguments, "--stage", "prod"])


def holds(signed: str, message: dict[str, str], *, after: int = 0) -> bool:
    return verdict(signed, b"the-key", message, at=datetime.fromtimestamp(time.time() + after, UTC)) == {"verified": True}


def test_a_signature_is_made_with_the_deployments_key() -> None:
    signed = run("--user-id", "u42", "--anonymous-id", "a1").stdout.strip()

    assert holds(signed, {"userId": "u42", "anonymousId": "a1"}, after=3_500)
    assert not holds(signed, {"userId": "u42", "anonymousId": "a1"}, after=3_700)


def test_it_lasts_as_long_as_is_said_and_may_be_told_as_json() -> None:
    told = json.loads(run("--user-id", "u42", "--valid", "7d", "--json").stdout)

    assert holds(told["signature"], {"userId": "u42"}, after=6 * 86_400)
    assert told["expires_at"].endswith("Z")


@pytest.mark.parametrize("arguments", [["--valid", "soon"], ["--valid", "0h"], ["--valid", "9999d"], ["--anonymous-id", "a\n1"]])
def test_what_cannot_be_signed_is_said(arguments: list[str]) -> None:
    assert isinstance(run("--user-id", "u42", *arguments).exception, CommandFailed)
