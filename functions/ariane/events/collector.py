"""The collector: a request in, an answer out. Which path is read how is the table at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from ariane.errors import ArianeError, Denied, NotFound, Permanent, Rejected
from ariane.events import answers
from ariane.events.acceptance import Acceptance, sort_out
from ariane.events.log import Meter, Reject, RejectStore
from ariane.events.pixels import Visitor, read_own_pixel
from ariane.events.redirects import Click, click_submission, landing, read_click
from ariane.events.segment import BATCH_PATHS, LETTERS, read_batch, read_pixel, read_single, write_key_of
from ariane.events.settings_document import MAX_AGE_SECONDS, settings_document
from ariane.events.sources import Source, SourceDirectory
from ariane.events.wire import Refused, Request, Response, Submission

type Reader = Callable[[Request], Submission]
type Endpoint = Callable[["Collector", Request], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectKeys:
    """The deployment's secrets that collect works with."""

    person: bytes
    link: bytes


class Collector:
    """``keys`` is asked only when one is needed, so that an answer that needs none waits for none."""

    def __init__(
        self,
        *,
        sources: SourceDirectory,
        acceptance: Acceptance,
        rejects: RejectStore,
        keys: Callable[[], CollectKeys],
        new_id: Callable[[], str],
        meter: Meter,
        public_url: str,
    ) -> None:
        self._sources = sources
        self._acceptance = acceptance
        self._rejects = rejects
        self._keys = keys
        self._new_id = new_id
        self._meter = meter
        self._public_url = public_url

    def answer(self, request: Request) -> Response:
        """Never raises for anything that a client can send."""
        if request.method == "OPTIONS":
            return answers.shared_with_origin(answers.preflight(), request)
        try:
            response = _endpoint(request)(self, request)
        except ArianeError as error:
            response = self._refusal(error)
        if request.method == "HEAD":
            response = replace(response, body=b"")
        return answers.shared_with_origin(response, request)

    def collect(self, request: Request, reader: Reader) -> Response:
        """JSON protocols."""
        submission = self._read(request, reader)
        source = self._source_of(submission.write_key, request)
        return answers.accepted(self._accept(submission, source, request))

    def pixel(self, request: Request, reader: Reader) -> Response:
        """Whatever happens, an image: a broken one would be seen on the page."""
        try:
            submission = self._read(request, reader)
            self._accept(submission, self._source_of(submission.write_key, request), request)
        except ArianeError as error:
            self._refusal(error)
        return answers.image()

    def own_pixel(self, request: Request) -> Response:
        visitor = Visitor.of(request, self._new_id)
        submission = read_own_pixel(request, visitor)
        try:
            source = self._source_of(submission.write_key, request)
        except ArianeError as error:
            self._refusal(error)
            return answers.image()
        cookie = self._cookie(visitor, request, source)
        try:
            self._accept(submission, source, request)
        except ArianeError as error:
            self._refusal(error)
        return answers.image(cookie)

    def redirect(self, request: Request) -> Response:
        """The visitor goes on even when the click cannot be logged; only a link that is not ours leads nowhere."""
        key = self._keys().link
        try:
            click = read_click(request, key)
        except Denied as error:
            return answers.refused(error, status=400)
        visitor = Visitor.of(request, self._new_id)
        source = self._log_click(click, visitor, request)
        cookie = self._cookie(visitor, request, source)
        return answers.moved(landing(click, visitor, key=key, now=request.received_at), cookie)

    def picture(self, _: Request) -> Response:
        """A pixel's headers alone: who asks for them shows nothing to anybody."""
        return answers.image()

    def target(self, request: Request) -> Response:
        """A link's headers alone: scanners and previews ask for them. No click, and nobody to hand an id to."""
        try:
            return answers.moved(read_click(request, self._keys().link).url)
        except Denied as error:
            return answers.refused(error, status=400)

    def settings(self, request: Request) -> Response:
        """``/v1/projects/{write key}/settings``."""
        write_key = request.path.split("/")[-2]
        if self._sources.by_key(write_key) is None:
            raise NotFound("unknown_write_key", "there is no source with this write key")
        return answers.document(settings_document(write_key, self._public_url), max_age_seconds=MAX_AGE_SECONDS)

    def ignore(self, _: Request) -> Response:
        return answers.accepted()

    def _source_of(self, write_key: str | None, request: Request) -> Source:
        source = self._sources.by_key(write_key) if write_key else None
        if source is None:
            self._meter.count("UnknownWriteKeys")
            raise Denied("unknown_write_key", "there is no source with this write key")
        origin = request.headers.get("origin")
        if origin is not None and source.allowed_origins is not None and origin not in source.allowed_origins:
            self._meter.count("OriginsRefused", Source=source.name)
            raise OriginRefused("origin_not_allowed", "this source does not accept events from this origin")
        return source

    def _accept(self, submission: Submission, source: Source, request: Request) -> list[Mapping[str, Any]]:
        """The refused items, as the answer lists them."""
        rules = self._sources.definitions().rules
        decided = sort_out(submission, source=source, request=request, rules=rules, person_key=self._keys().person)
        self._acceptance.keep(decided)
        return [{"index": reject.index, "code": reject.code, "message": reject.message} for reject in decided.rejects]

    def _log_click(self, click: Click, visitor: Visitor, request: Request) -> Source | None:
        source = None
        try:
            source = self._sources.by_name(click.source)
            if source is not None:
                self._accept(click_submission(click, visitor), source, request)
        except ArianeError as error:
            self._refusal(error)
        if source is None:
            self._meter.count("ClicksWithoutSource")
        return source

    def _read(self, request: Request, reader: Reader) -> Submission:
        try:
            return reader(request)
        except Refused as error:
            self._keep_refused(request, error, write_key=error.write_key, body=error.body)
            raise
        except Rejected as error:
            self._keep_refused(request, error, write_key=write_key_of(request, {}), body=request.body or urlencode(request.query).encode())
            raise

    def _keep_refused(self, request: Request, error: Rejected, *, write_key: str | None, body: bytes) -> None:
        """A request that cannot be read is kept too, if it came with a known key."""
        source = self._sources.by_key(write_key) if write_key else None
        if source is not None:
            reject = Reject(source=source.name, at=request.received_at, code=error.code, message=error.message, index=None, body=body)
            self._rejects.put([reject])

    def _refusal(self, error: ArianeError) -> Response:
        """A fault of ours is 503: a client that is told so keeps its events."""
        self._meter.count("RequestsRefused", Code=error.code)
        return answers.refused(error, status=503 if isinstance(error, Permanent) else None)

    def _cookie(self, visitor: Visitor, request: Request, source: Source | None) -> str:
        scheme = request.headers.get("x-forwarded-proto") or self._public_url.partition(":")[0]
        return visitor.cookie(is_secure=scheme == "https", domain=source.cookie_domain if source else None)


