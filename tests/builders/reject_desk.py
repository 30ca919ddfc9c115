"""Refusals as an operator meets them: a collector that refused, the API's routes over the same stores, and a client of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import unquote

import httpx
import orjson

from ariane.adapters.memory.replay_queue import MemoryReplayQueue
from ariane.events.acceptance import Acceptance
from ariane.events.log import StoredReject
from ariane.events.retrying import Retries
from ariane.events.sources import SourceDirectory
from ariane.profiles.views import Sources
from cli.profile_api import ProfileApi
from handlers.api import build
from tests.builders.events import KEYS, RECEIVED, CollectWorld, a_message

LATER = RECEIVED + timedelta(hours=5)
CARD = a_message(anonymousId=None, context={"externalIds": [{"type": "shop_card", "id": "C-1"}]})
"""Names somebody only once the namespace is declared."""


@dataclass
class Desk:
    """``log``, ``rejects`` and ``queue`` may be replaced by what fails."""

    world: CollectWorld = field(default_factory=CollectWorld)
    log: Any = None
    rejects: Any = None
    queue: Any = field(default_factory=MemoryReplayQueue)
    scopes: str = "*"

    def publish(self, **document: Any) -> None:
        self.world.access.document = dict(self.world.definitions) | document

    def declare(self, **identity: Any) -> None:
        """From now on the shop's card is an identifier."""
        self.publish(identity={"namespaces": {"shop_card": {"priority": 4}}, **identity})

    def retries(self) -> Retries:
        rejects = self.rejects or self.world.rejects
        return Retries(
            rejects=rejects,
            sources=SourceDirectory(self.world.access, clock=lambda: LATER, ttl=timedelta()),
            acceptance=Acceptance(log=self.log or self.world.log, overflow=self.world.overflow, rejects=rejects, meter=self.world.meter),
            log=self.world.log,
            replays=self.queue,
            person_key=lambda: KEYS.person,
            clock=lambda: LATER,
        )

    def open(self) -> list[StoredReject]:
        return self.world.refused()

    def only(self) -> StoredReject:
        (stored,) = self.open()
        return stored

    def logged(self) -> list[tuple[str, str]]:
        return [(item.person_id, item.sort) for item in self.world.log.items()]

    def ask(self, method: str, path: str, query: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Through the API's function."""
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "queryStringParameters": dict(query or {}),
            "headers": {},
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "authorizer": {"lambda": {"token": "support", "scopes": self.scopes}},
            },
        }
        unasked: Any = None
        sources = Sources(
            directory=unasked,
            log=unasked,
            homes=unasked,
            consents=unasked,
            enrolments=unasked,
            ledger=unasked,
            rejects=self.world.rejects,
            computing=unasked,
            memberships=unasked,
            clock=lambda: LATER,
        )
        reply = build(sources, self.retries).resolve(event, cast(Any, SimpleNamespace()))
        return reply["statusCode"], orjson.loads(reply["body"])

    def client(self) -> ProfileApi:
        def answer(request: httpx.Request) -> httpx.Response:
            status, body = self.ask(request.method, unquote(request.url.path), dict(request.url.params))
            return httpx.Response(status, json=body)

        api = ProfileApi("https://api.shop.example", "tok_secret")
        api._http = httpx.Client(base_url="https://api.shop.example", transport=httpx.MockTransport(answer))
        return api
