"""What each function may do, on which store: one table to review. Actions are listed, never prefixed; a transaction needs its parts'."""

from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from infra.event_log import TIME_INDEX
from infra.function import Function
from infra.journeys import DUE_INDEX
from infra.messaging import UNDECIDED_INDEX

if TYPE_CHECKING:
    from infra.platform import PlatformStack

GET = "dynamodb:GetItem"
GET_MANY = "dynamodb:BatchGetItem"
QUERY = "dynamodb:Query"
PUT = "dynamodb:PutItem"
DELETE = "dynamodb:DeleteItem"
PUT_MANY = "dynamodb:BatchWriteItem"
UPDATE = "dynamodb:UpdateItem"
CHECK = "dynamodb:ConditionCheckItem"


def grant(stack: "PlatformStack") -> None:
    _grant_tables(stack)
    _grant_indexes(stack)
    _grant_usage(stack)
    _grant_queues_and_bus(stack)
    _grant_keys(stack)
    _grant_stream(stack)
    _grant_providers(stack)
    _grant_definitions(stack)
    _grant_reject_bodies(stack)


type TableGrant = tuple[Function, dynamodb.Table, list[str]]


def _grant_tables(stack: "PlatformStack") -> None:
    for function, table, actions in (
        *_of_the_log(stack),
        *_of_the_background(stack),
        *_of_journeys_and_messages(stack),
        *_of_people_asking(stack),
    ):
        function.grant(actions, table.table_arn)


def _of_the_log(stack: "PlatformStack") -> list[TableGrant]:
    collect, stitch = stack.log.collect, stack.identity.stitch
    return [
        (collect, stack.log.events, [PUT]),
        (collect, stack.access.access, [GET]),
        (collect, stack.log.rejects, [PUT_MANY, UPDATE]),
        (stack.log.drain, stack.log.events, [PUT]),
        (stitch, stack.log.events, [GET, QUERY, UPDATE]),
        (stitch, stack.log.rejects, [PUT_MANY, UPDATE]),
        (stitch, stack.identity.identities, [GET_MANY, QUERY, PUT, UPDATE, DELETE, CHECK]),
        (stitch, stack.profiles.profiles, [GET_MANY, QUERY, PUT, UPDATE, CHECK]),
        (stitch, stack.privacy.privacy, [GET, QUERY, PUT, UPDATE, DELETE]),
        (stitch, stack.journeys.journeys, [GET]),
    ]


def _of_the_background(stack: "PlatformStack") -> list[TableGrant]:
    """As stitch on people, but it does not take events up."""
    resolve = stack.identity.resolve
    return [
        (resolve, stack.log.events, [QUERY, UPDATE]),
        (resolve, stack.identity.identities, [GET_MANY, QUERY, PUT, UPDATE, DELETE, CHECK]),
        (resolve, stack.profiles.profiles, [GET_MANY, QUERY, PUT, UPDATE, CHECK]),
        (resolve, stack.privacy.privacy, [GET, QUERY, PUT, UPDATE, DELETE]),
        (resolve, stack.journeys.journeys, [GET, QUERY]),
        (resolve, stack.messaging.messages, [QUERY]),
    ]


def _of_journeys_and_messages(stack: "PlatformStack") -> list[TableGrant]:
    journey, send, publish = stack.journeys.journey, stack.messaging.send, stack.definitions.publish
    identities, profiles, journeys = stack.identity.identities, stack.profiles.profiles, stack.journeys.journeys
    return [
        (journey, stack.log.events, [GET, QUERY]),
        (journey, identities, [GET_MANY, QUERY]),
        (journey, profiles, [GET_MANY, PUT]),
        (journey, journeys, [GET, QUERY, PUT]),
        (stack.journeys.tick, stack.messaging.messages, [UPDATE]),
        (send, stack.log.events, [GET, QUERY]),
        (send, identities, [GET_MANY, QUERY, CHECK]),
        (send, profiles, [GET_MANY, PUT]),
        (send, journeys, [GET, CHECK]),
        (send, stack.messaging.messages, [GET, GET_MANY, PUT, UPDATE, CHECK]),
        (send, stack.privacy.privacy, [GET_MANY]),
        (publish, stack.access.access, [GET, PUT]),
        (publish, journeys, [GET, PUT]),
    ]


def _of_people_asking(stack: "PlatformStack") -> list[TableGrant]:
    links, api = stack.privacy.links, stack.profiles.api
    return [
        (links, stack.log.events, [PUT]),
        (links, stack.identity.identities, [GET_MANY, UPDATE]),
        (links, stack.privacy.privacy, [GET, GET_MANY, PUT]),
        (api, stack.log.events, [GET, QUERY, PUT]),
        (api, stack.identity.identities, [GET_MANY, QUERY, PUT, DELETE, CHECK]),
        (api, stack.profiles.profiles, [GET_MANY]),
        (api, stack.journeys.journeys, [GET, QUERY]),
        (api, stack.messaging.messages, [QUERY]),
        (api, stack.privacy.privacy, [QUERY]),
        (api, stack.log.rejects, [GET, QUERY, PUT_MANY, UPDATE]),
        (api, stack.access.access, [GET]),
        (stack.access.authorizer, stack.access.access, [GET]),
    ]


def _grant_indexes(stack: "PlatformStack") -> None:
    stack.journeys.tick.grant([QUERY], f"{stack.journeys.journeys.table_arn}/index/{DUE_INDEX}")
    stack.journeys.tick.grant([QUERY], f"{stack.messaging.messages.table_arn}/index/{UNDECIDED_INDEX}")
    stack.profiles.api.grant([QUERY], f"{stack.log.rejects.table_arn}/index/{TIME_INDEX}")