class OriginRefused(Denied):
    status = 403


def _endpoint(request: Request) -> Endpoint:
    exact = ROUTES.get((request.method, request.path))
    if exact is not None:
        return exact
    if request.method in ("GET", "HEAD") and _is_settings(request.path):
        return Collector.settings
    raise NotFound("not_found", "there is nothing at this address")


def _is_settings(path: str) -> bool:
    match path.split("/"):
        case ["", "v1", "projects", key, "settings"] | ["", "projects", key, "settings"]:
            return bool(key)
    return False


def _collected(reader: Reader) -> Endpoint:
    return lambda collector, request: collector.collect(request, reader)


def _seen(reader: Reader) -> Endpoint:
    return lambda collector, request: collector.pixel(request, reader)


def _routes() -> dict[tuple[str, str], Endpoint]:
    routes: dict[tuple[str, str], Endpoint] = {("POST", path): _collected(read_batch) for path in BATCH_PATHS}
    for letter, kind in LETTERS.items():
        routes["POST", f"/v1/{letter}"] = routes["POST", f"/v1/{kind}"] = _collected(partial(read_single, kind=kind))
        routes["GET", f"/v1/pixel/{kind}"] = _seen(partial(read_pixel, kind=kind))
        routes["HEAD", f"/v1/pixel/{kind}"] = Collector.picture
    return routes | {
        ("POST", "/v1/m"): Collector.ignore,
        ("GET", "/p.gif"): Collector.own_pixel,
        ("HEAD", "/p.gif"): Collector.picture,
        ("GET", "/r"): Collector.redirect,
        ("HEAD", "/r"): Collector.target,
    }


ROUTES: Mapping[tuple[str, str], Endpoint] = _routes()
"""(method, path) -> what answers. Another protocol is another reader and its rows here."""
