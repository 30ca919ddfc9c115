"""One measurement in a process of its own: prints seconds of CPU after a record separator. See ``speed``."""

import cProfile
import io
import pstats
import sys
import time
from collections.abc import Callable
from typing import Any

_BATCHES = 40
_CALLS = 400
_PERSON_KEY = b"person_key_parameter"
"""The stub's secrets are their names."""


def settings_of(handler: str, url: str) -> dict[str, str]:
    """A whole environment for a function: what matters is that it is there."""
    from ariane.settings import HANDLERS, environment_names

    def value(name: str) -> str:
        if name.endswith(("_DAYS", "_SECONDS")):
            return "760" if name.endswith("_DAYS") else "3600"
        return url if name.endswith("_URL") else name.lower()

    return {name: value(name) for name in environment_names(HANDLERS[handler])} | {"LOG_LEVEL": "INFO"}


def init_boto3() -> float:
    began = time.process_time()
    import boto3

    boto3.client("dynamodb")
    return time.process_time() - began


def init_collect() -> float:
    """Until the first request could be read: the module and its service."""
    began = time.process_time()
    from handlers import collect

    collect._service()
    return time.process_time() - began


def put_item() -> float:
    import boto3

    client = boto3.client("dynamodb")
    item: Any = {"pk": {"S": "prs_" + "a" * 26}, "sk": {"S": "2026-11-22T05:29:00.000Z#0123456789abcdef"}, "b": {"B": b"x" * 700}}
    condition = "attribute_not_exists(pk)"
    return _each(lambda _: client.put_item(TableName="events", Item=item, ConditionExpression=condition), _CALLS)


def collect_10() -> float:
    from handlers import collect

    _publish_sources()
    requests = [_request(number) for number in range(_CALLS + 1)]

    def answer(number: int) -> None:
        if collect.handler(requests[number], None)["statusCode"] != 200:
            raise RuntimeError("the collector refuses the request that is measured")

    answer(_CALLS)
    return _each(answer, _CALLS)


def stitch_event(segments: str = "0") -> float:
    """With so many segments published that look at the events."""
    from handlers import stitch

    _publish_rules()
    if int(segments):
        _publish_segments(int(segments))
    batches = [_batch(number) for number in range(_BATCHES + 6)]
    for known in batches[:6]:
        stitch.handler(known, None)  # type: ignore[arg-type]
    seconds = _each(lambda number: stitch.handler(batches[number + 6], None), _BATCHES) / 100  # type: ignore[arg-type]
    _check_applied(len(batches) * 10)
    return seconds


def stitch_profile(lines: str) -> str:
    from handlers import stitch

    _publish_rules()
    batches = [_batch(number) for number in range(_BATCHES)]
    stitch.handler(batches[0], None)  # type: ignore[arg-type]
    profile = cProfile.Profile()
    for batch in batches[1:]:
        profile.runcall(stitch.handler, batch, None)  # type: ignore[arg-type]
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("cumulative").print_stats(int(lines))
    return text.getvalue()


def _check_applied(events: int) -> None:
    """A measurement of something that failed fast would look splendid."""
    from ariane.adapters.aws.fragments import DynamoFragments

    person = _person_id("v0")
    fragment = DynamoFragments(_client(), table="profiles_table").load([person])[person].fragment
    if fragment.tallies["Product Viewed"].times != events:
        raise RuntimeError("not every event was applied once")


def _each(work: Callable[[int], Any], times: int) -> float:
    began = time.process_time()
    for number in range(times):
        work(number)
    return (time.process_time() - began) / times


def _publish_sources() -> None:
    from ariane.access.hashing import hash_of

    _put_document("access_table", "collect", {"sources": {"web": {"kind": "server"}}, "identity": {}})
    _client().put_item(TableName="access_table", Item={"pk": {"S": f"K#{hash_of('key')}"}, "sk": {"S": "K"}, "s": {"S": "web"}})


def _publish_rules() -> None:
    for name in ("interest", "identity"):
        _put_document("journeys_table", name, {})


