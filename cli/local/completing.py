"""What the emulator's CloudFormation leaves out without a word, done by API from the same templates: dead-letter queues and expiry."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from cli.deployment import Deployment

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def complete(deployment: Deployment, assembly: Path) -> None:
    """Idempotent. Without it a message that fails for ever comes back for ever, and nothing expires."""
    for path in sorted(assembly.glob("*.template.json")):
        template = orjson.loads(path.read_bytes())
        stack = path.name.removesuffix(".template.json")
        names = _physical_names(deployment, stack)
        _redrive(deployment.sqs, template, names)
        _expire(deployment, template, names)


def _physical_names(deployment: Deployment, stack: str) -> dict[str, str]:
    resources = deployment.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources if "PhysicalResourceId" in each}


def _redrive(sqs: "SQSClient", template: dict[str, Any], names: dict[str, str]) -> None:
    for logical, properties in _resources(template, "AWS::SQS::Queue"):
        policy = properties.get("RedrivePolicy")
        if policy is None:
            continue
        dead = names[policy["deadLetterTargetArn"]["Fn::GetAtt"][0]]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = orjson.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": policy["maxReceiveCount"]}).decode()
        sqs.set_queue_attributes(QueueUrl=names[logical], Attributes={"RedrivePolicy": redrive})


def _expire(deployment: Deployment, template: dict[str, Any], names: dict[str, str]) -> None:
    for logical, properties in _resources(template, "AWS::DynamoDB::Table"):
        if "TimeToLiveSpecification" in properties:
            attribute = properties["TimeToLiveSpecification"]["AttributeName"]
            deployment.dynamodb.update_time_to_live(
                TableName=names[logical], TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
            )


def _resources(template: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for logical, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield logical, resource["Properties"]
