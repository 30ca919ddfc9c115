"""Slim clients of AWS from the environment, as boto3 would read it: region, credentials, endpoints."""

from collections.abc import Mapping

from ariane.adapters.aws.signature import Credentials
from ariane.adapters.aws.signed_bucket import SignedBucket
from ariane.adapters.aws.signed_client import Protocol, SignedClient


def signed_client(protocol: Protocol, environment: Mapping[str, str]) -> SignedClient:
    """Raises ValueError naming the variable that is missing."""
    region = _region(environment)
    endpoint = endpoint_of(protocol.service, region, environment)
    return SignedClient(protocol, endpoint=endpoint, region=region, credentials=_credentials(environment))


def signed_bucket(name: str, environment: Mapping[str, str]) -> SignedBucket:
    """The same for a bucket."""
    region = _region(environment)
    return SignedBucket(name, endpoint=endpoint_of("s3", region, environment), region=region, credentials=_credentials(environment))


def endpoint_of(service: str, region: str, environment: Mapping[str, str]) -> str:
    own = environment.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environment.get("AWS_ENDPOINT_URL")
    if own and environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        return own
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"


def _region(environment: Mapping[str, str]) -> str:
    return environment.get("AWS_REGION") or _needed(environment, "AWS_DEFAULT_REGION")


def _credentials(environment: Mapping[str, str]) -> Credentials:
    return Credentials(
        access_key=_needed(environment, "AWS_ACCESS_KEY_ID"),
        secret_key=_needed(environment, "AWS_SECRET_ACCESS_KEY"),
        token=environment.get("AWS_SESSION_TOKEN") or None,
    )


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise ValueError(f"the environment variable {name} is missing")
    return value
