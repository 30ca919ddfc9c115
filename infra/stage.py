"""What differs between stages. Presets are here; any field can be overridden by the CDK context key of the same name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

DEFAULT_MEMORY_MB = 512


class StageRefused(ValueError):
    """The stage's options contradict each other; synth stops with this message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    retention_days: int = 760
    """How long events are kept: 25 months, the longest that the CNIL accepts for audience measurement."""
    retains: bool = False
    """Stores survive the stack's deletion and cannot be deleted by accident."""
    point_in_time_recovery: bool = False
    alarms: bool = False
    alarm_topic: str = ""
    """ARN of an SNS topic that alarms notify; without one they only show in the console."""
    wait_scale: float = 1.0
    tick_horizon_seconds: int = 60
    scheduled_tick: bool = True
    """False where the local run ticks by itself, each second: EventBridge cannot go below a minute."""
    public_url: str = ""
    """Base of the links in messages; the collector's own address when empty."""
    log_retention_days: int = 7
    log_level: str = "INFO"
    definitions_ttl_seconds: int = 30
    on_this_machine: bool = False
    """The functions run on the machine that bundles them (the emulator): its architecture, not arm64."""
    queue_concurrency: int = 10
    queue_window_seconds: int = 0
    """How long a queue gathers a batch. The emulator spawns a process per batch and needs a second; AWS would only add it to the delay."""
    lake_batch: int = 10_000
    """Log items that land in the lake at once, as far as they fit into Lambda's 6 MB …"""
    lake_window_seconds: int = 300
    """… or what comes in so long: one object of each day in it."""
    land_patience: float = 1.0
    """Shortens the time for which an item that is not stitched yet waits to land."""
    query_gigabytes: int = 10
    """A query of the lake that would read more is stopped: 5 dollars per terabyte."""
    collect_requests_per_second: int = 1000
    api_requests_per_second: int = 50
    collect_concurrency: int = 0
    """Collect's reserved concurrency: the most that run at once, whatever comes. 0 reserves nothing, and the account's limit holds."""
    concurrency: Mapping[str, int] = field(default_factory=dict)
    """Reserved concurrency of the other functions."""
    monthly_budget_usd: float = 0
    """The account's; 0 makes no budget."""
    budget_email: str = ""
    front: bool = False
    """CloudFront before the collectors, so that compressed bodies arrive whole (docs/adr/0009). The local run's companion plays it."""
    front_domain: str = ""
    """The front's own domain, instead of CloudFront's."""
    front_certificate_arn: str = ""
    """An ACM certificate of front_domain, in us-east-1."""
    front_price_class: str = "100"
    """Where CloudFront answers: 100 (Europe, North America), 200 or all."""
    front_web_acl_arn: str = ""
    """A WAF web ACL of scope CLOUDFRONT."""
    memory: Mapping[str, int] = field(default_factory=lambda: {"stitch": 1024, "resolve": 1024, "segments": 1024, "imports": 1769})
    """Megabytes by function; DEFAULT_MEMORY_MB otherwise. 1769 is one processor: imports compute, and wait for little."""

    def __post_init__(self) -> None:
        if self.name == "prod" and self.wait_scale < 1:
            raise StageRefused(f"wait_scale is {self.wait_scale} but stage prod refuses to shorten waits: leave it at 1")
        if self.wait_scale <= 0:
            raise StageRefused(f"wait_scale must be above 0, not {self.wait_scale}")
        _check_budget(self)
        _check_front(self)
        _check_lake(self)

    @property
    def has_distribution(self) -> bool:
        return self.front and not self.on_this_machine

    def concurrency_of(self, function: str) -> int | None:
        """None: nothing is reserved."""
        reserved = self.collect_concurrency if function == "collect" else self.concurrency.get(function, 0)
        return reserved or None

    def memory_of(self, function: str) -> int:
        return self.memory.get(function, DEFAULT_MEMORY_MB)


