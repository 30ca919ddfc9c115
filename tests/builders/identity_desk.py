"""The identity desk behind the API's function, every port in memory, over evidence that is linked as stitch links it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import unquote

import httpx
import orjson

from ariane.adapters.memory.announcer import MemoryAnnouncer
from ariane.adapters.memory.background_queue import MemoryBackgroundQueue
from ariane.adapters.memory.enrolments import MemoryEnrolments
from ariane.adapters.memory.event_log import MemoryEventLog
from ariane.adapters.memory.fragments import MemoryFragments
from ariane.adapters.memory.identities import MemoryIdentities
from ariane.identity.background import resolve_cluster
from ariane.identity.clusters import BOUND
from ariane.identity.jobs import message_of
from ariane.identity.linking import Linker
from ariane.identity.model import Assertion, Transition
from ariane.identity.rules import Rules
from ariane.profiles.aftermath import Aftermath
from ariane.profiles.background import BackgroundWorker
from ariane.profiles.directory import ProfileDirectory
from ariane.profiles.identity_desk import IdentityDesk
from ariane.profiles.reader import ProfileReader
from ariane.profiles.refolding import RefoldReport
from ariane.profiles.unmerge_preview import UnmergePreview
from ariane.profiles.views import Sources
from cli.profile_api import ProfileApi
from handlers.api import build
from tests.builders.profiles import KEY, NOON


@dataclass
class DeskWorld:
    rules: Rules = field(default_factory=lambda: Rules.from_document({}))
    identities: Any = field(default_factory=MemoryIdentities)
    queue: Any = field(default_factory=MemoryBackgroundQueue)
    announcer: Any = field(default_factory=MemoryAnnouncer)
    log: Any = field(default_factory=MemoryEventLog)
    runs: Any = field(default_factory=MemoryEnrolments)
    refolded: list[str] = field(default_factory=list)
    scopes: str = "*"
    token: str = "lea"
    now: datetime = NOON
    bound: int = BOUND

    def learn(self, *assertions: Assertion) -> list[Transition]:
        linker = Linker(self.identities, KEY, bound=self.bound)
        return [linker.take(each, rules=self.rules, cause=f"log/{each.message_id}") for each in assertions]

    def desk(self) -> IdentityDesk:
        aftermath = Aftermath(self.queue, self.announcer)
        return IdentityDesk(
            self.identities,
            self._directory(),
            lambda: aftermath,
            preview=UnmergePreview(self.log, self.runs, rules=lambda: self.rules, key=lambda: KEY),
            rules=lambda: self.rules,
            key=lambda: KEY,
            clock=lambda: self.now,
        )

    def work(self) -> None:
        """The background, until nothing is left to do."""
        while self.queue.messages:
            soonest = min(self.queue.messages, key=lambda each: each.delay)
            self.queue.messages.remove(soonest)
            self.worker().take(message_of(soonest.job), sent_at=self.now)

    def worker(self) -> BackgroundWorker:
        return BackgroundWorker(
            resolve=lambda cluster: resolve_cluster(self.identities, KEY, cluster, self.rules, at=self.now),
            refold=self._refold,
            seal=lambda _: None,
            changes=self.identities,
            announcer=self.announcer,
            queue=self.queue,
        )

    def _refold(self, partition: str) -> RefoldReport:
        self.refolded.append(partition)
        return RefoldReport(partition, 0, 0, 1)

    def ask(self, method: str, path: str, body: object = None, query: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Through the API's function. ``body`` as JSON, or text as it is."""
        sent = body if isinstance(body, str) or body is None else orjson.dumps(body).decode()
        reply = self.app().resolve(self._event(method, path, sent, query or {}), cast(Any, SimpleNamespace()))
        return reply["statusCode"], orjson.loads(reply["body"])

    def app(self) -> Any:
        unasked: Any = None
        sources = Sources(
            directory=self._directory(),
            log=unasked,
            homes=unasked,
            consents=unasked,
            enrolments=unasked,
            ledger=unasked,
            rejects=unasked,
            computing=unasked,
            memberships=unasked,
            clock=lambda: self.now,
        )
        return build(sources, None, self.desk)

    def client(self) -> ProfileApi:
        def answer(request: httpx.Request) -> httpx.Response:
            sent = request.content.decode() or None
            status, body = self.ask(request.method, unquote(request.url.path), sent, dict(request.url.params))
            return httpx.Response(status, json=body)

        api = ProfileApi("https://api.shop.example", "tok_secret")
        api._http = httpx.Client(base_url="https://api.shop.example", transport=httpx.MockTransport(answer))
        return api

    def people(self, *texts: str) -> list[list[str]]:
        """The identifiers of the person of each, sorted."""
        profiles = [self._directory().profile(text) for text in texts]
        return [sorted(profile.identifiers.values()) for profile in profiles]

    def told(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return [fact.detail for fact in self.announcer.facts if fact.kind == kind]

    def _directory(self) -> ProfileDirectory:
        return ProfileDirectory(
            ProfileReader(self.identities, MemoryFragments()), self.identities, rules=lambda: self.rules, key=lambda: KEY
        )

    def _event(self, method: str, path: str, body: str | None, query: Mapping[str, str]) -> dict[str, Any]:
        return {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "queryStringParameters": dict(query),
            "headers": {"content-type": "application/json"},
            "body": body,
            "isBase64Encoded": False,
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "authorizer": {"lambda": {"token": self.token, "scopes": self.scopes}},
            },
        }