def _grant_usage(stack: "PlatformStack") -> None:
    """The counts of the limits alone: a function that everybody can reach must not be able to change a key or a definition."""
    counts = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["U#*"]}}
    table = stack.access.access.table_arn
    stack.log.collect.role.add_to_policy(iam.PolicyStatement(actions=[UPDATE], resources=[table], conditions=counts))


def _grant_queues_and_bus(stack: "PlatformStack") -> None:
    overflow, journey, send = stack.log.overflow.queue, stack.journeys.queue.queue, stack.messaging.queue.queue
    background = stack.identity.background.queue
    for function, queue in (
        (stack.log.collect, overflow),
        (stack.profiles.api, overflow),
        (stack.profiles.api, stack.identity.replay.queue),
        (stack.profiles.api, background),
        (stack.identity.stitch, background),
        (stack.identity.stitch, stack.identity.replay.queue),
        (stack.identity.resolve, background),
        (stack.journeys.journey, journey),
        (stack.journeys.journey, send),
        (stack.journeys.tick, journey),
        (stack.messaging.send, journey),
    ):
        function.grant(["sqs:SendMessage"], queue.queue_arn)
    for function in (stack.identity.stitch, stack.identity.resolve, stack.profiles.api):
        function.grant(["events:PutEvents"], stack.journeys.bus.event_bus_arn)


def _grant_keys(stack: "PlatformStack") -> None:
    person, link = stack.keys.person_arn, stack.keys.link_arn
    for function in (stack.identity.stitch, stack.identity.resolve, stack.profiles.api, stack.journeys.journey):
        function.grant(["ssm:GetParameters"], person)
    for function in (stack.log.collect, stack.messaging.send):
        function.grant(["ssm:GetParameters"], person, link)
    stack.privacy.links.grant(["ssm:GetParameters"], link)
    stack.log.collect.grant(["ssm:GetParameters"], stack.keys.signing_arn)
    stack.keys.setup.grant(["ssm:PutParameter"], person, link, stack.keys.signing_arn)
    # The front's proof is derived from it.
    stack.keys.setup.grant(["ssm:GetParameter"], link)


def _grant_stream(stack: "PlatformStack") -> None:
    """The stream's poller acts as the function's role."""
    stitch, failures = stack.identity.stitch, stack.log.failures
    stream = stack.log.events.table_stream_arn or ""
    stitch.grant(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], stream)
    stitch.grant(["dynamodb:ListStreams"], "*")
    stitch.acknowledge_wildcard("*", "dynamodb:ListStreams, which Lambda asks for on a stream source, takes no resource.")
    stitch.grant(["s3:ListBucket"], failures.bucket_arn)
    stitch.grant(["s3:PutObject"], failures.arn_for_objects("*"))
    stitch.acknowledge_wildcard(failures.arn_for_objects("*"), "Lambda names the objects that it leaves in the failures' bucket.")


def _grant_providers(stack: "PlatformStack") -> None:
    send = stack.messaging.send
    name = stack.messaging.configuration_set.configuration_set_name
    senders = stack.format_arn(service="ses", resource="identity", resource_name="*")
    reports = stack.format_arn(service="ses", resource="configuration-set", resource_name=name)
    # SES asks for SendRawEmail too where the content of a SendEmail is a whole MIME message.
    send.grant(["ses:SendEmail", "ses:SendRawEmail"], senders, reports)
    send.acknowledge_wildcard(senders, "The brand's sender is a definition: it changes without the platform.")
    send.grant(["sns:Publish"], "*")
    send.acknowledge_wildcard("*", "sns:Publish to a telephone number: a number has no ARN.")


def _grant_definitions(stack: "PlatformStack") -> None:
    versions, publish, send = stack.definitions.bucket, stack.definitions.publish, stack.messaging.send
    for reader in (stack.journeys.journey, send):
        reader.grant(["s3:GetObject"], versions.arn_for_objects("journeys/*"))
        reader.acknowledge_wildcard(versions.arn_for_objects("journeys/*"), "An object per journey and version.")
    for function in (stack.journeys.journey, send, publish):
        # Without it S3 answers a missing object as forbidden.
        function.grant(["s3:ListBucket"], versions.bucket_arn)
    publish.grant(["s3:GetObject", "s3:PutObject"], versions.arn_for_objects("journeys/*"))
    publish.acknowledge_wildcard(versions.arn_for_objects("journeys/*"), "An object per journey and version.")
    qualifier = stack.synthesizer.bootstrap_qualifier
    bundles = f"arn:{stack.partition}:s3:::cdk-{qualifier}-assets-{stack.account}-{stack.region}/*"
    publish.grant(["s3:GetObject"], bundles)
    publish.acknowledge_wildcard(bundles, "The bundle's key is its content's hash.")


def _grant_reject_bodies(stack: "PlatformStack") -> None:
    """What was refused may be retried: the API function does with it what the collector does."""
    bodies = stack.log.reject_bodies
    objects = bodies.arn_for_objects("rejects/*")
    reason = "An object per refusal whose body is too long for the table."
    stack.log.collect.grant(["s3:PutObject"], objects)
    stack.profiles.api.grant(["s3:GetObject", "s3:PutObject"], objects)
    # Without it S3 answers a missing object as forbidden.
    stack.profiles.api.grant(["s3:ListBucket"], bodies.bucket_arn)
    for function in (stack.log.collect, stack.profiles.api):
        function.acknowledge_wildcard(objects, reason)
