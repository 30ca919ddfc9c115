"""The collector: a request in, an answer out. Which path is read how is in ``routes``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ariane.errors import ArianeError, Denied, Permanent, Rejected
from ariane.events import answers, ga4, posthog, rudderstack
from ariane.events.acceptance import Acceptance, Sorted, sort_out
from ariane.events.entrance import Entrance
from ariane.events.front import viewer_of
from ariane.events.log import Meter, RejectStore
from ariane.events.pixels import Visitor, read_own_pixel
from ariane.events.redirects import Click, click_submission, landing, read_click
from ariane.events.refusals import refused_request
from ariane.events.routes import Reader, endpoint_of
from ariane.events.segment import write_key_of
from ariane.events.settings_document import MAX_AGE_SECONDS, settings_document
from ariane.events.sources import Source, SourceDirectory
from ariane.events.wire import Refused, Request, Response, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectKeys:
    """The deployment's secrets that collect works with."""

    person: bytes
    link: bytes
    signing: bytes
    """Of the brand's signed events (``identity.signatures``)."""


class Collector:
    """``keys`` is asked only when one is needed, so that an answer that needs none waits for none."""

    def __init__(
        self,
        *,
        sources: SourceDirectory,
        entrance: Entrance,
        acceptance: Acceptance,
        rejects: RejectStore,
        keys: Callable[[], CollectKeys],
        new_id: Callable[[], str],
        meter: Meter,
        public_url: str,
    ) -> None:
        self._sources = sources
        self._entrance = entrance
        self._acceptance = acceptance
        self._rejects = rejects
        self._keys = keys
        self._new_id = new_id
        self._meter = meter
        self._public_url = public_url

    def answer(self, request: Request) -> Response:
        """Never raises for anything that a client can send."""
        if request.method == "OPTIONS":
            return answers.shared_with_origin(answers.preflight(), request.headers.get("origin"))
        try:
            response = endpoint_of(request)(self, request)
        except ArianeError as error:
            response = self._refusal(error)
        if request.method == "HEAD":
            response = replace(response, body=b"")
        return answers.shared_with_origin(response, request.headers.get("origin"))

    def collect(self, request: Request, reader: Reader) -> Response:
        """JSON protocols."""
        submission = self._read(request, reader)
        source = self._entrance.source_of(submission.write_key, request)
        return answers.accepted(self._accept(submission, source, request), acknowledgement=submission.acknowledgement)

    def pixel(self, request: Request, reader: Reader) -> Response:
        """Whatever happens, an image: a broken one would be seen on the page."""
        try:
            submission = self._read(request, reader)
            self._accept(submission, self._entrance.source_of(submission.write_key, request), request)
        except ArianeError as error:
            self._refusal(error)
        return answers.image()

    def own_pixel(self, request: Request) -> Response:
        visitor = Visitor.of(request, self._new_id)
        submission = read_own_pixel(request, visitor)
        try:
            source = self._entrance.source_of(submission.write_key, request)
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
        self._entrance.configured(write_key, request)
        return answers.document(settings_document(write_key, self._public_url), max_age_seconds=MAX_AGE_SECONDS)

    def rudderstack_config(self, request: Request) -> Response:
        """The key is the Basic user name for some of RudderStack's SDKs: no cache between may keep the answer."""
        write_key = write_key_of(request, {})
        source = self._entrance.configured(write_key, request)
        content = rudderstack.source_config(source.name, write_key or "")
        return answers.document(content, max_age_seconds=rudderstack.MAX_AGE_SECONDS, is_private=True)

    def posthog_config(self, request: Request) -> Response:
        """``/array/{write key}/config`` and ``config.js``."""
        write_key, file = request.path.split("/")[-2:]
        self._entrance.configured(write_key, request)
        if file == "config.js":
            return answers.script(posthog.config_script(write_key), max_age_seconds=MAX_AGE_SECONDS)
        return answers.document(posthog.config(write_key), max_age_seconds=MAX_AGE_SECONDS)

    def posthog_flags(self, _: Request) -> Response:
        """The same for every project, known or not: none has flags here."""
        return answers.found(posthog.NO_FLAGS)

    def validate(self, request: Request, reader: Reader) -> Response:
        """GA4's validation server: what would be refused, and why. Keeps nothing, and counts as if it did."""
        try:
            submission = reader(request)
        except Rejected as error:
            self._admit_unread(request, _key_of(error, request))
            return answers.found(ga4.validation([(error.code, error.message, None)]))
        source = self._entrance.source_of(submission.write_key, request)
        self._entrance.admit(source, submission.write_key, request, events=len(submission.items))
        decided = self._decide(submission, source, request)
        return answers.found(ga4.validation((reject.code, reject.message, reject.index) for reject in decided.rejects))

    def description(self, _: Request) -> Response:
        from ariane.events.openapi import openapi_document  # no event waits for it

        return answers.document(openapi_document(self._public_url), max_age_seconds=MAX_AGE_SECONDS)

    def ignore(self, _: Request) -> Response:
        return answers.accepted()

    def _accept(self, submission: Submission, source: Source, request: Request) -> list[Mapping[str, Any]]:
        """The refused items, as the answer lists them."""
        self._entrance.admit(source, submission.write_key, request, events=len(submission.items))
        decided = self._decide(submission, source, request)
        self._acceptance.keep(decided)
        return [{"index": reject.index, "code": reject.code, "message": reject.message} for reject in decided.rejects]

    def _decide(self, submission: Submission, source: Source, request: Request) -> Sorted:
        definitions, keys = self._sources.definitions(), self._keys()
        seen = replace(request, source_ip=viewer_of(request, keys.link))
        return sort_out(
            submission,
            source=source,
            request=seen,
            rules=definitions.rules,
            person_key=keys.person,
            signing_key=keys.signing,
            plan=definitions.plan,
        )

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
        except Rejected as error:
            self._keep_refused(request, error, body=error.body if isinstance(error, Refused) else request.body)
            raise

    def _keep_refused(self, request: Request, error: Rejected, *, body: bytes) -> None:
        """A request that cannot be read is kept too, if it came with a known key and might have brought events."""
        write_key = _key_of(error, request)
        source = self._admit_unread(request, write_key)
        if source is not None:
            seen = replace(request, source_ip=viewer_of(request, self._keys().link))
            self._rejects.put([refused_request(error, seen, source=source, write_key=write_key, body=body)])

    def _admit_unread(self, request: Request, write_key: str | None) -> Source | None:
        source = self._sources.by_key(write_key) if write_key else None
        if source is not None:
            self._entrance.check_origin(source, request)
            self._entrance.admit(source, write_key, request, events=1)
        return source

    def _refusal(self, error: ArianeError) -> Response:
        """A fault of ours is 503: a client that is told so keeps its events."""
        self._meter.count("RequestsRefused", Code=error.code)
        return answers.refused(error, status=503 if isinstance(error, Permanent) else None)

    def _cookie(self, visitor: Visitor, request: Request, source: Source | None) -> str:
        scheme = request.headers.get("x-forwarded-proto") or self._public_url.partition(":")[0]
        return visitor.cookie(is_secure=scheme == "https", domain=source.cookie_domain if source else None)


def _key_of(error: Rejected, request: Request) -> str | None:
    """Of a request that its reader refused: what cannot be read hides a key in its body."""
    return error.write_key if isinstance(error, Refused) else write_key_of(request, {})
