import json
from collections.abc import Mapping
from typing import Any

import pytest

from ariane.definitions.build import build
from ariane.journeys.entry_rules import entry_patterns
from infra.mjml import compile_mjml
from tests.infra.templates import ROOT, Synthesised, flat

PUBLIC = {
    "Collector": {
        "POST /v1/{type}",
        "POST /v1/batch/b",
        "POST /b",
        "POST /batch",
        "POST /batch/b",
        "GET /v1/projects/{key}/settings",
        "GET /projects/{key}/settings",
        "GET /v1/pixel/{type}",
        "POST /beacon/v1/batch",
        "GET /pixel/v1/{type}",
        "GET /sourceConfig",
        "POST /i/v0/e",
        "POST /mp/collect",
        "GET /p.gif",
        "GET /r",
        "GET /u/{token}",
        "POST /u/{token}",
        "$default",
    },
    "ProfileApi": {"GET /openapi.json", "$default"},
}


def routes(synthesised: Synthesised) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Routes by the construct of their API, then by key."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {name: {} for name in PUBLIC}
    for resource in synthesised.platform.of_type("AWS::ApiGatewayV2::Route").values():
        api = str(resource["Metadata"]["aws:cdk:path"]).split("/")[1]
        found[api][resource["Properties"]["RouteKey"]] = resource["Properties"]
    return found


def rules(synthesised: Synthesised, queue: str = "journey") -> dict[str, Mapping[str, Any]]:
    """Every rule on Ariane's bus that leads to a queue, in both stacks, by its message's template."""
    every = [rule for template in synthesised for rule in template.properties("AWS::Events::Rule").values() if "EventBusName" in rule]
    leading = [rule for rule in every if flat(rule["Targets"][0]["Arn"]).endswith(f":ariane-prod-{queue}")]
    return {rule["Targets"][0]["InputTransformer"]["InputTemplate"]: rule for rule in leading}


@pytest.mark.parametrize("api", PUBLIC)
def test_a_route_has_an_authorizer_or_is_on_the_public_list(prod: Synthesised, api: str) -> None:
    public = {key for key, route in routes(prod)[api].items() if route["AuthorizationType"] == "NONE"}
    assert public == PUBLIC[api]
    guarded = [route for key, route in routes(prod)[api].items() if key not in public]
    assert all("AuthorizerId" in route for route in guarded)


def test_everything_under_v1_of_the_profile_api_is_guarded(prod: Synthesised) -> None:
    assert routes(prod)["ProfileApi"]["ANY /v1/{proxy+}"]["AuthorizationType"] == "CUSTOM"


def test_links_go_to_their_own_function_and_the_rest_to_collect(prod: Synthesised) -> None:
    integrations = prod.platform.properties("AWS::ApiGatewayV2::Integration")

    def served(key: str) -> str:
        target = flat(routes(prod)["Collector"][key]["Target"]).split("<")[1].strip(">")
        return flat(integrations[target]["IntegrationUri"]).strip("<>").split(".")[0]

    assert {served(key) for key in ("GET /u/{token}", "POST /u/{token}")} == {prod.platform.logical_id("links")}
    assert {served(key) for key in PUBLIC["Collector"] if "/u/" not in key} == {prod.platform.logical_id("collect")}


