"""The platform stack: composes the capabilities, gives every function its environment and its grants, and says where things are."""

import aws_cdk as cdk
from constructs import Construct

from infra import grants
from infra.access import Access
from infra.budget import add_budget
from infra.bundling import COLLECT_REQUIREMENTS, lambda_code
from infra.definitions import Definitions
from infra.event_log import EventLog
from infra.front import Front
from infra.function import Runtime
from infra.http_apis import CollectorApi, ProfileApi
from infra.identity import Identity
from infra.imports import Imports
from infra.journeys import Journeys
from infra.keys import Keys
from infra.lake import Lake
from infra.messaging import Messaging
from infra.privacy import Privacy
from infra.profiles import Profiles
from infra.segments import Segments
from infra.stage import Stage


class PlatformStack(cdk.Stack):
    """Stores first, then functions (they are told the stores' names), then what feeds them."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id, stack_name=construct_id, termination_protection=stage.retains)
        self.stage_options = stage
        self._add_stores(stage)
        self._add_functions(stage)
        grants.grant(self)
        self.log.stream_to(self.identity.stitch)
        self.lake.stream_from(self.log.events, self.log.failures)
        self.lake.hear(self.journeys.bus)
        self.collector.route(collect=self.log.collect, links=self.privacy.links)
        self.profile_api.route(api=self.profiles.api, authorizer=self.access.authorizer)
        add_budget(self, stage=stage)
        self._say_where()

    def _add_stores(self, stage: Stage) -> None:
        self.log = EventLog(self, "EventLog", stage=stage)
        self.identity = Identity(self, "Identity", stage=stage)
        self.keys = Keys(self, "Keys", stage=stage)
        self.profiles = Profiles(self, "Profiles", stage=stage)
        self.journeys = Journeys(self, "Journeys", stage=stage)
        self.segments = Segments(self, "Segments", stage=stage, journeys=self.journeys)
        self.messaging = Messaging(self, "Messaging", stage=stage)
        self.privacy = Privacy(self, "Privacy", stage=stage)
        self.access = Access(self, "Access", stage=stage)
        self.definitions = Definitions(self, "Definitions", stage=stage)
        self.imports = Imports(self, "Imports", stage=stage)
        self.lake = Lake(self, "Lake", stage=stage)
        self.collector = CollectorApi(self, "Collector", stage=stage)
        self.profile_api = ProfileApi(self, "ProfileApi", stage=stage)

    def _add_functions(self, stage: Stage) -> None:
        """Setup first: it tells what the front proves itself with, and the others are told the front's address."""
        code, environment = lambda_code(stage), self._environment(stage)
        self.keys.add_functions(Runtime(stage=stage, code=code, environment=environment))
        self.keys.make(front=stage.has_distribution)
        self.collect_url = self._put_front_up(stage)
        public_url = stage.public_url or self.collect_url
        runtime = Runtime(stage=stage, code=code, environment={**environment, "PUBLIC_URL": public_url})
        self.log.add_functions(runtime, collect_code=lambda_code(runtime.stage, requirements=COLLECT_REQUIREMENTS))
        self.identity.add_functions(runtime)
        self.profiles.add_functions(runtime)
        self.journeys.add_functions(runtime)
        self.segments.add_functions(runtime)
        self.messaging.add_functions(runtime)
        self.privacy.add_functions(runtime)
        self.access.add_functions(runtime)
        self.definitions.add_functions(runtime)
        self.imports.add_functions(runtime)
        self.lake.add_functions(runtime)

    def _put_front_up(self, stage: Stage) -> str:
        """Where clients send to: the front, or the API itself."""
        if not stage.has_distribution:
            return self.collector.url
        front = Front(self, "Front", stage=stage, api_domain=self.collector.domain, proof=self.keys.front_proof)
        cdk.CfnOutput(self, "FrontDomain", value=front.domain)
        return front.url

    def _environment(self, stage: Stage) -> dict[str, str]:
        """Of all functions, but for PUBLIC_URL."""
        return {
            "STAGE": stage.name,
            "LOG_LEVEL": stage.log_level,
            "EVENTS_TABLE": self.log.events.table_name,
            "REJECTS_TABLE": self.log.rejects.table_name,
            "IDENTITIES_TABLE": self.identity.identities.table_name,
            "PROFILES_TABLE": self.profiles.profiles.table_name,
            "JOURNEYS_TABLE": self.journeys.journeys.table_name,
            "MESSAGES_TABLE": self.messaging.messages.table_name,
            "PRIVACY_TABLE": self.privacy.privacy.table_name,
            "ACCESS_TABLE": self.access.access.table_name,
            "DEFINITIONS_BUCKET": self.definitions.bucket.bucket_name,
            "REJECT_BODIES_BUCKET": self.log.reject_bodies.bucket_name,
            "LAKE_BUCKET": self.lake.bucket.bucket_name,
            "LAND_QUEUE_URL": self.lake.land.queue.queue_url,
            "LAND_PATIENCE": repr(stage.land_patience),
            "IMPORTS_TABLE": self.imports.imports.table_name,
            "IMPORTS_BUCKET": self.imports.files.bucket_name,
            "IMPORTS_QUEUE_URL": self.imports.queue.queue.queue_url,
            "REPLAY_QUEUE_URL": self.identity.replay.queue.queue_url,
            "RESOLVE_QUEUE_URL": self.identity.background.queue.queue_url,
            "EVALUATE_QUEUE_URL": self.segments.queue.queue.queue_url,
            "EXPORTS_BUCKET": self.segments.exports.bucket_name,
            "OVERFLOW_QUEUE_URL": self.log.overflow.queue.queue_url,
            "JOURNEY_QUEUE_URL": self.journeys.queue.queue.queue_url,
            "SEND_QUEUE_URL": self.messaging.queue.queue.queue_url,
            "BUS_NAME": self.journeys.bus.event_bus_name,
            "CONFIGURATION_SET": self.messaging.configuration_set.configuration_set_name,
            "PERSON_KEY_PARAMETER": self.keys.person_parameter,
            "LINK_KEY_PARAMETER": self.keys.link_parameter,
            "SIGNING_KEY_PARAMETER": self.keys.signing_parameter,
            "RETENTION_DAYS": str(stage.retention_days),
            "WAIT_SCALE": repr(stage.wait_scale),
            "TICK_HORIZON_SECONDS": str(stage.tick_horizon_seconds),
            "DEFINITIONS_TTL_SECONDS": str(stage.definitions_ttl_seconds),
        }

    def _say_where(self) -> None:
        """Read by the CLI and the local run, by these names."""
        places = {
            "CollectUrl": self.collect_url,
            "CollectApiUrl": self.collector.url,
            "ApiUrl": self.profile_api.url,
            "BusName": self.journeys.bus.event_bus_name,
            "EventsTable": self.log.events.table_name,
            "RejectsTable": self.log.rejects.table_name,
            "IdentitiesTable": self.identity.identities.table_name,
            "ProfilesTable": self.profiles.profiles.table_name,
            "JourneysTable": self.journeys.journeys.table_name,
            "MessagesTable": self.messaging.messages.table_name,
            "PrivacyTable": self.privacy.privacy.table_name,
            "AccessTable": self.access.access.table_name,
            "DefinitionsBucket": self.definitions.bucket.bucket_name,
            "StreamFailuresBucket": self.log.failures.bucket_name,
            "LakeBucket": self.lake.bucket.bucket_name,
            "LandQueueUrl": self.lake.land.queue.queue_url,
            "LakeDatabase": self.lake.catalogue.database,
            "LakeWorkgroup": self.lake.catalogue.workgroup,
            "ImportsTable": self.imports.imports.table_name,
            "ImportsBucket": self.imports.files.bucket_name,
            "ImportsQueueUrl": self.imports.queue.queue.queue_url,
            "ReplayQueueUrl": self.identity.replay.queue.queue_url,
            "ResolveQueueUrl": self.identity.background.queue.queue_url,
            "EvaluateQueueUrl": self.segments.queue.queue.queue_url,
            "ExportsBucket": self.segments.exports.bucket_name,
            "OverflowQueueUrl": self.log.overflow.queue.queue_url,
            "JourneyQueueUrl": self.journeys.queue.queue.queue_url,
            "SendQueueUrl": self.messaging.queue.queue.queue_url,
            "TickFunction": self.journeys.tick.resource.function_name,
            "ConfigurationSet": self.messaging.configuration_set.configuration_set_name,
        }
        for name, value in places.items():
            cdk.CfnOutput(self, name, value=value)
