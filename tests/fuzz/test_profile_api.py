"""Requests made up from the profile API's own description: no fault of ours, every error in the one shape."""

from types import SimpleNamespace
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.builders.gateway_app import gateway_app
from tests.builders.profiles import Stack, identify, item, track
from tests.unit.api.test_profile_api import Api


def _function(event: dict[str, Any]) -> Any:
    return _app.resolve(event, SimpleNamespace())  # type: ignore[arg-type]


def _known() -> Api:
    stack = Stack()
    stack.deliver(item(identify(message_id="i1", userId="u1", anonymousId="a1", traits={"email": "a@b.fr"})), item(track(message_id="m1")))
    return Api(stack=stack)


_app = _known().app()
schema = schemathesis.openapi.from_wsgi("/openapi.json", gateway_app(_function, {"token": "t", "scopes": "*"}))


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_is_answered_as_described(case: Any) -> None:
    case.call_and_validate(checks=[not_a_server_error, response_schema_conformance])
