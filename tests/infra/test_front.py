"""CloudFront before the collectors: on in production, off by option, and in the local run played by the companion."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.front import CODE, SETTINGS_PATHS
from infra.http_apis import COLLECT_ROUTES
from tests.infra.conftest import Synthesise
from tests.infra.templates import Synthesised, flat

MANAGED_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
MANAGED_ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
OWN_DOMAIN = {
    "front_domain": "collect.shop.example",
    "front_certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/1",
    "front_price_class": "all",
    "front_web_acl_arn": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/a/1",
}


def distribution(synthesised: Synthesised) -> Mapping[str, Any]:
    (made,) = synthesised.platform.properties("AWS::CloudFront::Distribution").values()
    settings: Mapping[str, Any] = made["DistributionConfig"]
    return settings


def behaviors(synthesised: Synthesised) -> list[Mapping[str, Any]]:
    settings = distribution(synthesised)
    return [settings["DefaultCacheBehavior"], *settings["CacheBehaviors"]]


def public_urls(synthesised: Synthesised) -> set[str]:
    functions = synthesised.platform.functions().values()
    variables = [function["Environment"]["Variables"] for function in functions]
    return {flat(given["PUBLIC_URL"]) for given in variables if "PUBLIC_URL" in given}


@pytest.fixture(scope="module")
def own_domain(synthesise: Synthesise) -> Synthesised:
    return synthesise("prod", **OWN_DOMAIN)


@pytest.fixture(scope="module")
def without_front(synthesise: Synthesise) -> Synthesised:
    return synthesise("prod", front="false")


def test_the_origin_is_the_api_reached_over_tls_with_the_proof(prod: Synthesised) -> None:
    (origin,) = distribution(prod)["Origins"]
    (api,) = [name for name in prod.platform.of_type("AWS::ApiGatewayV2::Api") if name.startswith("Collector")]
    assert flat(origin["DomainName"]) == f"<{api}>.execute-api.<AWS::Region>.<AWS::URLSuffix>"
    assert origin["CustomOriginConfig"] == {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]}
    (made,) = prod.platform.of_type("Custom::ArianeKeys")
    assert [(item["HeaderName"], flat(item["HeaderValue"])) for item in origin["OriginCustomHeaders"]] == [
        ("x-ariane-front", f"<{made}.FrontProof>")
    ]


def test_the_proof_is_asked_for_by_a_change_of_the_resource_that_makes_the_keys(prod: Synthesised, without_front: Synthesised) -> None:
    with_it, without = (next(iter(each.platform.properties("Custom::ArianeKeys").values())) for each in (prod, without_front))
    assert (with_it.get("Front"), without.get("Front")) == ("true", None)


def test_every_request_passes_the_function_and_everything_of_it_but_the_host_goes_on(prod: Synthesised) -> None:
    (function,) = prod.platform.of_type("AWS::CloudFront::Function")
    for behavior in behaviors(prod):
        assert [(item["EventType"], flat(item["FunctionARN"])) for item in behavior["FunctionAssociations"]] == [
            ("viewer-request", f"<{function}.FunctionARN>")
        ]
        assert behavior["OriginRequestPolicyId"] == MANAGED_ALL_BUT_HOST
        assert (behavior["ViewerProtocolPolicy"], behavior["Compress"]) == ("https-only", False)


def test_the_function_is_the_file_that_the_unit_tests_run(prod: Synthesised) -> None:
    (function,) = prod.platform.properties("AWS::CloudFront::Function").values()
    assert function["FunctionCode"] == CODE.read_text()
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert len(CODE.read_bytes()) < 10_240


def test_only_the_sdks_settings_are_cached_each_for_its_origin_as_long_as_the_answer_says(prod: Synthesised) -> None:
    default, *others = behaviors(prod)
    assert default["CachePolicyId"] == MANAGED_CACHING_DISABLED
    assert set(default["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    (policy,) = prod.platform.properties("AWS::CloudFront::CachePolicy").values()
    assert [flat(item["CachePolicyId"]) for item in others] == [
        f"<{next(iter(prod.platform.of_type('AWS::CloudFront::CachePolicy')))}>"
    ] * 2
    settings = policy["CachePolicyConfig"]
    assert (settings["MinTTL"], settings["DefaultTTL"]) == (0, 0)
    key = settings["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["HeadersConfig"] == {"HeaderBehavior": "whitelist", "Headers": ["Origin"]}
    assert (key["CookiesConfig"], key["QueryStringsConfig"]) == ({"CookieBehavior": "none"}, {"QueryStringBehavior": "none"})


def test_the_cached_paths_are_the_settings_routes_of_the_api(prod: Synthesised) -> None:
    routes = [f"GET {path.replace('*', '{key}')}" for path in SETTINGS_PATHS]
    assert [item["PathPattern"] for item in distribution(prod)["CacheBehaviors"]] == list(SETTINGS_PATHS)
    assert routes == [route for route in COLLECT_ROUTES if route.endswith("/settings")]


def test_no_error_is_kept_because_nobody_elses_is_mine(prod: Synthesised) -> None:
    kept = {item["ErrorCode"]: item["ErrorCachingMinTTL"] for item in distribution(prod)["CustomErrorResponses"]}
    # The codes that CloudFront keeps for ten seconds by itself.
    assert kept == dict.fromkeys((400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504), 0)


def test_it_speaks_http_2_and_3_and_keeps_no_access_logs(prod: Synthesised) -> None:
    settings = distribution(prod)
    assert (settings["HttpVersion"], settings["IPV6Enabled"], settings["PriceClass"]) == ("http2and3", True, "PriceClass_100")
    assert "Logging" not in settings


def test_clients_are_sent_to_the_front(prod: Synthesised) -> None:
    (name,) = prod.platform.of_type("AWS::CloudFront::Distribution")
    assert flat(prod.platform.body["Outputs"]["CollectUrl"]["Value"]) == f"https://<{name}.DomainName>"
    assert public_urls(prod) == {f"https://<{name}.DomainName>"}
    assert "CloudFront" not in flat(prod.platform.body["Outputs"]["CollectApiUrl"]["Value"])


def test_an_own_domain_has_its_certificate_and_no_old_tls(own_domain: Synthesised) -> None:
    settings = distribution(own_domain)
    assert settings["Aliases"] == ["collect.shop.example"]
    assert settings["ViewerCertificate"] == {
        "AcmCertificateArn": OWN_DOMAIN["front_certificate_arn"],
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }
    assert (settings["PriceClass"], settings["WebACLId"]) == ("PriceClass_All", OWN_DOMAIN["front_web_acl_arn"])
    assert public_urls(own_domain) == {"https://collect.shop.example"}
    assert flat(own_domain.platform.body["Outputs"]["CollectUrl"]["Value"]) == "https://collect.shop.example"


def test_links_lead_to_a_public_url_of_ones_own_whatever_stands_before_the_api(synthesise: Synthesise) -> None:
    assert public_urls(synthesise("prod", public_url="https://www.shop.example/collect")) == {"https://www.shop.example/collect"}


def test_without_it_clients_are_sent_to_the_api(without_front: Synthesised, dev: Synthesised, local: Synthesised) -> None:
    for synthesised in (without_front, dev, local):
        kinds = {resource["Type"] for resource in synthesised.platform.body["Resources"].values()}
        assert not {kind for kind in kinds if kind.startswith("AWS::CloudFront")}
        outputs = synthesised.platform.body["Outputs"]
        assert flat(outputs["CollectUrl"]["Value"]) == flat(outputs["CollectApiUrl"]["Value"])
        assert public_urls(synthesised) == {flat(outputs["CollectApiUrl"]["Value"])}