def _publish_segments(count: int) -> None:
    """Each looks at every event that is sent, by its price."""
    from ariane.instants import format_instant, utc_now
    from cli.bench.segment_world import view_of

    where = {"performed": "Product Viewed", "within": "30 days"}
    conditions = {
        f"s{number}": {**where, "times": {"gte": 2}, "where": [{"property": "price", "gte": number / 10}]} for number in range(count)
    }
    view, at = view_of(conditions, utc_now()), format_instant(utc_now())
    told = {name: {"condition": each, "version": "v1", "published_at": at} for name, each in conditions.items()}
    computed = {name: each.model_dump(mode="json", by_alias=True, exclude_none=True) for name, each in view.catalogue.computed.items()}
    document = {"version": "v1", "traits": {"precedence": {}, "computed": computed}, "segments": told}
    _put_document("journeys_table", "profiles", {**document, "observing": view.observing.to_document()})


def _put_document(table: str, name: str, content: dict[str, Any]) -> None:
    from ariane.adapters.aws.definitions import DynamoDocuments
    from ariane.definitions.publish import StoredDocument

    DynamoDocuments(_client(), table=table).put(name, StoredDocument(content, "v", 1))


def _client() -> Any:
    import boto3

    return boto3.client("dynamodb")


def _request(number: int) -> dict[str, Any]:
    """As API Gateway hands it over: 10 events of one visitor."""
    import orjson

    body = orjson.dumps({"writeKey": "key", "batch": [_event(f"v{number}", f"{number}-{place}", place) for place in range(10)]})
    return {
        "rawPath": "/v1/b",
        "headers": {"content-type": "text/plain", "user-agent": "Mozilla/5.0", "x-forwarded-proto": "https"},
        "requestContext": {"http": {"method": "POST", "path": "/v1/b", "sourceIp": "203.0.113.77"}},
        "body": body.decode(),
        "isBase64Encoded": False,
    }


def _batch(number: int) -> dict[str, Any]:
    """100 events of 10 people who are known: a log item of 10 events each, in the stream's form."""
    from datetime import timedelta

    from ariane.adapters.aws.event_items import attributes_of
    from ariane.events.model import LogItem, SourceKind
    from ariane.instants import parse_instant

    records = []
    for person in range(10):
        messages = tuple(_event(f"v{person}", f"{number}-{person}-{place}", number * 10 + place) for place in range(10))
        sort = f"{messages[0]['timestamp']}#{number:016x}"
        received = parse_instant("2026-11-22T09:00:00.000Z")
        item = LogItem(_person_id(f"v{person}"), sort, "web", SourceKind.SERVER, received, messages)
        attributes = attributes_of(item, retention=timedelta(days=760))
        sequence = str(111_111_000_000_000_000_000_000 + number * 10 + person)
        records.append({"eventName": "INSERT", "dynamodb": {"SequenceNumber": sequence, "NewImage": attributes}})
    return {"Records": records}


def _person_id(visitor: str) -> str:
    from ariane.identity.ids import person_id
    from ariane.identity.rules import Identifier

    return person_id(Identifier("anonymous_id", visitor), _PERSON_KEY)


def _event(visitor: str, message: str, second: int) -> dict[str, Any]:
    """About 700 bytes, as analytics.js sends a product view."""
    at = f"2026-11-22T05:{second // 60 % 60:02d}:{second % 60:02d}.000Z"
    page = {"path": "/p/robe", "referrer": "https://shop.example/", "search": "", "title": "Robe", "url": "https://shop.example/p/robe"}
    context = {
        "page": page,
        "locale": "fr-FR",
        "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
        "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
        "timezone": "Europe/Paris",
    }
    return {
        "type": "track",
        "event": "Product Viewed",
        "messageId": f"ajs-next-1795325208676-{message}",
        "anonymousId": visitor,
        "timestamp": at,
        "originalTimestamp": at,
        "properties": {"product_id": "SKU-1", "name": "Robe", "price": 49.9, "currency": "EUR", "category": "Robes"},
        "context": context,
    }


_MEASUREMENTS: dict[str, Callable[..., float | str]] = {
    each.__name__: each for each in (init_boto3, init_collect, put_item, collect_10, stitch_event, stitch_profile)
}


if __name__ == "__main__":
    result = _MEASUREMENTS[sys.argv[1]](*sys.argv[2:])
    print("\x1e" + str(result), end="")
