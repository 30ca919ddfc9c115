"""The publish function's service: a bundle from the asset bucket into the tables and the bucket of versions."""

from collections.abc import Callable, Mapping
from typing import Any

from ariane.adapters.aws.custom_resource import CustomResource
from ariane.adapters.aws.definitions import DynamoDocuments, S3Bundles, S3Versions
from ariane.definitions.bundle import read_zip
from ariane.definitions.publish import Publisher
from ariane.settings import PublishSettings
from ariane.wiring.clients import client


def published_definitions(settings: Callable[[], PublishSettings]) -> CustomResource:
    """Reads the settings when it is asked to do something, so that a missing one is answered to the stack too."""

    def put(properties: Mapping[str, Any]) -> None:
        content = S3Bundles(client("s3")).fetch(properties["Bucket"], properties["Key"])
        _publisher(settings()).publish(read_zip(content))

    def delete() -> None:
        _publisher(settings()).retire()

    return CustomResource(resource_id="ariane-definitions", put=put, delete=delete)


def _publisher(settings: PublishSettings) -> Publisher:
    dynamodb = client("dynamodb")
    documents = DynamoDocuments(dynamodb, table=settings.journeys_table)
    return Publisher(
        documents=documents,
        pointers=documents,
        versions=S3Versions(client("s3"), bucket=settings.definitions_bucket),
        collect=DynamoDocuments(dynamodb, table=settings.access_table),
    )
