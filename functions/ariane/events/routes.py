"""Which path is answered how. Another protocol is another reader and its rows here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ariane.errors import NotFound
from ariane.events import ga4, posthog, rudderstack
from ariane.events.segment import BATCH_PATHS, LETTERS, batch_of, read_batch, read_pixel, read_single
from ariane.events.wire import Request, Response, Submission

if TYPE_CHECKING:
    from ariane.events.collector import Collector

type Reader = Callable[[Request], Submission]
type Endpoint = Callable[["Collector", Request], Response]


def endpoint_of(request: Request) -> Endpoint:
    """Raises NotFound."""
    exact = ROUTES.get((request.method, request.path))
    if exact is not None:
        return exact
    named = _named_by_key(request.path) if request.method in ("GET", "HEAD") else None
    if named is None:
        raise NotFound("not_found", "there is nothing at this address")
    return named


def _named_by_key(path: str) -> Endpoint | None:
    """What SDKs ask for before they send anything, by a path that holds the write key."""
    match path.split("/"):
        case ["", "v1", "projects", key, "settings"] | ["", "projects", key, "settings"] if key:
            return lambda collector, request: collector.settings(request)
        case ["", "array", key, "config" | "config.js"] if key:
            return lambda collector, request: collector.posthog_config(request)
    return None


@dataclass(frozen=True, slots=True)
class _Collected:
    reader: Reader
    translating: Reader | None = None
    """Of a path that two protocols share, the reader of the one that is translated."""

    def __call__(self, collector: "Collector", request: Request) -> Response:
        return collector.collect(request, self.reader)


@dataclass(frozen=True, slots=True)
class _Seen:
    reader: Reader

    def __call__(self, collector: "Collector", request: Request) -> Response:
        return collector.pixel(request, self.reader)


def reader_of(method: str, path: str, *, is_translated: bool = False) -> Reader | None:
    """How a request to this address is read, so that a refused one can be read again, or an item that is known to have been translated;
    None where nothing is."""
    endpoint = ROUTES.get((method, path))
    if is_translated and isinstance(endpoint, _Collected) and endpoint.translating is not None:
        return endpoint.translating
    return endpoint.reader if isinstance(endpoint, _Collected | _Seen) else None


def _collected(reader: Reader) -> Endpoint:
    return _Collected(reader)


def _seen(reader: Reader) -> Endpoint:
    return _Seen(reader)


def _picture(collector: "Collector", request: Request) -> Response:
    return collector.picture(request)


def _segment_routes() -> dict[tuple[str, str], Endpoint]:
    """RudderStack's servers and SDKs use the same paths: its headers and habits are read on all of them."""
    batch = _collected(rudderstack.with_habits(read_batch))
    routes: dict[tuple[str, str], Endpoint] = {("POST", path): batch for path in BATCH_PATHS}
    for letter, kind in LETTERS.items():
        single = _collected(rudderstack.with_habits(partial(read_single, kind=kind)))
        routes["POST", f"/v1/{letter}"] = routes["POST", f"/v1/{kind}"] = single
        routes["GET", f"/v1/pixel/{kind}"] = _seen(partial(read_pixel, kind=kind))
        routes["HEAD", f"/v1/pixel/{kind}"] = _picture
    return routes | {("POST", "/v1/m"): lambda collector, request: collector.ignore(request)}


def _rudderstack_routes() -> dict[tuple[str, str], Endpoint]:
    routes: dict[tuple[str, str], Endpoint] = {
        ("POST", "/beacon/v1/batch"): _collected(rudderstack.with_habits(read_batch)),
        ("GET", "/sourceConfig"): lambda collector, request: collector.rudderstack_config(request),
    }
    for kind in rudderstack.UNSUPPORTED:
        routes["POST", f"/v1/{kind}"] = _collected(partial(read_single, kind=kind))
    for kind in ("track", "page"):
        routes["GET", f"/pixel/v1/{kind}"] = _seen(partial(rudderstack.read_pixel, kind=kind))
        routes["HEAD", f"/pixel/v1/{kind}"] = _picture
    return routes


def _posthog_routes() -> dict[tuple[str, str], Endpoint]:
    """Each with and without the slash at the end. ``/batch`` is also what people set for Segment's SDKs: the body decides."""
    routes: dict[tuple[str, str], Endpoint] = {}
    for path in posthog.EVENT_PATHS:
        routes["POST", path] = routes["POST", f"{path}/"] = _collected(posthog.read_events)
    for path in posthog.FLAG_PATHS:
        routes["POST", path] = routes["POST", f"{path}/"] = lambda collector, request: collector.posthog_flags(request)
    either = _Collected(posthog.or_else(_segment_batch), translating=posthog.read_events)
    return routes | {("POST", "/batch"): either, ("POST", "/batch/"): either}


def _segment_batch(request: Request, document: Mapping[str, Any], plain: bytes) -> Submission:
    return rudderstack.habitual(batch_of(request, document, plain), request)


def _own_routes() -> dict[tuple[str, str], Endpoint]:
    return {
        ("GET", "/p.gif"): lambda collector, request: collector.own_pixel(request),
        ("HEAD", "/p.gif"): _picture,
        ("GET", "/r"): lambda collector, request: collector.redirect(request),
        ("HEAD", "/r"): lambda collector, request: collector.target(request),
        ("GET", "/openapi.json"): lambda collector, request: collector.description(request),
    }


ROUTES: Mapping[tuple[str, str], Endpoint] = {
    **_segment_routes(),
    **_rudderstack_routes(),
    **_posthog_routes(),
    ("POST", "/mp/collect"): _collected(ga4.read_events),
    ("POST", "/debug/mp/collect"): lambda collector, request: collector.validate(request, ga4.read_events),
    **_own_routes(),
}
"""(method, path) -> what answers."""
