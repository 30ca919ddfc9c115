"""What ``brand/sources.yaml`` may say of origins and limits, and where a mistake is named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ariane.definitions.build import build
from ariane.definitions.problems import BrandInvalid
from ariane.events.limits import Limits, RateLimit
from ariane.events.sources import CollectDefinitions, Source

SAMPLE = Path(__file__).parents[3] / "brand"
type Publish = Callable[[str], Source]


@pytest.fixture
def published(tmp_path: Path) -> Publish:
    """The source ``web`` with these options, as collect reads what is published of it."""
    brand = shutil.copytree(SAMPLE, tmp_path / "brand")

    def publish(options: str) -> Source:
        (brand / "sources.yaml").write_text(f"sources:\n  web:\n    {options.replace(chr(10), chr(10) + '    ')}\n", "utf-8")
        document = build(brand, compile_mjml=lambda text: f"<p>{text}</p>").documents["collect"]
        return CollectDefinitions.from_document(document).sources["web"]

    return publish


def problems(published: Publish, options: str) -> list[str]:
    with pytest.raises(BrandInvalid) as caught:
        published(options)
    return [str(problem) for problem in caught.value.problems]


def test_limits_are_read_as_they_are_written(published: Publish) -> None:
    source = published("kind: browser\nrate_limit: {events_per_second: 200, burst: 1000}\ndaily_quota: 500000")

    assert source.limits == Limits(rate=RateLimit(200, 1_000), daily_quota=500_000)


def test_limits_may_be_switched_off_and_on(published: Publish) -> None:
    assert published("kind: browser\nrate_limit: none\ndaily_quota: none").limits == Limits()
    assert published("kind: server\nrate_limit: {events_per_second: 5}").limits == Limits(rate=RateLimit(5, 50))


def test_origins_are_published_in_the_spelling_of_browsers(published: Publish) -> None:
    origins = published("kind: browser\nallowed_origins: ['HTTPS://Shop.Example:443', 'https://*.shop.example']").allowed_origins

    assert origins is not None
    assert origins.admit({"origin": "https://shop.example"}, method="POST")
    assert origins.admit({"origin": "https://www.shop.example"}, method="POST")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("allowed_origins: [shop.example]", "4:23: sources.web.allowed_origins[0]: 'shop.example' is not an origin"),
        (
            "allowed_origins:\n- https://shop.example\n- https://shop.example/",
            "6:7: sources.web.allowed_origins[1]: 'https://shop.example/' is not",
        ),
        ("allowed_origins: ['https://*.com']", "4:23: sources.web.allowed_origins[0]: 'https://*.com' stands for every site"),
        ("allowed_origins: ['*']", "4:23: sources.web.allowed_origins[0]: '*' is not an origin"),
        ("allowed_origins: []", "4:22: sources.web.allowed_origins: "),
        ("allowed_origins: https://shop.example", "4:22: sources.web.allowed_origins: must be a list"),
        ("rate_limit: {events_per_second: 0}", "4:37: sources.web.rate_limit.events_per_second: "),
        ("rate_limit: {burst: 10}", "4:17: sources.web.rate_limit.events_per_second: is required"),
        ("rate_limit: {events_per_second: 5, per: 1}", "4:40: sources.web.rate_limit.per: is not a known key here"),
        ("rate_limit: off", "4:17: sources.web.rate_limit: "),
        ("daily_quota: 1_000", "4:18: sources.web.daily_quota: "),
        ("daily_quota: -1", "4:18: sources.web.daily_quota: "),
    ],
)
def test_a_mistake_is_named_where_it_stands(published: Publish, options: str, expected: str) -> None:
    found = problems(published, f"kind: browser\n{options}")

    assert any(problem.startswith(f"brand/sources.yaml:{expected}") for problem in found), found
    assert all(problem.startswith("brand/sources.yaml:") for problem in found)


def test_only_browsers_have_origins(published: Publish) -> None:
    (problem,) = problems(published, "kind: server\nallowed_origins: [https://shop.example]")

    assert problem.startswith("brand/sources.yaml:4:22: sources.web.allowed_origins: only browsers say which page")
