"""A day of the sample brand through every function as deployed: what each may ever ask of AWS is asked here.

A function that is added, or that begins to make another kind of call, gets a step here; the grants test says what is missing.
"""

import os
import shutil
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from botocore.exceptions import ReadTimeoutError

from ariane.access import tokens, write_keys
from ariane.adapters.aws.tokens import DynamoTokens
from ariane.adapters.aws.write_keys import DynamoWriteKeys
from ariane.errors import Retryable
from ariane.events.limits import MOST_CHUNK
from ariane.events.redirects import link_target
from ariane.identity.ids import person_id
from ariane.identity.rules import Identifier
from ariane.instants import format_instant, utc_now
from ariane.messaging.links import WayOut
from ariane.messaging.model import Channel
from ariane.settings import PublishSettings, SetupSettings, load
from ariane.wiring.clients import client
from ariane.wiring.publish import published_definitions
from ariane.wiring.setup import deployment_keys
from tests.builders.aws_calls import never
from tests.builders.deployed import PUBLIC_URL, Deployed
from tests.builders.events import gateway_event
from tests.builders.identities_on_aws import part_people
from tests.builders.imports_on_aws import import_files
from tests.builders.lake_on_aws import land
from tests.builders.rejects_on_aws import TOO_LARGE, try_again
from tests.builders.segments_on_aws import follow_segments

SAMPLE = Path(__file__).parents[2] / "brand"
EMAIL, PHONE = "jeanne@shop.example", "+33612345678"
_GRANTS = [{"topic": topic, "channel": "email", "email": EMAIL} for topic in ("loyalty", "offers")]
_FORGOTTEN = 45
"""More events than a fragment remembers: a copy of the first sends stitch to the log."""


_ALL_SCOPES = {"scopes": "*", "token": "till"}


