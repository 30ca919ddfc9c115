"""The answer to CloudFormation: always given, whatever happened; and publish and setup through their handlers."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from ariane.adapters.aws.custom_resource import CustomResource
from ariane.definitions.build import build
from ariane.definitions.bundle import write
from ariane.errors import Permanent
from ariane.events.front import front_proof
from ariane.settings import PublishSettings, SetupSettings
from ariane.wiring import clients
from ariane.wiring.publish import published_definitions
from ariane.wiring.setup import deployment_keys
from tests.builders.moto_endpoint import REGION, make_table

SAMPLE = Path(__file__).parents[3] / "brand"


@dataclass
class CloudFormation:
    """The address that the answer is put to; refuses the first ``refusals``."""

    refusals: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)
    url: str = ""

    def event(self, kind: str = "Create", **properties: str) -> dict[str, Any]:
        return {
            "RequestType": kind,
            "ResponseURL": self.url,
            "StackId": "arn:stack",
            "RequestId": "r1",
            "LogicalResourceId": "Published",
            "ResourceProperties": {"ServiceToken": "arn:function", **properties},
        }


@contextmanager
def cloudformation() -> Iterator[CloudFormation]:
    state = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.refusals -= 1
            if state.refusals >= 0:
                self.send_error(503)
                return
            state.answers.append(json.loads(body))
            state.content_types.append(self.headers["content-type"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/answer"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def resource(error: Exception | None = None) -> CustomResource:
    def put(_properties: object) -> None:
        if error is not None:
            raise error

    return CustomResource(resource_id="ariane-test", put=put, delete=lambda: None)


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_success_is_answered_with_the_same_id_for_ever(kind: str) -> None:
    with cloudformation() as stack:
        resource().answer(stack.event(kind), report=lambda _: None)

    assert stack.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "ariane-test",
            "StackId": "arn:stack",
            "RequestId": "r1",
            "LogicalResourceId": "Published",
        }
    ]
    assert stack.content_types == [""]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Permanent("bad_bundle", "the bundle is not whole"), "bad_bundle: the bundle is not whole"),
        (KeyError("a secret value"), "KeyError: see the function's log"),
    ],
)
def test_a_failure_is_answered_with_a_reason_and_reported_once(error: Exception, reason: str) -> None:
    reported: list[Exception] = []
    with cloudformation() as stack:
        resource(error).answer(stack.event(), report=reported.append)

    assert (stack.answers[0]["Status"], stack.answers[0]["Reason"]) == ("FAILED", reason)
    assert reported == [error]


def test_a_long_reason_is_cut() -> None:
    with cloudformation() as stack:
        resource(Permanent("x", "y" * 9_000)).answer(stack.event(), report=lambda _: None)

    assert len(stack.answers[0]["Reason"]) == 1_000


def test_the_answer_is_put_again_when_it_is_not_taken() -> None:
    reported: list[Exception] = []
    with cloudformation() as stack:
        stack.refusals = 2
        resource().answer(stack.event(), report=reported.append)

    assert [answer["Status"] for answer in stack.answers] == ["SUCCESS"]
    assert len(reported) == 2


def test_an_address_that_is_no_http_is_not_opened() -> None:
    event = CloudFormation(url="file:///etc/hostname").event()

    with pytest.raises(ValueError, match="not HTTP"):
        resource().answer(event, report=lambda _: None)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    clients._client.cache_clear()
    with mock_aws():
        yield
    clients._client.cache_clear()


def test_the_sample_brand_is_published_from_its_zip_and_retired(aws: None, tmp_path: Path) -> None:
    make_table("journeys")
    make_table("access")
    s3 = boto3.client("s3", region_name=REGION)
    for name in ("assets", "versions"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    bundle = build(SAMPLE, compile_mjml=lambda mjml: f"<body>{mjml}</body>")
    write(bundle, tmp_path)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in tmp_path.rglob("*.json"):
            archive.write(path, path.relative_to(tmp_path))
    s3.put_object(Bucket="assets", Key="bundle.zip", Body=content.getvalue())

    settings = PublishSettings(access_table="access", journeys_table="journeys", definitions_bucket="versions")
    service = published_definitions(lambda: settings)
    with cloudformation() as stack:
        service.answer(stack.event(Bucket="assets", Key="bundle.zip"), report=lambda _: None)
        service.answer(stack.event("Update", Bucket="assets", Key="missing.zip"), report=lambda _: None)
        service.answer(stack.event("Delete"), report=lambda _: None)

    assert [answer["Status"] for answer in stack.answers] == ["SUCCESS", "FAILED", "SUCCESS"]
    assert "definition_missing" in stack.answers[1]["Reason"]
    stored = {each["Key"] for each in s3.list_objects_v2(Bucket="versions")["Contents"]}
    assert stored == {f"journeys/{name}/{journey['version']}.json" for name, journey in bundle.journeys.items()}


def test_the_setup_handler_makes_both_keys_and_tells_neither(
    aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from handlers import setup

    for field_name in SetupSettings.__dataclass_fields__:
        monkeypatch.setenv(field_name.upper(), {"log_level": "INFO", "stage": "dev"}.get(field_name, f"/ariane/dev/{field_name}"))
    ssm = boto3.client("ssm", region_name=REGION)
    with cloudformation() as stack:
        for kind in ("Create", "Update", "Delete"):
            setup.handler(stack.event(kind), LambdaContext())
            found = ssm.get_parameters_by_path(Path="/ariane/dev", WithDecryption=True)["Parameters"]
            values = {each["Value"] for each in found}
            assert ([each["Type"] for each in found], len(values), {len(value) for value in values}) == (["SecureString"] * 3, 3, {64})

    told = json.dumps(stack.answers) + capsys.readouterr().out
    assert [answer["Status"] for answer in stack.answers] == ["SUCCESS"] * 3
    assert not [value for value in values if value in told]


def test_a_second_deploy_leaves_the_keys_as_they_are(aws: None) -> None:
    service = deployment_keys(lambda: SetupSettings(person_key_parameter="/p", link_key_parameter="/l", signing_key_parameter="/s"))
    ssm = boto3.client("ssm", region_name=REGION)
    with cloudformation() as stack:
        service.answer(stack.event(), report=lambda _: None)
        before = ssm.get_parameter(Name="/p", WithDecryption=True)["Parameter"]["Value"]
        service.answer(stack.event("Update"), report=lambda _: None)

    assert ssm.get_parameter(Name="/p", WithDecryption=True)["Parameter"]["Value"] == before


def test_a_setting_that_is_missing_is_answered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from handlers import publish

    monkeypatch.delenv("JOURNEYS_TABLE", raising=False)
    monkeypatch.setenv("ACCESS_TABLE", "access")
    with cloudformation() as stack:
        publish.handler(stack.event("Delete"), LambdaContext())

    assert (stack.answers[0]["Status"], stack.answers[0]["Reason"]) == ("FAILED", "ValueError: see the function's log")


def test_setup_tells_the_fronts_proof_masked_and_only_when_it_is_asked(aws: None) -> None:
    settings = SetupSettings(person_key_parameter="/ariane/person", link_key_parameter="/ariane/link", signing_key_parameter="/s")
    with cloudformation() as stack:
        for properties in ({}, {"Front": "true"}, {"Front": "true"}):
            deployment_keys(lambda: settings).answer(stack.event(**properties), report=lambda _: None)

    unasked, told, again = stack.answers
    key = boto3.client("ssm", region_name=REGION).get_parameter(Name="/ariane/link", WithDecryption=True)["Parameter"]["Value"]
    assert "Data" not in unasked
    assert (told["Data"], told["NoEcho"]) == ({"FrontProof": front_proof(key.encode())}, True)
    assert again["Data"] == told["Data"]
    assert key not in str(stack.answers)