def test_the_authorizer_answers_simply_and_is_remembered_for_a_minute(prod: Synthesised) -> None:
    (authorizer,) = prod.platform.properties("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]


def test_neither_api_answers_cors_itself(prod: Synthesised) -> None:
    assert all("CorsConfiguration" not in api for api in prod.platform.properties("AWS::ApiGatewayV2::Api").values())


def test_access_logs_hold_nothing_that_a_caller_sent(prod: Synthesised) -> None:
    for stage in prod.platform.properties("AWS::ApiGatewayV2::Stage").values():
        logged = set(json.loads(stage["AccessLogSettings"]["Format"]).values())
        assert logged == {"$context.requestId", "$context.routeKey", "$context.status", "$context.responseLatency"}


def test_both_apis_are_throttled(prod: Synthesised) -> None:
    limits = [stage["DefaultRouteSettings"] for stage in prod.platform.properties("AWS::ApiGatewayV2::Stage").values()]
    assert sorted((limit["ThrottlingRateLimit"], limit["ThrottlingBurstLimit"]) for limit in limits) == [(50, 100), (1000, 2000)]


def test_fixed_rules_carry_awaited_facts_merges_and_splits_to_the_journey_queue(prod: Synthesised) -> None:
    patterns = {template: rule["EventPattern"] for template, rule in rules(prod).items() if '"kind": "entry"' not in template}
    assert patterns == {
        '{"kind": "awaited", "fact": <fact>}': {"source": ["ariane"], "detail-type": ["Event"], "detail": {"awaited": [True]}},
        '{"kind": "merged", "fact": <fact>}': {"source": ["ariane"], "detail-type": ["Profile Merged"]},
        '{"kind": "split", "fact": <fact>}': {"source": ["ariane"], "detail-type": ["Profile Split"]},
    }


def test_merges_and_splits_are_told_to_the_lake_too(prod: Synthesised) -> None:
    assert {template: rule["EventPattern"] for template, rule in rules(prod, "land").items()} == {
        '{"kind": "merged", "fact": <fact>}': {"source": ["ariane"], "detail-type": ["Profile Merged"]},
        '{"kind": "split", "fact": <fact>}': {"source": ["ariane"], "detail-type": ["Profile Split"]},
    }


def test_each_journey_of_the_brand_has_one_entry_rule_that_names_it(prod: Synthesised) -> None:
    expected = {
        f'{{"kind": "entry", "journey": "{journey}", "fact": <fact>}}': pattern
        for journey, pattern in entry_patterns(build(ROOT / "brand", compile_mjml=compile_mjml)).items()
    }
    assert expected
    made = {template: rule["EventPattern"] for template, rule in rules(prod).items() if '"kind": "entry"' in template}
    assert made == expected


FED = ("journey", "evaluate", "land")
"""Queues that rules lead to."""


@pytest.mark.parametrize("queue", FED)
def test_every_rule_hands_the_detail_to_its_queue_and_what_fails_to_its_dead_letters(prod: Synthesised, queue: str) -> None:
    assert rules(prod, queue)
    for rule in rules(prod, queue).values():
        assert rule["EventBusName"] == "ariane-prod"
        (target,) = rule["Targets"]
        assert flat(target["Arn"]).endswith(f":ariane-prod-{queue}")
        assert flat(target["DeadLetterConfig"]["Arn"]).endswith(f":ariane-prod-{queue}-dlq")
        assert target["InputTransformer"]["InputPathsMap"] == {"fact": "$.detail"}


def test_no_rule_leads_elsewhere(prod: Synthesised) -> None:
    every = [rule for template in prod for rule in template.properties("AWS::Events::Rule").values() if "EventBusName" in rule]
    assert len(every) == sum(len(rules(prod, queue)) for queue in FED)


def test_only_rules_of_the_bus_may_write_to_the_queues_that_they_lead_to(prod: Synthesised) -> None:
    """And to their dead letters. S3 tells of uploads besides."""
    policies = prod.platform.properties("AWS::SQS::QueuePolicy").values()
    allowed = [item for policy in policies for item in policy["PolicyDocument"]["Statement"] if item["Effect"] == "Allow"]
    by_rules = [statement for statement in allowed if statement["Principal"] == {"Service": "events.amazonaws.com"}]
    assert len(by_rules) == 2 * len(FED)
    for statement in by_rules:
        assert flat(statement["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(":rule/ariane-prod/*")
    assert [item["Principal"] for item in allowed if item not in by_rules] == [{"Service": "s3.amazonaws.com"}]


def test_the_tick_is_scheduled_each_minute_except_in_the_local_run(prod: Synthesised, dev: Synthesised, local: Synthesised) -> None:
    def schedules(synthesised: Synthesised) -> list[str]:
        every = synthesised.platform.properties("AWS::Events::Rule").values()
        return [rule["ScheduleExpression"] for rule in every if "ScheduleExpression" in rule]

    assert (schedules(prod), schedules(dev), schedules(local)) == (["rate(1 minute)"], ["rate(1 minute)"], [])


def test_entry_rules_wait_for_the_definitions_they_lead_to(prod: Synthesised) -> None:
    (published,) = prod.brand.of_type("Custom::ArianeDefinitions")
    made = prod.brand.of_type("AWS::Events::Rule").values()
    assert all(published in rule["DependsOn"] for rule in made)


def test_the_brand_is_published_by_the_platforms_function_from_the_bundles_asset(prod: Synthesised) -> None:
    (published,) = prod.brand.properties("Custom::ArianeDefinitions").values()
    assert flat(published["ServiceToken"]).endswith(":function:ariane-prod-publish")
    assert published["Version"] == build(ROOT / "brand", compile_mjml=compile_mjml).version
    files = json.loads((prod.folder / "Ariane-prod-Brand.assets.json").read_text())["files"].values()
    (folder,) = [prod.folder / item["source"]["path"] for item in files if item["source"]["packaging"] == "zip"]
    assert json.loads((folder / "bundle.json").read_text())["version"] == published["Version"]


def test_custom_resources_give_up_after_minutes_not_an_hour(prod: Synthesised) -> None:
    made = [*prod.platform.properties("Custom::ArianeKeys").values(), *prod.brand.properties("Custom::ArianeDefinitions").values()]
    assert [item["ServiceTimeout"] for item in made] == ["300", "300"]


def test_the_keys_are_made_once_setup_may_write_them(prod: Synthesised) -> None:
    (made,) = prod.platform.of_type("Custom::ArianeKeys").values()
    (policy,) = [name for name, item in prod.platform.properties("AWS::IAM::Policy").items() if name.startswith("KeysSetup")]
    assert policy in made["DependsOn"]


def test_the_brand_stack_imports_nothing_from_the_platform(prod: Synthesised) -> None:
    assert "Fn::ImportValue" not in json.dumps(prod.brand.body)
    assert all("Export" not in output for output in prod.platform.body["Outputs"].values())


def test_mail_reports_to_the_default_bus_over_tls_only(prod: Synthesised) -> None:
    (settings,) = prod.platform.properties("AWS::SES::ConfigurationSet").values()
    assert settings["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    (reports,) = prod.platform.properties("AWS::SES::ConfigurationSetEventDestination").values()
    assert flat(reports["EventDestination"]["EventBridgeDestination"]["EventBusArn"]).endswith(":event-bus/default")
