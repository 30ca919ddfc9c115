"""Requests made up from the collectors' own description, valid and not: no fault of ours, every answer as described, nothing lost."""

from base64 import b64encode
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from handlers.collect import serve
from tests.builders.events import CollectWorld
from tests.builders.gateway_app import gateway_app

_worlds: list[CollectWorld] = []


def _fresh() -> CollectWorld:
    _worlds[:] = [CollectWorld()]
    return _worlds[0]


def _function(event: dict[str, Any]) -> Any:
    world = _worlds[0] if _worlds else _fresh()
    return serve(event, lambda: world.collector, world.clock)


schema = schemathesis.openapi.from_wsgi("/openapi.json", gateway_app(_function))
KEY = {"Authorization": "Basic " + b64encode(b"wk_backend-secret:").decode()}
CHECKS: list[Any] = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_fits_or_breaks_the_description_is_answered_as_described(case: Any) -> None:
    world = _fresh()

    case.call_and_validate(headers=KEY, checks=CHECKS)

    assert "LogUnavailable" not in world.meter.counts
