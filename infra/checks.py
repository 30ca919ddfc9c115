"""The gate: cdk-nag's AwsSolutions pack over the app, and how a construct acknowledges a finding."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Acknowledgment, App, Stack, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def guard(app: App) -> None:
    """Synth fails on any AwsSolutions finding that its construct does not acknowledge."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """``reasons`` by rule; a granular rule carries its bracket, as in ``AwsSolutions-IAM5[Resource::*]``."""
    Validations.of(construct).acknowledge(*(Acknowledgment(id=rule, reason=reason) for rule, reason in reasons.items()))


def as_printed(stack: Stack, value: str) -> str:
    """A value with references, as cdk-nag prints it in a granular rule: ``<LogicalId.Arn>/*``."""
    return _flat(stack.resolve(value))


def _flat(value: Any) -> str:
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flat(part) for part in parts)
        case _:
            return str(value)
