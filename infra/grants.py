"""What each function may do, on which store: one table to review. Actions are listed, never prefixed; a transaction needs its parts'."""

from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from infra.event_log import TIME_INDEX
from infra.function import Function
from infra.journeys import DUE_INDEX
from infra.messaging import UNDECIDED_INDEX
from infra.profiles import DUE_INDEX as PEOPLE_DUE_INDEX

if TYPE_CHECKING:
    from infra.platform import PlatformStack

GET = "dynamodb:GetItem"
GET_MANY = "dynamodb:BatchGetItem"
QUERY = "dynamodb:Query"
SCAN = "dynamodb:Scan"
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
    _grant_lake(stack)
    _grant_providers(stack)
    _grant_definitions(stack)
    _grant_reject_bodies(stack)
    _grant_import_files(stack)
    _grant_exports(stack)


type TableGrant = tuple[Function, dynamodb.Table, list[str]]


def _grant_tables(stack: "PlatformStack") -> None:
    for function, table, actions in (
        *_of_the_log(stack),
        *_of_the_background(stack),
        *_of_segments(stack),
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
        (stack.lake.lake, stack.log.events, [GET, QUERY]),
        (stack.lake.lake, stack.identity.identities, [GET_MANY, QUERY]),
        (stack.lake.lake, stack.profiles.profiles, [GET_MANY]),
        (stack.lake.lake, stack.journeys.journeys, [GET]),
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


def _of_segments(stack: "PlatformStack") -> list[TableGrant]:
    """A backfill folds partitions of the log again, as the background does."""
    segments, tick = stack.segments.evaluator, stack.journeys.tick
    return [
        (segments, stack.log.events, [QUERY, UPDATE]),
        (segments, stack.identity.identities, [GET_MANY, QUERY, UPDATE]),
        (segments, stack.profiles.profiles, [GET_MANY, QUERY, SCAN, PUT, UPDATE, DELETE, CHECK]),
        (segments, stack.privacy.privacy, [GET, QUERY, PUT, UPDATE, DELETE]),
        (segments, stack.journeys.journeys, [GET]),
        (tick, stack.profiles.profiles, [GET, PUT]),
        (tick, stack.journeys.journeys, [GET]),
    ]


def _of_journeys_and_messages(stack: "PlatformStack") -> list[TableGrant]:
    journey, send, publish = stack.journeys.journey, stack.messaging.send, stack.definitions.publish
    identities, profiles, journeys = stack.identity.identities, stack.profiles.profiles, stack.journeys.journeys
    return [
        (journey, stack.log.events, [GET, QUERY]),
        (journey, identities, [GET_MANY, QUERY]),
        (journey, profiles, [GET_MANY, PUT]),
        (journey, stack.privacy.privacy, [QUERY]),
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
        (stack.imports.importer, stack.log.events, [PUT]),
        (stack.imports.importer, stack.access.access, [GET]),
        (stack.imports.importer, stack.imports.imports, [GET, PUT]),
        (api, stack.imports.imports, [GET, QUERY, PUT]),
        (links, stack.identity.identities, [GET_MANY, UPDATE]),
        (links, stack.privacy.privacy, [GET, GET_MANY, PUT]),
        (api, stack.log.events, [GET, QUERY, PUT]),
        (api, stack.identity.identities, [GET_MANY, QUERY, PUT, DELETE, CHECK]),
        (api, stack.profiles.profiles, [GET_MANY, QUERY, PUT]),
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
    for function in (stack.journeys.tick, stack.segments.evaluator):
        function.grant([QUERY], f"{stack.profiles.profiles.table_arn}/index/{PEOPLE_DUE_INDEX}")
    stack.profiles.api.grant([QUERY], f"{stack.log.rejects.table_arn}/index/{TIME_INDEX}")


def _grant_usage(stack: "PlatformStack") -> None:
    """The counts of the limits alone: a function that everybody can reach must not be able to change a key or a definition."""
    counts = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["U#*"]}}
    table = stack.access.access.table_arn
    stack.log.collect.role.add_to_policy(iam.PolicyStatement(actions=[UPDATE], resources=[table], conditions=counts))


