import ast
from typing import Any

import pytest

from ariane.settings import HANDLERS, environment_names
from infra.function import architecture
from infra.stage import stages
from tests.infra.templates import ROOT, Synthesised, flat


def test_each_handler_has_exactly_one_function(prod: Synthesised) -> None:
    handlers = [function["Handler"] for function in prod.platform.properties("AWS::Lambda::Function").values()]
    assert sorted(handlers) == sorted(f"handlers.{name}.handler" for name in HANDLERS)


def test_the_brand_stack_has_no_function_of_its_own(prod: Synthesised) -> None:
    assert not prod.brand.functions()


@pytest.mark.parametrize("name", HANDLERS)
def test_the_handler_string_resolves_to_a_callable_named_handler(prod: Synthesised, name: str) -> None:
    module, attribute = str(prod.platform.functions()[name]["Handler"]).rsplit(".", 1)
    source = ROOT / "functions" / f"{module.replace('.', '/')}.py"
    assert attribute in _names(ast.parse(source.read_text()))


@pytest.mark.parametrize("stage", ["dev", "prod", "local"])
@pytest.mark.parametrize("name", HANDLERS)
def test_the_environment_is_the_settings_model(synthesise: Any, stage: str, name: str) -> None:
    function = synthesise(stage).platform.functions()[name]
    given = function["Environment"]["Variables"]
    assert given.keys() == environment_names(HANDLERS[name])
    assert all(flat(value) for value in given.values())


def test_no_two_functions_share_a_role(prod: Synthesised) -> None:
    roles = [flat(function["Role"]) for function in prod.platform.functions().values()]
    assert len(set(roles)) == len(HANDLERS)


def test_roles_have_no_managed_policies(prod: Synthesised) -> None:
    assert [name for name, role in prod.platform.properties("AWS::IAM::Role").items() if "ManagedPolicyArns" in role] == []


@pytest.mark.parametrize(("stage", "architecture"), [("dev", "arm64"), ("prod", "arm64")])
def test_functions_run_python_3_13_on_arm_in_aws(synthesise: Any, stage: str, architecture: str) -> None:
    for function in synthesise(stage).platform.functions().values():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", [architecture])


@pytest.mark.parametrize(("machine", "expected"), [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64")])
def test_functions_of_the_local_run_have_this_machines_architecture(monkeypatch: pytest.MonkeyPatch, machine: str, expected: str) -> None:
    monkeypatch.setattr("infra.function.machine", lambda: machine)
    assert architecture(stages()["local"]).name == expected


def test_every_function_writes_to_its_own_log_group_that_expires(prod: Synthesised) -> None:
    groups = prod.platform.properties("AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == 30 for group in groups.values())
    named = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in prod.platform.functions().values()]
    assert len(set(named)) == len(HANDLERS)
    assert set(named) <= groups.keys()


def test_collect_has_a_small_asset_and_the_others_share_one(dev: Synthesised) -> None:
    assets = {name: flat(function["Code"]["S3Key"]) for name, function in dev.platform.functions().items()}
    collect = assets.pop("collect")
    assert len(set(assets.values())) == 1
    assert collect not in assets.values()


def test_only_the_functions_whose_queues_feed_each_other_may_run_in_a_loop(prod: Synthesised) -> None:
    allowed = {name for name, function in prod.platform.functions().items() if function.get("RecursiveLoop") == "Allow"}
    assert allowed == {"journey", "send", "resolve", "segments", "imports", "lake"}


def test_production_rings_for_errors_and_throttles_of_each_function(prod: Synthesised, dev: Synthesised) -> None:
    alarms = prod.platform.properties("AWS::CloudWatch::Alarm").values()
    assert sum(alarm["MetricName"] == "Errors" for alarm in alarms) == len(HANDLERS)
    assert sum(alarm["MetricName"] == "Throttles" for alarm in alarms) == len(HANDLERS)
    assert sum(alarm["MetricName"] == "IteratorAge" for alarm in alarms) == 2, "of stitch and of the lake"
    assert not dev.platform.properties("AWS::CloudWatch::Alarm")


def _names(module: ast.Module) -> set[str]:
    found = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    assigned = [target for node in module.body if isinstance(node, ast.Assign) for target in node.targets]
    return found | {target.id for target in assigned if isinstance(target, ast.Name)}


def test_an_alarm_rings_where_stitch_parks_a_record(prod: Synthesised, dev: Synthesised) -> None:
    (lines,) = prod.platform.properties("AWS::Logs::MetricFilter").values()
    assert lines["FilterPattern"] == '{ $.message = "record parked" }'
    (counted,) = lines["MetricTransformations"]
    watched = [(alarm["Namespace"], alarm["MetricName"]) for alarm in prod.platform.properties("AWS::CloudWatch::Alarm").values()]
    assert (counted["MetricNamespace"], counted["MetricName"]) in watched
    assert '"record parked"' in (ROOT / "functions/handlers/stitch.py").read_text("utf-8")
    assert not dev.platform.properties("AWS::Logs::MetricFilter")
