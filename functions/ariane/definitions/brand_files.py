"""The brand's files besides journeys, templates and identity rules, as they may be written."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ariane.definitions.strict import Definition, at_field, matching
from ariane.errors import Rejected
from ariane.events.model import OWN_SOURCE, SourceKind
from ariane.events.origins import origin_of
from ariane.journeys.definition import EventName, Locale, Name, TimeZone
from ariane.messaging.model import Channel, MessageClass

type Text = Annotated[str, Field(min_length=1, max_length=500)]
type Address = Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "is not an e-mail address")]
type Url = Annotated[str, matching(r"https?://[^\s]+", "is not an address that begins with https://")]
type Country = Annotated[str, matching(r"[A-Z]{2}", "is not a country of two capitals such as FR")]
type Currency = Annotated[str, matching(r"[A-Z]{3}", "is not a currency of three capitals such as EUR")]


def _not_ours(name: str) -> str:
    if name == OWN_SOURCE:
        raise ValueError("is the name under which the platform logs its own events")
    return name


class Email(Definition):
    from_: Address = Field(alias="from")
    from_name: Text | None = None
    reply_to: Address | None = None


class Sms(Definition):
    sender_id: Annotated[str, matching(r"[A-Za-z0-9]{1,11}", "is not 1 to 11 letters and digits")] | None = None
    stop_suffix: dict[Locale, Text] = Field(default_factory=dict)


class BrandFile(Definition):
    """``brand/ariane.yaml``."""

    name: Text
    site_url: Url
    default_locale: Locale
    default_time_zone: TimeZone
    default_currency: Currency | None = None
    email: Email
    sms: Sms = Sms()
    click_source: Name = "web"
    """The source that clicks in messages are logged under."""
    forward: tuple[EventName | Literal["*"], ...] = ()


def _origin(text: str) -> str:
    try:
        return origin_of(text)
    except Rejected as error:
        raise ValueError(f"{text!r} {error.message}") from error


class RateLimitOptions(Definition):
    events_per_second: Annotated[int, Field(ge=1, le=1_000_000)]
    burst: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    """Ten seconds' worth unless said."""


class SourceOptions(Definition):
    kind: SourceKind
    default_country: Country | None = None
    keep_ip: bool = False
    allowed_origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], Field(min_length=1)] | None = None
    cookie_domain: Text | None = None
    rate_limit: RateLimitOptions | Literal["none"] | None = None
    daily_quota: Annotated[int, Field(ge=1)] | Literal["none"] | None = None

    @model_validator(mode="after")
    def _only_browsers_have_origins(self) -> Self:
        if self.allowed_origins is not None and self.kind is not SourceKind.BROWSER:
            raise at_field("allowed_origins", "only browsers say which page they send from: a source of another kind has none")
        return self


class SourcesFile(Definition):
    """``brand/sources.yaml``."""

    sources: Annotated[dict[Annotated[Name, AfterValidator(_not_ours)], SourceOptions], Field(min_length=1)]


class TopicOptions(Definition):
    class_: MessageClass = Field(alias="class")
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    label: Annotated[dict[Locale, Text], Field(min_length=1)]


class TopicsFile(Definition):
    """``brand/topics.yaml``."""

    topics: Annotated[dict[Name, TopicOptions], Field(min_length=1)]
