"""Where the stream's poller leaves the batches that it gave up on."""

import jsii
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3


@jsii.implements(lambda_.IEventSourceDlq)
class FailureBucket:
    """The whole failed batch as an object. CDK's own destination would also let the function read and delete what lies there."""

    def __init__(self, bucket: s3.IBucket) -> None:
        self._bucket = bucket

    def bind(self, target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction) -> lambda_.DlqDestinationConfig:  # noqa: ARG002
        return lambda_.DlqDestinationConfig(destination=self._bucket.bucket_arn)
