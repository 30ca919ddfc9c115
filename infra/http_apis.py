"""The two HTTP APIs: the collectors, public by nature, and the profile API behind an authorizer."""

from collections.abc import Iterable

import aws_cdk as cdk
import jsii
from aws_cdk import aws_apigateway as rest
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.checks import acknowledge
from infra.function import Function, log_group
from infra.stage import Stage

# No path, address, agent or identity: a path may carry an identifier.
ACCESS_LOG = '{"id":"$context.requestId","route":"$context.routeKey","status":"$context.status","ms":"$context.responseLatency"}'
# A route key cannot end with a slash, as PostHog's SDKs have it: those paths, and what is rarely asked for, come by $default.
COLLECT_ROUTES = (
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
    "$default",
)
LINK_ROUTES = ("GET /u/{token}", "POST /u/{token}")
BURST = 2


@jsii.implements(apigateway.IAccessLogSettings)
class AccessLog:
    def __init__(self, group: logs.LogGroup) -> None:
        self._group = group

    @property
    def destination(self) -> apigateway.IAccessLogDestination:
        return apigateway.LogGroupLogDestination(self._group)

    @property
    def format(self) -> rest.AccessLogFormat:
        return rest.AccessLogFormat.custom(ACCESS_LOG)


class CollectorApi(Construct):
    """Wires speak for themselves: collect answers errors, preflights and unknown paths, so the gateway has no authorizer and no CORS."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._api = _api(self, stage=stage, requests_per_second=stage.collect_requests_per_second)
        self.url = self._api.api_endpoint
        stack = cdk.Stack.of(self)
        self.domain = f"{self._api.api_id}.execute-api.{stack.region}.{stack.url_suffix}"

    def route(self, *, collect: Function, links: Function) -> None:
        reason = "Checked by the function: collectors read write keys where each SDK puts them, links carry signed tokens."
        for keys, function in ((COLLECT_ROUTES, collect), (LINK_ROUTES, links)):
            for route in _routes(self, self._api, keys, function):
                acknowledge(route, {"AwsSolutions-APIG4": reason})


class ProfileApi(Construct):
    """Everything under ``/v1`` needs an API token; the OpenAPI document is public, and so is that there is nothing anywhere else."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._api = _api(self, stage=stage, requests_per_second=stage.api_requests_per_second)
        self.url = self._api.api_endpoint

    def route(self, *, api: Function, authorizer: Function) -> None:
        check = authorizers.HttpLambdaAuthorizer(
            "Token",
            authorizer.resource,
            authorizer_name="token",
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            identity_source=["$request.header.Authorization"],
            results_cache_ttl=cdk.Duration.seconds(60),
        )
        list(_routes(self, self._api, ("ANY /v1/{proxy+}",), api, authorizer=check))
        reason = "The API's description and its 404 hold no data; the function refuses whatever comes without an authorizer's scopes."
        for route in _routes(self, self._api, ("GET /openapi.json", "$default"), api):
            acknowledge(route, {"AwsSolutions-APIG4": reason})


def _api(scope: Construct, *, stage: Stage, requests_per_second: int) -> apigateway.HttpApi:
    name = f"ariane-{stage.name}-{scope.node.id}"
    api = apigateway.HttpApi(scope, "Api", api_name=name, create_default_stage=False)
    apigateway.HttpStage(
        scope,
        "Stage",
        http_api=api,
        stage_name="$default",
        auto_deploy=True,
        throttle=apigateway.ThrottleSettings(rate_limit=requests_per_second, burst_limit=BURST * requests_per_second),
        access_log_settings=AccessLog(log_group(scope, "AccessLogs", stage=stage)),
    )
    return api


def _routes(
    scope: Construct,
    api: apigateway.HttpApi,
    keys: Iterable[str],
    function: Function,
    authorizer: apigateway.IHttpRouteAuthorizer | None = None,
) -> Iterable[apigateway.HttpRoute]:
    """One permission for all: a permission per route would outgrow the function's policy."""
    integration = integrations.HttpLambdaIntegration(
        f"To{function.node.id}",
        function.resource,
        payload_format_version=apigateway.PayloadFormatVersion.VERSION_2_0,
        scope_permission_to_route=False,
    )
    for key in keys:
        yield apigateway.HttpRoute(scope, key, http_api=api, route_key=_route_key(key), integration=integration, authorizer=authorizer)


def _route_key(key: str) -> apigateway.HttpRouteKey:
    if key == "$default":
        return apigateway.HttpRouteKey.DEFAULT
    method, path = key.split(" ", 1)
    return apigateway.HttpRouteKey.with_(path, apigateway.HttpMethod[method])
