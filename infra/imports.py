"""Imports: the bucket that files are uploaded to, the queue that S3 tells of them, the function that takes them in, their table."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import bucket, table
from infra.work_queue import WorkQueue

IMPORT_TIMEOUT = cdk.Duration.minutes(15)
"""A run hands itself on before, but looks at a file, and passes over what came in before, at one go. A killed one comes again after six
times that, or once the import is begun again."""
KEPT_FOR = cdk.Duration.days(30)
"""Files and reports: they hold personal data. What they brought is in the log."""
UPLOADS = "uploads/"
IMPORT_CONCURRENCY = 2
"""Files at a time: an import must not take the log's throughput, or stitching, from what happens now."""


class Imports(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.imports = table(self, "Imports", stage=stage)
        self.files = bucket(self, "Files", stage=stage, expires_after=KEPT_FOR)
        self.queue = WorkQueue(self, "Queue", stage=stage, name="imports", worker_timeout=IMPORT_TIMEOUT)
        self._notify()

    def add_functions(self, runtime: Runtime) -> None:
        # A long file comes to it again and again: messages of its own.
        self.importer = Function(self, "Importer", handler="imports", runtime=runtime, timeout=IMPORT_TIMEOUT, loops=True)
        self.queue.feed(self.importer, batch=1, concurrency=IMPORT_CONCURRENCY)

    def _notify(self) -> None:
        """By the bucket's own property: the CDK's way would be a function beside it. The name that the queue's policy would ask for is
        known only with the bucket, and S3 tries the queue when the bucket is made: so the policy asks for the account."""
        allowed = self.queue.queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                resources=[self.queue.queue.queue_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        prefix = s3.CfnBucket.FilterRuleProperty(name="prefix", value=UPLOADS)
        made = self.files.node.default_child
        if not isinstance(made, s3.CfnBucket):
            raise TypeError("the bucket has no CloudFormation resource")
        made.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=self.queue.queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[prefix])),
                )
            ]
        )
        if allowed.policy_dependable is not None:
            made.node.add_dependency(allowed.policy_dependable)
