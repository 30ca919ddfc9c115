"""What a table and a bucket are here: on demand, encrypted, kept or disposable by stage."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.checks import acknowledge
from infra.stage import Stage


def removal_policy(stage: Stage) -> cdk.RemovalPolicy:
    return cdk.RemovalPolicy.RETAIN if stage.retains else cdk.RemovalPolicy.DESTROY


def table(scope: Construct, construct_id: str, *, stage: Stage, expires: bool = False, streams: bool = False) -> dynamodb.Table:
    """Keys ``pk`` and ``sk``; with ``expires`` items go at ``x`` (epoch seconds). AWS-owned keys: free, where a KMS key bills monthly."""
    made = dynamodb.Table(
        scope,
        construct_id,
        partition_key=_string("pk"),
        sort_key=_string("sk"),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.DEFAULT,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=stage.point_in_time_recovery
        ),
        time_to_live_attribute="x" if expires else None,
        stream=dynamodb.StreamViewType.NEW_IMAGE if streams else None,
        deletion_protection=stage.retains,
        removal_policy=removal_policy(stage),
    )
    if not stage.point_in_time_recovery:
        acknowledge(made, {"AwsSolutions-DDB3": "Continuous backups bill at rest; this stage's data is disposable."})
    return made


def sparse_index(store: dynamodb.Table, name: str, *, partition: str, sort: str, holds: tuple[str, ...] | None = None) -> None:
    """An index of only the items that carry both attributes: their keys and what it ``holds``, whole items where that is not said."""
    kinds = dynamodb.ProjectionType
    store.add_global_secondary_index(
        index_name=name,
        partition_key=_string(partition),
        sort_key=_string(sort),
        projection_type=kinds.ALL if holds is None else kinds.INCLUDE if holds else kinds.KEYS_ONLY,
        non_key_attributes=list(holds) if holds else None,
    )


def bucket(scope: Construct, construct_id: str, *, stage: Stage, expires_after: cdk.Duration | None = None) -> s3.Bucket:
    made = s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        lifecycle_rules=[s3.LifecycleRule(expiration=expires_after, abort_incomplete_multipart_upload_after=cdk.Duration.days(7))],
        removal_policy=removal_policy(stage),
    )
    acknowledge(made, {"AwsSolutions-S1": "Written and read by this stack's functions alone; access logs would need another bucket."})
    return made


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
