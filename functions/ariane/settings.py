"""What each function is told by its environment. One frozen model per handler; a missing value fails the cold start by its name."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings:
    """Common to every function. The environment's name of a field is the field's, in capitals."""

    log_level: str = "INFO"
    stage: str = "dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSettings(FunctionSettings):
    events_table: str
    access_table: str
    rejects_table: str
    reject_bodies_bucket: str
    overflow_queue_url: str
    person_key_parameter: str
    link_key_parameter: str
    signing_key_parameter: str
    retention_days: int
    public_url: str
    definitions_ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverflowSettings(FunctionSettings):
    events_table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StitchSettings(FunctionSettings):
    events_table: str
    identities_table: str
    profiles_table: str
    privacy_table: str
    journeys_table: str
    rejects_table: str
    bus_name: str
    replay_queue_url: str
    resolve_queue_url: str
    evaluate_queue_url: str
    person_key_parameter: str
    definitions_ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveSettings(FunctionSettings):
    events_table: str
    identities_table: str
    profiles_table: str
    privacy_table: str
    journeys_table: str
    messages_table: str
    bus_name: str
    resolve_queue_url: str
    evaluate_queue_url: str
    person_key_parameter: str
    definitions_ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentsSettings(FunctionSettings):
    exports_bucket: str
    events_table: str
    identities_table: str
    profiles_table: str
    privacy_table: str
    journeys_table: str
    bus_name: str
    resolve_queue_url: str
    evaluate_queue_url: str
    person_key_parameter: str
    definitions_ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneySettings(FunctionSettings):
    events_table: str
    identities_table: str
    profiles_table: str
    journeys_table: str
    privacy_table: str
    definitions_bucket: str
    journey_queue_url: str
    send_queue_url: str
    person_key_parameter: str
    wait_scale: float
    definitions_ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSettings(FunctionSettings):
    journeys_table: str
    messages_table: str
    profiles_table: str
    journey_queue_url: str
    evaluate_queue_url: str
    tick_horizon_seconds: int
    definitions_ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSettings(FunctionSettings):
    events_table: str
    identities_table: str
    profiles_table: str
    journeys_table: str
    messages_table: str
    privacy_table: str
    definitions_bucket: str
    journey_queue_url: str
    configuration_set: str
    person_key_parameter: str
    link_key_parameter: str
    public_url: str
    definitions_ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksSettings(FunctionSettings):
    events_table: str
    identities_table: str
    privacy_table: str
    link_key_parameter: str
    retention_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings(FunctionSettings):
    events_table: str
    identities_table: str
    profiles_table: str
    journeys_table: str
    messages_table: str
    privacy_table: str
    access_table: str
    rejects_table: str
    reject_bodies_bucket: str
    overflow_queue_url: str
    replay_queue_url: str
    resolve_queue_url: str
    evaluate_queue_url: str
    bus_name: str
    imports_table: str
    imports_bucket: str
    imports_queue_url: str
    person_key_parameter: str
    retention_days: int
    definitions_ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizerSettings(FunctionSettings):
    access_table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupSettings(FunctionSettings):
    person_key_parameter: str
    link_key_parameter: str
    signing_key_parameter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportsSettings(FunctionSettings):
    events_table: str
    access_table: str
    imports_table: str
    imports_bucket: str
    imports_queue_url: str
    overflow_queue_url: str
    person_key_parameter: str
    retention_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSettings(FunctionSettings):
    access_table: str
    journeys_table: str
    definitions_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeSettings(FunctionSettings):
    events_table: str
    identities_table: str
    profiles_table: str
    journeys_table: str
    lake_bucket: str
    land_queue_url: str
    land_patience: float
    person_key_parameter: str
    definitions_ttl_seconds: int


HANDLERS: Mapping[str, type[FunctionSettings]] = {
    "collect": CollectSettings,
    "overflow": OverflowSettings,
    "stitch": StitchSettings,
    "resolve": ResolveSettings,
    "segments": SegmentsSettings,
    "journey": JourneySettings,
    "tick": TickSettings,
    "send": SendSettings,
    "links": LinksSettings,
    "api": ApiSettings,
    "authorizer": AuthorizerSettings,
    "setup": SetupSettings,
    "publish": PublishSettings,
    "imports": ImportsSettings,
    "lake": LakeSettings,
}
"""Handler module name -> its settings. A test holds the CDK app to it."""


def environment_names(model: "type[DataclassInstance]") -> frozenset[str]:
    return frozenset(field.name.upper() for field in fields(model))


def load[S: FunctionSettings](model: type[S], environment: Mapping[str, str]) -> S:
    """Reads ``model`` from the environment. Raises ValueError naming the first variable that is missing or mistyped."""
    values: dict[str, Any] = {}
    for field in fields(model):
        name = field.name.upper()
        raw = environment.get(name)
        if raw is None or raw == "":
            if field.default is MISSING:
                raise ValueError(f"the environment variable {name} is missing")
            continue
        values[field.name] = _typed(name, raw, field.type)
    return model(**values)


def _typed(name: str, raw: str, kind: object) -> str | int | float:
    try:
        return int(raw) if kind is int else float(raw) if kind is float else raw
    except ValueError as error:
        raise ValueError(f"the environment variable {name} is not a number: {raw!r}") from error
