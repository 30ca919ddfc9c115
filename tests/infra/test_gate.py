"""The whole app as the CDK CLI runs it, and the checks that guard it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs
from cfnlint.api import lint  # type: ignore[import-untyped]

from infra.checks import guard
from tests.infra.conftest import Synthesise, context
from tests.infra.templates import ROOT, Synthesised
from tests.infra.test_front import OWN_DOMAIN
from tests.infra.test_limits import BUDGET

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "CDK_VALIDATION"}
# CDK says dependencies twice: a role's policy must stand before its function, and the role is named beside it.
NOT_OURS = {"W3005"}


def run_app(folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    settings = json.dumps(context(**options))
    environment = {**ENVIRONMENT, "CDK_CONTEXT_JSON": settings, "CDK_OUTDIR": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("options", [{}, {"front": "false", **BUDGET}])
def test_the_app_synthesises_without_credentials_and_passes_the_builtin_validation(tmp_path: Path, options: dict[str, str]) -> None:
    done = run_app(tmp_path, stage="prod", **options)
    assert done.returncode == 0, done.stderr
    stacks = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    assert {"Ariane-prod-Platform", "Ariane-prod-Brand"} <= stacks.keys()


def test_scaled_waits_in_production_stop_the_synth_with_one_clear_line(tmp_path: Path) -> None:
    done = run_app(tmp_path, stage="prod", wait_scale="0.01")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: wait_scale is 0.01 but stage prod refuses to shorten waits: leave it at 1"


def test_an_unacknowledged_finding_stops_the_synth(tmp_path: Path) -> None:
    app = cdk.App(context=context(), outdir=str(tmp_path))
    sqs.Queue(cdk.Stack(app, "Careless"), "WithoutDeadLetters")
    guard(app)
    with pytest.raises(RuntimeError, match="does not have a DLQ enabled"):
        app.synth()
    assert "AwsSolutions-SQS3" in (tmp_path / "validation-report.json").read_text()


@pytest.mark.parametrize(("stage", "options"), [("prod", {}), ("prod", OWN_DOMAIN), ("prod", BUDGET), ("local", {})])
def test_cfn_lint_finds_nothing(stage: str, options: dict[str, str], synthesise: Synthesise) -> None:
    for template in synthesise(stage, **options):
        found = lint(json.dumps(template.body), regions=["eu-west-3"])
        assert [f"{match.rule.id} {match.path}: {match.message}" for match in found if match.rule.id not in NOT_OURS] == []


def test_findings_are_acknowledged_at_a_construct_never_at_a_stack(prod: Synthesised) -> None:
    for template in prod:
        assert "cdk_nag" not in json.dumps(template.body.get("Metadata", {}))
    sources = [path.read_text() for path in (ROOT / "infra").glob("*.py")]
    assert not any("acknowledge(self," in source or "acknowledge(stack" in source or "acknowledge(app" in source for source in sources)
