from collections.abc import Mapping

import pytest

from infra.stage import Stage, StageRefused, stage_from_context, stages


def stage(**context: object) -> Stage:
    given: Mapping[str, object] = context
    return stage_from_context(given.get)


def test_without_a_stage_it_is_dev() -> None:
    assert stage() == stages()["dev"]


def test_an_unknown_stage_is_refused_by_name() -> None:
    with pytest.raises(StageRefused, match=r"'staging'.*dev, prod, local"):
        stage(stage="staging")


@pytest.mark.parametrize("scale", ["0.5", "0.999", 0.001])
def test_production_refuses_to_shorten_waits(scale: object) -> None:
    with pytest.raises(StageRefused, match="prod refuses to shorten waits"):
        stage(stage="prod", wait_scale=scale)


def test_production_accepts_the_true_scale() -> None:
    assert stage(stage="prod", wait_scale="1").wait_scale == 1


def test_a_scale_that_is_not_above_zero_is_refused() -> None:
    with pytest.raises(StageRefused, match="above 0"):
        stage(stage="local", wait_scale="0")


def test_command_line_strings_take_their_options_type() -> None:
    made = stage(stage="local", wait_scale="0.25", retention_days="30", alarms="true", public_url="https://c.example")
    assert (made.wait_scale, made.retention_days, made.alarms, made.public_url) == (0.25, 30, True, "https://c.example")


@pytest.mark.parametrize(("option", "value"), [("retention_days", "two years"), ("alarms", "yes"), ("memory", "512")])
def test_a_mistyped_option_is_refused_by_its_name(option: str, value: str) -> None:
    with pytest.raises(StageRefused, match=option):
        stage(**{option: value})


def test_memory_is_set_by_function_and_defaults_for_the_rest() -> None:
    made = stage(memory={"collect": 256})
    assert (made.memory_of("collect"), made.memory_of("stitch"), made.memory_of("tick")) == (256, 1024, 512)
    assert made.memory_of("imports") == 1769


def test_only_production_keeps_its_stores_and_rings_alarms() -> None:
    assert {name: (item.retains, item.point_in_time_recovery, item.alarms) for name, item in stages().items()} == {
        "dev": (False, False, False),
        "prod": (True, True, True),
        "local": (False, False, False),
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"front_price_class": "50"}, "front_price_class is 100, 200 or all"),
        ({"front": "true", "front_domain": "c.example"}, "go together"),
        ({"front": "true", "front_certificate_arn": "arn:aws:acm:us-east-1:1:certificate/x"}, "go together"),
        ({"front": "true", "front_domain": "c.example", "front_certificate_arn": "arn:aws:acm:eu-west-3:1:certificate/x"}, "us-east-1"),
        ({"front_web_acl_arn": "arn:aws:wafv2:us-east-1:1:global/webacl/a/1"}, "need front=true"),
        ({"monthly_budget_usd": "50"}, "budget_email"),
        ({"monthly_budget_usd": "-1", "budget_email": "a@b.example"}, "below 0"),
        ({"lake_batch": "10001"}, "from 1 to 10,000"),
        ({"lake_window_seconds": "301"}, "Lambda gathers no longer"),
        ({"land_patience": "0"}, "above 0"),
        ({"query_gigabytes": "0"}, "at least 1"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(StageRefused, match=message):
        stage(**options)


def test_the_local_run_plays_the_front_itself() -> None:
    fronts = {name: (item.front, item.has_distribution) for name, item in stages().items()}
    assert fronts == {"dev": (False, False), "prod": (True, True), "local": (True, False)}


def test_concurrency_is_reserved_by_function_and_for_nobody_else() -> None:
    made = stage(concurrency={"stitch": 5}, collect_concurrency="7")
    assert (made.concurrency_of("collect"), made.concurrency_of("stitch"), made.concurrency_of("tick")) == (7, 5, None)
