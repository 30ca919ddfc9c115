import json

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from ariane.events.front import front_proof
from cli import front
from cli.deployment import Deployment
from cli.main import app
from tests.builders.moto_endpoint import REGION


def test_a_cdn_of_ones_own_is_told_the_header_that_the_collector_believes(monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        session = boto3.Session(region_name=REGION)
        session.client("ssm").put_parameter(Name="/ariane/prod/link-signing-key", Value="the-key", Type="SecureString")
        monkeypatch.setattr(front, "find", lambda stage: Deployment(stage=stage or "", open_session=lambda: session))
        plain = CliRunner().invoke(app, ["front", "header", "--stage", "prod"])
        as_json = CliRunner().invoke(app, ["front", "header", "--stage", "prod", "--json"])

    assert plain.stdout.strip() == f"x-ariane-front: {front_proof(b'the-key')}"
    assert json.loads(as_json.stdout) == {"x-ariane-front": front_proof(b"the-key")}