def _grant_queues_and_bus(stack: "PlatformStack") -> None:
    overflow, journey, send = stack.log.overflow.queue, stack.journeys.queue.queue, stack.messaging.queue.queue
    background, evaluate = stack.identity.background.queue, stack.segments.queue.queue
    for function, queue in (
        (stack.log.collect, overflow),
        (stack.imports.importer, overflow),
        (stack.imports.importer, stack.imports.queue.queue),
        (stack.profiles.api, stack.imports.queue.queue),
        (stack.profiles.api, overflow),
        (stack.profiles.api, stack.identity.replay.queue),
        (stack.profiles.api, background),
        (stack.identity.stitch, background),
        (stack.identity.stitch, stack.identity.replay.queue),
        (stack.identity.resolve, background),
        (stack.journeys.journey, journey),
        (stack.journeys.journey, send),
        (stack.journeys.tick, journey),
        (stack.identity.stitch, evaluate),
        (stack.identity.resolve, evaluate),
        (stack.segments.evaluator, evaluate),
        (stack.segments.evaluator, background),
        (stack.journeys.tick, evaluate),
        (stack.profiles.api, evaluate),
        (stack.messaging.send, journey),
        (stack.lake.lake, stack.lake.land.queue),
    ):
        function.grant(["sqs:SendMessage"], queue.queue_arn)
    for function in (stack.identity.stitch, stack.identity.resolve, stack.segments.evaluator, stack.profiles.api):
        function.grant(["events:PutEvents"], stack.journeys.bus.event_bus_arn)


def _grant_keys(stack: "PlatformStack") -> None:
    person, link = stack.keys.person_arn, stack.keys.link_arn
    for function in (
        stack.identity.stitch,
        stack.identity.resolve,
        stack.segments.evaluator,
        stack.profiles.api,
        stack.journeys.journey,
        stack.imports.importer,
        stack.lake.lake,
    ):
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
    failures, stream = stack.log.failures, stack.log.events.table_stream_arn or ""
    for reader in (stack.identity.stitch, stack.lake.lake):
        reader.grant(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], stream)
        reader.grant(["dynamodb:ListStreams"], "*")
        reader.acknowledge_wildcard("*", "dynamodb:ListStreams, which Lambda asks for on a stream source, takes no resource.")
        reader.grant(["s3:ListBucket"], failures.bucket_arn)
        reader.grant(["s3:PutObject"], failures.arn_for_objects("*"))
        reader.acknowledge_wildcard(failures.arn_for_objects("*"), "Lambda names the objects that it leaves in the failures' bucket.")


def _grant_lake(stack: "PlatformStack") -> None:
    objects = stack.lake.bucket.arn_for_objects("*")
    stack.lake.lake.grant(["s3:PutObject"], objects)
    stack.lake.lake.acknowledge_wildcard(objects, "An object per batch, named by what is in it.")


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


def _grant_import_files(stack: "PlatformStack") -> None:
    """Whoever has a link that the API made acts as the API function: it puts one file, or gets one report."""
    files, importer, api = stack.imports.files, stack.imports.importer, stack.profiles.api
    uploads, reports = files.arn_for_objects("uploads/*"), files.arn_for_objects("reports/*")
    importer.grant(["s3:GetObject"], uploads)
    importer.grant(["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], reports)
    api.grant(["s3:PutObject"], uploads)
    api.grant(["s3:GetObject"], reports)
    for function in (importer, api):
        # Without it S3 answers a missing object as forbidden.
        function.grant(["s3:ListBucket"], files.bucket_arn)
        for objects in (uploads, reports):
            function.acknowledge_wildcard(objects, "An object per import, and per part of its report.")


def _grant_exports(stack: "PlatformStack") -> None:
    """Whoever fetches the lists is given a role by the brand: none of our functions reads them."""
    bucket, evaluator = stack.segments.exports, stack.segments.evaluator
    lists = bucket.arn_for_objects("exports/*")
    # GetObject is what S3 asks for where only an object's metadata is read; ListBucket, to answer a missing one as missing.
    evaluator.grant(["s3:GetObject", "s3:PutObject"], lists)
    evaluator.grant(["s3:ListBucket"], bucket.bucket_arn)
    evaluator.acknowledge_wildcard(lists, "An object per part of a list.")
