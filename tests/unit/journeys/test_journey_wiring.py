"""The handler of journeys: batches, what it logs, and the setting that makes waits short."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from ariane.settings import JourneySettings
from ariane.wiring.journey import checked_wait_scale
from handlers import journey
from tests.builders.journeys import CART, Theatre, fact


def settings(**fields: Any) -> JourneySettings:
    names = ("events", "identities", "profiles", "journeys", "privacy")
    defaults: dict[str, Any] = {f"{name}_table": name for name in names}
    defaults |= {
        "definitions_bucket": "b",
        "journey_queue_url": "q",
        "send_queue_url": "s",
        "person_key_parameter": "k",
        "definitions_ttl_seconds": 30,
        "wait_scale": 1.0,
    }
    return JourneySettings(**(defaults | fields))


@pytest.mark.parametrize(("stage", "scale"), [("prod", 1.0), ("dev", 0.001), ("local", 1 / 1200)])
def test_waits_may_be_short_anywhere_but_in_production(stage: str, scale: float) -> None:
    assert checked_wait_scale(settings(stage=stage, wait_scale=scale)) == scale


@pytest.mark.parametrize(("stage", "scale"), [("prod", 0.999), ("dev", 0.0), ("dev", -1.0)])
def test_a_scale_that_would_hurt_is_refused(stage: str, scale: float) -> None:
    with pytest.raises(ValueError, match="WAIT_SCALE"):
        checked_wait_scale(settings(stage=stage, wait_scale=scale))


def record(message_id: str, body: object) -> dict[str, Any]:
    return {"messageId": message_id, "eventSource": "aws:sqs", "body": orjson.dumps(body).decode(), "attributes": {}}


def test_the_functions_need_nothing_that_only_the_checks_have() -> None:
    """PyYAML and the MJML compiler are not in the functions' asset."""
    script = "import sys, handlers.journey, handlers.tick, handlers.publish, handlers.setup; print({'yaml', 'mjml'} & set(sys.modules))"
    functions = Path(__file__).parents[3] / "functions"
    found = subprocess.run([sys.executable, "-c", script], cwd=functions, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"


def test_of_a_batch_only_what_failed_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    theatre = Theatre()
    theatre.publish(CART)
    monkeypatch.setattr(journey, "_service", theatre.runner)
    good = [{"kind": "entry", "journey": "cart", "fact": fact(id=f"m{number}", cart_id=str(number))} for number in range(2)]
    records = [record("1", good[0]), record("2", {"kind": "nonsense"}), record("3", good[1])]

    reply = journey.handler({"Records": records}, LambdaContext())

    assert reply == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert {run.key for run in theatre.all_runs()} == {"0", "1"}


def test_the_log_holds_no_properties_of_the_event(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    theatre = Theatre()
    theatre.publish(CART)
    monkeypatch.setattr(journey, "_service", theatre.runner)
    body = {"kind": "entry", "journey": "cart", "fact": fact(cart_id="c1", email="jeanne@example.com")}
    journey.handler({"Records": [record("1", body)]}, LambdaContext())

    logged = [entry for entry in caplog.records if entry.getMessage() == "journey message handled"]
    assert len(logged) == 1
    assert "jeanne" not in str(vars(logged[0]))


def test_a_batch_of_which_everything_failed_is_reported_not_raised(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The runtime would print what was raised, and that may quote the event."""

    class Broken:
        def handle(self, _: object) -> str:
            raise ValueError("jeanne@example.com")

    monkeypatch.setattr(journey, "_service", Broken)
    body = {"kind": "entry", "journey": "cart", "fact": fact(cart_id="c1", email="jeanne@example.com")}

    assert journey.handler({"Records": [record("1", body)]}, LambdaContext()) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert [vars(entry)["error"] for entry in caplog.records if entry.getMessage() == "journey message comes again"] == ["ValueError"]
    assert "jeanne" not in str([vars(entry) for entry in caplog.records if entry.name.startswith("journey")])
