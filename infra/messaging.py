"""The ledger of messages, the send queue and its function, and the SES configuration set that reports what became of an e-mail."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.function import Function, Runtime
from infra.stage import Stage
from infra.stores import sparse_index, table
from infra.work_queue import WorkQueue

# Three messages at a provider's longest silence (5 s), and their reads and writes.
SEND_TIMEOUT = cdk.Duration.seconds(20)
UNDECIDED_INDEX = "undecided"
REPORTED = [
    ses.EmailSendingEvent.DELIVERY,
    ses.EmailSendingEvent.BOUNCE,
    ses.EmailSendingEvent.COMPLAINT,
    ses.EmailSendingEvent.REJECT,
    ses.EmailSendingEvent.DELIVERY_DELAY,
    ses.EmailSendingEvent.RENDERING_FAILURE,
]


class Messaging(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self.messages = table(self, "Messages", stage=stage)
        # Whole entries: the sweep decides on most of their attributes, and below 1 KB a few would cost the same unit.
        sparse_index(self.messages, UNDECIDED_INDEX, partition="up", sort="ua")
        self.queue = WorkQueue(self, "Queue", stage=stage, name="send", worker_timeout=SEND_TIMEOUT)
        self.configuration_set = ses.ConfigurationSet(
            self,
            "Mail",
            configuration_set_name=f"ariane-{stage.name}",
            tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
        )
        self._report_to_default_bus()

    def add_functions(self, runtime: Runtime) -> None:
        # The other half of the journeys' loop.
        self.send = Function(self, "Send", handler="send", runtime=runtime, timeout=SEND_TIMEOUT, loops=True)
        # Few at a time: a batch that times out leaves every message in it unclear.
        self.queue.feed(self.send, batch=3)

    def _report_to_default_bus(self) -> None:
        """SES publishes to the account's default bus only; events of AWS services on it are free."""
        default = events.EventBus.from_event_bus_name(self, "DefaultBus", "default")
        self.configuration_set.add_event_destination(
            "Events", destination=ses.EventDestination.event_bus(default), events=REPORTED, enabled=True
        )
