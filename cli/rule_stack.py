"""A deployed stage, as a change of its identity rules needs it: the rules that are published, and everything that follows them."""

import getpass
import os
import platform
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ariane.adapters.aws.announcer import EventBridgeAnnouncer
from ariane.adapters.aws.consents import DynamoConsents
from ariane.adapters.aws.definitions import DynamoDocuments
from ariane.adapters.aws.evaluate_queue import SqsEvaluateQueue
from ariane.adapters.aws.event_history import DynamoEventHistory
from ariane.adapters.aws.fragments import DynamoFragments
from ariane.adapters.aws.identities import DynamoIdentities
from ariane.adapters.aws.identity_scan import DynamoIdentityScan
from ariane.adapters.aws.log_scan import DynamoLogScan
from ariane.adapters.aws.originals import DynamoOriginals
from ariane.adapters.aws.parameters import SsmParameters
from ariane.adapters.aws.replay_states import DynamoReplayStates
from ariane.adapters.aws.table_scan import TableScan
from ariane.definitions.customer_view import CustomerView
from ariane.events.model import SourceKind
from ariane.identity.rule_ports import Course, ReplayPorts
from ariane.identity.rule_replay import RuleReplay
from ariane.instants import utc_now
from ariane.profiles.rule_consequences import RuleConsequences
from ariane.profiles.stitching import Stores
from cli.deployment import Deployment
from cli.failures import CommandFailed
from cli.publishing import publish

_SETTLED_IN_AWS = 90
"""Seconds. Functions keep definitions for 60 at most."""
_SETTLED_HERE = 3


class RuleStack:
    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._dynamodb = deployment.dynamodb

    # the rules

    def published(self) -> Mapping[str, Any]:
        """Raises CommandFailed."""
        found = self._documents("JourneysTable").document("identity")
        if found is None:
            raise CommandFailed("no rules were published to this stage yet")
        return found

    def document_of(self, brand: Path) -> Mapping[str, Any]:
        """As it would be published. Raises BrandInvalid."""
        # Half a second to import, which every other command would pay for.
        from ariane.definitions.build import build
        from infra.mjml import compile_mjml

        if not brand.is_dir():
            raise CommandFailed(f"there is no folder {brand}")
        return build(brand, compile_mjml=compile_mjml).documents["identity"]

    def publish(self, brand: Path, *, settle: int | None) -> None:
        """And waits until nothing goes by the rules of before."""
        stage = self._deployment.stage
        publish(stage=None if self._deployment.home is not None else stage, brand=brand)
        known = _SETTLED_HERE if self._deployment.home is not None else _SETTLED_IN_AWS
        time.sleep(known if settle is None else settle)
        if self.published() != self.document_of(brand):
            raise CommandFailed("the rules that are published are not the brand's: somebody else publishes too")

    @cached_property
    def kinds(self) -> Mapping[str, SourceKind]:
        found = self._documents("AccessTable").document("collect") or {}
        return {name: SourceKind(options["kind"]) for name, options in found.get("sources", {}).items()}

    # what follows them

    @cached_property
    def states(self) -> DynamoReplayStates:
        return DynamoReplayStates(self._dynamodb, table=self._table("IdentitiesTable"))

    def replay(self, course: Course, *, is_taking_over: bool = False) -> RuleReplay:
        identities = self._table("IdentitiesTable")
        scan = DynamoIdentityScan(TableScan(self._dynamodb, table=identities), self._dynamodb, table=identities)
        ports = ReplayPorts(
            identities=DynamoIdentities(self._dynamodb, table=identities),
            scan=scan,
            splits=scan,
            log=DynamoLogScan(TableScan(self._dynamodb, table=self._table("EventsTable"))),
            states=self.states,
            originals=DynamoOriginals(self._dynamodb, table=identities),
            published=lambda: self._documents("JourneysTable").document("identity"),
        )
        observing = CustomerView.from_document(self._documents("JourneysTable").document("profiles")).observing
        consequences = RuleConsequences(
            stores=self._stores,
            announcer=self._announcer(),
            key=self._key,
            observing=observing,
            evaluations=SqsEvaluateQueue(self._deployment.sqs, queue_url=self._deployment.output("EvaluateQueueUrl")),
        )
        return RuleReplay(
            ports,
            key=self._key,
            kinds=self.kinds,
            clock=utc_now,
            consequences=consequences,
            course=course,
            holder=f"{getpass.getuser()}@{platform.node()} (process {os.getpid()})",
            is_taking_over=is_taking_over,
        )

    @cached_property
    def _stores(self) -> Stores:
        identities = self._table("IdentitiesTable")
        return Stores(
            identities=DynamoIdentities(self._dynamodb, table=identities),
            fragments=DynamoFragments(self._dynamodb, table=self._table("ProfilesTable")),
            log=DynamoEventHistory(self._dynamodb, table=self._table("EventsTable")),
            consents=DynamoConsents(
                self._dynamodb,
                privacy_table=self._table("PrivacyTable"),
                identities_table=identities,
                profiles_table=self._table("ProfilesTable"),
            ),
        )

    @cached_property
    def _key(self) -> bytes:
        return SsmParameters(self._deployment.ssm).read(f"/ariane/{self._deployment.stage}/person-id-key").encode()

    def _announcer(self) -> EventBridgeAnnouncer:
        bus = self._deployment.session.client("events", endpoint_url=self._deployment.endpoint)
        return EventBridgeAnnouncer(bus, bus=self._deployment.output("BusName"))

    def _documents(self, table: str) -> DynamoDocuments:
        return DynamoDocuments(self._dynamodb, table=self._table(table))

    def _table(self, output: str) -> str:
        return self._deployment.output(output)
