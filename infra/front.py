"""The collectors' front: CloudFront before the HTTP API, so that compressed bodies arrive whole (docs/adr/0009).

Requests are passed on as they came, except for what ``front_function.js`` changes; only the SDKs' settings are cached.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct

from ariane.events.front import PROOF_HEADER
from infra.checks import acknowledge
from infra.stage import Stage

CODE = Path(__file__).with_name("front_function.js")
SETTINGS_PATHS = ("/v1/projects/*/settings", "/projects/*/settings")
PRICE_CLASSES = {
    "100": cloudfront.PriceClass.PRICE_CLASS_100,
    "200": cloudfront.PriceClass.PRICE_CLASS_200,
    "all": cloudfront.PriceClass.PRICE_CLASS_ALL,
}
# CloudFront keeps these for ten seconds unless told otherwise, and where nothing is cached its key is the path alone: one visitor's expired
# link would answer everybody's /r.
UNCACHED_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)


class Front(Construct):
    """``api_domain``: the HTTP API's own. ``proof``: what the collector knows this front by."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, api_domain: str, proof: str) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        origin, rewriting = _origin(api_domain, proof), self._rewriting()
        self._distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"ariane-{stage.name} collectors",
            default_behavior=_passing(origin, rewriting),
            additional_behaviors=dict.fromkeys(SETTINGS_PATHS, self._caching(origin, rewriting)),
            error_responses=[cloudfront.ErrorResponse(http_status=code, ttl=cdk.Duration.seconds(0)) for code in UNCACHED_ERRORS],
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=PRICE_CLASSES[stage.front_price_class],
            domain_names=[stage.front_domain] if stage.front_domain else None,
            certificate=self._certificate(),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if stage.front_domain else None,
            web_acl_id=stage.front_web_acl_arn or None,
        )
        self.domain = self._distribution.distribution_domain_name
        """What a front_domain's DNS record points to."""
        self.url = f"https://{stage.front_domain or self.domain}"
        self._acknowledge()

    def _rewriting(self) -> cloudfront.FunctionAssociation:
        function = cloudfront.Function(
            self,
            "Function",
            code=cloudfront.FunctionCode.from_inline(CODE.read_text()),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.FunctionAssociation(function=function, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)

    def _caching(self, origin: cloudfront.IOrigin, rewriting: cloudfront.FunctionAssociation) -> cloudfront.BehaviorOptions:
        """For as long as the answer's Cache-Control says; the answer names the origin that asked, so each has its own."""
        policy = cloudfront.CachePolicy(
            self,
            "Settings",
            comment="The SDKs' settings, by path and origin",
            min_ttl=cdk.Duration.seconds(0),
            default_ttl=cdk.Duration.seconds(0),
            max_ttl=cdk.Duration.hours(1),
            header_behavior=cloudfront.CacheHeaderBehavior.allow_list("Origin"),
        )
        return cloudfront.BehaviorOptions(
            origin=origin,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
            cache_policy=policy,
            compress=False,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            function_associations=[rewriting],
        )

    def _certificate(self) -> acm.ICertificate | None:
        if not self._stage.front_domain:
            return None
        return acm.Certificate.from_certificate_arn(self, "Certificate", self._stage.front_certificate_arn)

    def _acknowledge(self) -> None:
        reasons = {
            "AwsSolutions-CFR1": "Customers travel: where a request comes from is no reason to lose its events.",
            "AwsSolutions-CFR3": "Access logs would hold addresses and paths: personal data that nobody asked for.",
        }
        if not self._stage.front_web_acl_arn:
            reasons["AwsSolutions-CFR2"] = "A web ACL bills at rest and by request: front_web_acl_arn attaches one."
        if not self._stage.front_domain:
            reasons["AwsSolutions-CFR4"] = "CloudFront's own domain sets no TLS version: front_domain does."
        acknowledge(self._distribution, reasons)


def _origin(api_domain: str, proof: str) -> cloudfront.IOrigin:
    return origins.HttpOrigin(
        api_domain,
        protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        custom_headers={PROOF_HEADER: proof},
    )


def _passing(origin: cloudfront.IOrigin, rewriting: cloudfront.FunctionAssociation) -> cloudfront.BehaviorOptions:
    return cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
        cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
        compress=False,
        # Every header, cookie and parameter. Not Host: the API answers to its own only.
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        function_associations=[rewriting],
    )