def stages() -> Mapping[str, Stage]:
    return {
        "dev": Stage(name="dev", collect_concurrency=10),
        "prod": Stage(
            name="prod",
            collect_concurrency=200,
            front=True,
            retains=True,
            point_in_time_recovery=True,
            alarms=True,
            log_retention_days=30,
            definitions_ttl_seconds=60,
        ),
        "local": Stage(
            name="local",
            on_this_machine=True,
            front=True,
            scheduled_tick=False,
            wait_scale=1 / 240,
            tick_horizon_seconds=2,
            definitions_ttl_seconds=1,
            queue_concurrency=2,
            queue_window_seconds=1,
            lake_batch=100,
            lake_window_seconds=1,
            land_patience=1 / 60,
        ),
    }


def stage_from_context(read: Callable[[str], object]) -> Stage:
    """``read`` answers a context key or None. Raises StageRefused for an unknown stage, a mistyped or a contradictory option."""
    name = str(read("stage") or "dev")
    preset = stages().get(name)
    if preset is None:
        raise StageRefused(f"unknown stage {name!r}: use one of {', '.join(stages())}")
    overrides = {item.name: read(item.name) for item in fields(Stage) if item.name != "name"}
    changes: dict[str, Any] = {key: _typed(key, raw, getattr(preset, key)) for key, raw in overrides.items() if raw is not None}
    return replace(preset, **changes)


def _typed(key: str, raw: object, default: object) -> Any:
    """The CDK CLI hands every ``-c`` value over as a string."""
    if isinstance(default, Mapping):
        return {**default, **_by_function(key, raw)}
    if isinstance(default, bool):
        return _flag(key, raw)
    try:
        return type(default)(str(raw))  # type: ignore[call-arg]
    except ValueError as error:
        raise StageRefused(f"{key} is not a number: {raw!r}") from error


def _flag(key: str, raw: object) -> bool:
    text = str(raw).lower()
    if text not in {"true", "false"}:
        raise StageRefused(f"{key} must be true or false, not {raw!r}")
    return text == "true"


def _by_function(key: str, raw: object) -> dict[str, int]:
    if not isinstance(raw, Mapping):
        raise StageRefused(f"{key} must be a mapping of functions to numbers in cdk.json")
    return {str(function): int(str(number)) for function, number in raw.items()}


def _check_budget(stage: Stage) -> None:
    if stage.monthly_budget_usd < 0:
        raise StageRefused(f"monthly_budget_usd must not be below 0: it is {stage.monthly_budget_usd}")
    if stage.monthly_budget_usd and "@" not in stage.budget_email:
        raise StageRefused("monthly_budget_usd needs budget_email: the address that is told")


def _check_front(stage: Stage) -> None:
    if stage.front_price_class not in {"100", "200", "all"}:
        raise StageRefused(f"front_price_class is 100, 200 or all, not {stage.front_price_class!r}")
    if bool(stage.front_domain) != bool(stage.front_certificate_arn):
        raise StageRefused("front_domain and front_certificate_arn go together: CloudFront answers a domain only with its certificate")
    if stage.front_certificate_arn and ":us-east-1:" not in stage.front_certificate_arn:
        raise StageRefused("front_certificate_arn must be a certificate in us-east-1: CloudFront reads them there only")
    if not stage.front and (stage.front_domain or stage.front_web_acl_arn):
        raise StageRefused("front_domain and front_web_acl_arn need front=true")


def _check_lake(stage: Stage) -> None:
    if not 1 <= stage.lake_batch <= 10_000:
        raise StageRefused(f"lake_batch is from 1 to 10,000, not {stage.lake_batch:,}")
    if not 1 <= stage.lake_window_seconds <= 300:
        raise StageRefused(f"lake_window_seconds is from 1 to 300, not {stage.lake_window_seconds:,}: Lambda gathers no longer")
    if not 0 < stage.land_patience <= 1:
        raise StageRefused(f"land_patience is above 0 and at most 1, not {stage.land_patience}")
    if stage.query_gigabytes < 1:
        raise StageRefused(f"query_gigabytes must be at least 1, not {stage.query_gigabytes:,}")