class Day:
    def __init__(self, stack: Deployed) -> None:
        self.stack = stack
        self._keys: dict[str, str] = {}

    def live(self, folder: Path) -> None:
        self.deploy(folder)
        self.collect()
        self.overflow()
        self.stitch()
        self.journeys_and_messages()
        self.unsubscribe()
        self.look_up()
        self.put_right()
        try_again(self)
        part_people(self)
        import_files(self)
        land(self)
        follow_segments(self)

    def deploy(self, folder: Path) -> None:
        properties = self.stack.publishable(_brand(folder / "brand"), folder / "bundle")
        with self.stack.function("setup"):
            deployment_keys(lambda: load(SetupSettings, os.environ)).put({"Front": "true"})
        for _ in range(2):
            with self.stack.function("publish"):
                published_definitions(lambda: load(PublishSettings, os.environ)).put(properties)
        client("sesv2").create_email_identity(EmailIdentity="maison-ondine.example")
        access = DynamoWriteKeys(self.stack.dynamodb, table=self.stack.named("ACCESS_TABLE"))
        for source in ("web", "backend"):
            self._keys[source] = write_keys.create(access, source, clock=utc_now, new_secret=partial(str, f"secret-{source}"))

    def collect(self) -> None:
        self.send("web", track("Product Viewed", "m1", anonymousId="a1"))
        self.send("web", identify("m2", userId="u1", anonymousId="a1", traits={"email": EMAIL, "phone": PHONE, "first_name": "Jeanne"}))
        for number, grant in enumerate(_GRANTS):
            self.send("backend", track("Consent Granted", f"c{number}", userId="u1", properties=grant))
        self.send("backend", {"type": "track", "messageId": "no-event", "userId": "u1"}, answers="rejected")
        self.send("backend", TOO_LARGE, answers="rejected")
        self.send("web", *(track("Product Viewed", f"w{number}", anonymousId="a7") for number in range(2 * MOST_CHUNK)))
        self._get("/p.gif", query=f"k={self._keys['web']}&e=Newsletter")
        self._get(f"/v1/projects/{self._keys['web']}/settings")
        target = link_target(
            "https://www.maison-ondine.example/robe",
            key=self._key("LINK_KEY_PARAMETER"),
            public_url=PUBLIC_URL,
            write_key_source="web",
            expires_at=utc_now() + timedelta(days=1),
            properties={},
        )
        path, _, query = target.removeprefix(PUBLIC_URL).partition("?")
        self._get(path, query=query)

    def overflow(self) -> None:
        """The log is throttled for a moment: the queue takes the event."""
        self.throttle("dynamodb", "PutItem")
        self.send("backend", track("Order Completed", "o0", userId="u2", properties={"order_id": "o0"}))
        self.stack.recorder.fails = never
        bodies = self.stack.received("OVERFLOW_QUEUE_URL")
        assert bodies
        assert self.stack.deliver("overflow", *bodies) == []

    def stitch(self) -> None:
        """Merges, consents, copies, what cannot be read, and what comes again."""
        records = self.stack.streamed()
        assert records
        broken = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "3", "NewImage": {"pk": {"S": "prs_x"}, "sk": {"S": "x"}}}}
        for _ in range(2):
            self.stack.invoke("stitch", {"Records": [*records, broken]})
        self.send("web", {**track("Product Viewed", "m1", anonymousId="a1"), "context": {"page": {"path": "/again"}}})
        self.send("web", identify("m3", anonymousId="a9", traits={"phone": PHONE}))
        self.send("web", track("Product Viewed", "m4", anonymousId="a9"))
        self.stitch_what_came()
        began = utc_now() - timedelta(hours=1)
        many = [track("Product Viewed", f"v{number}", at=began + timedelta(seconds=number), userId="u4") for number in range(_FORGOTTEN)]
        self.send("backend", *many)
        self.stitch_what_came()
        self.send("backend", {**many[0], "context": {"locale": "fr-FR"}})
        self.stitch_what_came()

    def journeys_and_messages(self) -> None:
        self.send("backend", track("Order Completed", "o1", userId="u1", properties={"order_id": "o1", "total": 10}))
        self.send("backend", track("Loyalty Joined", "l1", userId="u1"))
        facts = self.stitch_what_came()
        self._enter("order-confirmation", facts["Order Completed"])
        self._enter("loyalty-welcome", facts["Loyalty Joined"])
        requests = self.stack.received("SEND_QUEUE_URL")
        assert {orjson.loads(body)["channel"] for body in requests} == {"sms", "email"}
        for _ in range(2):
            assert self.stack.deliver("send", *requests) == []
        self._take_journey_messages()
        self._remind_of_a_cart()
        self._leave_one_undecided()
        merged = {"kind": "merged", "fact": {"into": facts["Order Completed"]["profile"], "from": "prs_x"}}
        awaited = {"kind": "awaited", "fact": facts["Order Completed"]}
        assert self.stack.deliver("journey", *(orjson.dumps(body).decode() for body in (merged, awaited))) == []

    def unsubscribe(self) -> None:
        way_out = WayOut(
            address_id=person_id(Identifier("email", EMAIL), self._key("PERSON_KEY_PARAMETER")),
            topic="loyalty",
            channel=Channel.EMAIL,
            message_id="msg_1",
            locale="fr",
            label="Fidélité",
        )
        token = way_out.token(self._key("LINK_KEY_PARAMETER"), expires_at=utc_now() + timedelta(days=1))
        for method, body in (("GET", b""), ("POST", b"List-Unsubscribe=One-Click"), ("POST", b"List-Unsubscribe=One-Click")):
            event = gateway_event(method, f"/u/{token}", body=body)
            assert self.stack.invoke("links", event)["statusCode"] == 200

    def look_up(self) -> None:
        for path in ("", "/timeline", "/explain"):
            self.api(f"/v1/profiles/user_id:u1{path}")
        for part in ("traits", "external_ids", "events", "metadata", "links"):
            self.api(f"/v1/spaces/default/collections/users/profiles/user_id:u1/{part}")
        self.api("/v1/messages", profile="user_id:u1")
        self.api("/v1/rejects")
        store = DynamoTokens(self.stack.dynamodb, table=self.stack.named("ACCESS_TABLE"))
        token = tokens.create(store, "till", ["*"], clock=utc_now, new_secret=lambda: "secret")
        assert self.stack.invoke("authorizer", {"headers": {"authorization": f"Bearer {token}"}})["isAuthorized"]

    def put_right(self) -> None:
        """Two customers become one at the till, and are taken apart, put together and taken apart again, while one of them left a cart."""
        self.send("backend", identify("t0", userId="u5", traits={"email": "paul@shop.example"}))
        self.send("backend", identify("t1", userId="u5", traits={"loyalty_card": "4711"}))
        self.send("backend", identify("t3", traits={"phone": "+33612345699"}))
        self.stitch_what_came()
        self.send("backend", track("Product Added", "t2", userId="u5", properties={"cart_id": "k7"}))
        self._enter("cart-abandonment", self.stitch_what_came()["Product Added"])
        order = {"identifiers": ["loyalty_card:4711"], "why": "mistyped at the till", "events_to": "these"}
        before = len(self.stack.recorder.payloads)
        answer = self.api("/v1/profiles/user_id:u5/unmerge", method="POST", body=order)
        assert not answer["already"]
        split = answer["split"]
        told = [fact for fact in _announced(self.stack.recorder.payloads[before:]) if "into" in fact]
        assert told
        bodies = [orjson.dumps({"kind": "split", "fact": fact}).decode() for fact in told]
        assert self.stack.deliver("journey", *bodies) == []
        self.api("/v1/profiles/loyalty_card:4711/explain")
        self.api(f"/v1/splits/{split['id']}")
        said = {"identifiers": ["phone:+33612345699"], "why": "he says so"}
        for is_again in (False, True):
            assert self.api("/v1/profiles/user_id:u5/link", method="POST", body=said)["already"] is is_again
        self.api(f"/v1/splits/{split['id']}/lift", method="POST", body={"why": "the same after all"})

    def throttle(self, service: str, operation: str) -> None:
        busy = Retryable("service_busy", "throttled")
        self.stack.recorder.fails = lambda *asked: busy if asked == (service, operation) else None

    def send(self, source: str, *messages: Mapping[str, Any], answers: str = "success") -> None:
        headers = {"authorization": "Basic " + b64encode(f"{self._keys[source]}:".encode()).decode()}
        reply = self.stack.invoke("collect", gateway_event("POST", "/v1/batch", body=orjson.dumps({"batch": messages}), headers=headers))
        assert reply["statusCode"] == 200, reply
        assert answers in orjson.loads(reply["body"])

    def _get(self, path: str, *, query: str = "") -> None:
        assert self.stack.invoke("collect", gateway_event("GET", path, query=query))["statusCode"] in (200, 302)

    def api(self, path: str, *, method: str = "GET", body: object = None, **query: str) -> dict[str, Any]:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "queryStringParameters": query,
            "headers": {},
            "body": None if body is None else orjson.dumps(body).decode(),
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default", "authorizer": {"lambda": _ALL_SCOPES}},
        }
        reply = self.stack.invoke("api", event)
        assert reply["statusCode"] in (200, 202), reply["body"]
        answer: dict[str, Any] = orjson.loads(reply["body"])
        return answer

    def stitch_what_came(self) -> dict[str, dict[str, Any]]:
        """The last announced fact of each event's name."""
        before = len(self.stack.recorder.payloads)
        self.stack.invoke("stitch", {"Records": self.stack.streamed()})
        entries = _announced(self.stack.recorder.payloads[before:])
        return {str(fact.get("event")): fact for fact in entries}

    def _enter(self, journey: str, fact: Mapping[str, Any]) -> None:
        body = {"kind": "entry", "journey": journey, "fact": fact}
        assert self.stack.deliver("journey", orjson.dumps(body).decode()) == []

    def _remind_of_a_cart(self) -> None:
        """Another cart was ordered: only the log can tell that it was not this one. The wait ends between two ticks."""
        self.send("backend", track("Product Added", "p1", userId="u1", properties={"cart_id": "k1"}))
        self.send("backend", track("Order Completed", "o3", userId="u1", properties={"order_id": "o3", "cart_id": "k2"}))
        self._enter("cart-abandonment", self.stitch_what_came()["Product Added"])
        self.stack.later = timedelta(minutes=59, seconds=30)
        self.stack.invoke("tick", {})
        self._take_journey_messages("due")
        self.stack.later = timedelta(hours=2)
        self.stack.invoke("tick", {})
        self._take_journey_messages("due")
        assert self.stack.deliver("send", *self.stack.received("SEND_QUEUE_URL")) == []
        self._take_journey_messages("outcome")
        self.stack.later = timedelta(0)

    def _leave_one_undecided(self) -> None:
        """The provider does not answer in time, and nobody ever says what became of it: after a day the sweep does."""
        self.send("backend", track("Order Completed", "o2", userId="u1", properties={"order_id": "o2", "total": 10}))
        self._enter("order-confirmation", self.stitch_what_came()["Order Completed"])
        slow = ReadTimeoutError(endpoint_url="sns")
        self.stack.recorder.fails = lambda service, _operation: slow if service == "sns" else None
        self.stack.deliver("send", *self.stack.received("SEND_QUEUE_URL"))
        self.stack.recorder.fails = never
        self.stack.later = timedelta(hours=26)
        self.stack.invoke("tick", {})
        self.stack.later = timedelta(0)

    def _take_journey_messages(self, kind: str = "outcome") -> None:
        bodies = self.stack.received("JOURNEY_QUEUE_URL")
        assert kind in {orjson.loads(body)["kind"] for body in bodies}
        assert self.stack.deliver("journey", *bodies) == []

    def _key(self, variable: str) -> bytes:
        name = self.stack.named(variable)
        return self.stack.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"].encode()


def track(event: str, message_id: str, *, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "messageId": message_id, "timestamp": format_instant(at or utc_now()), **fields}


def identify(message_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "identify", "messageId": message_id, "timestamp": format_instant(utc_now()), **fields}


def _brand(folder: Path) -> Path:
    """The sample, but a cart's own order ends its run: that an exit looks at properties is what sends journeys and messages to the log."""
    shutil.copytree(SAMPLE, folder)
    file = folder / "journeys" / "cart-abandonment.yaml"
    text = file.read_text()
    assert text.count("  event: Order Completed\n") == 1
    file.write_text(text.replace("  event: Order Completed\n", "  event: Order Completed\n  match: cart_id\n"))
    return folder


def _announced(payloads: Sequence[tuple[str, str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    entries = [entry for service, _, parameters in payloads if service == "events" for entry in parameters["Entries"]]
    return [orjson.loads(entry["Detail"]) for entry in entries]
