"""The two Liquid environments: HTML escapes every value, text escapes none. Both bound time and size; neither reads files."""

from functools import cache, lru_cache

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError

from ariane.messaging.liquid_filters import local_date, money, track_link

_LEFT_OUT = ("safe", "include", "render")
"""Nothing takes a value out of escaping, and templates stand alone."""


class _Bounded(Environment):
    loop_iteration_limit = 5_000
    output_stream_limit = 400_000
    local_namespace_limit = 200_000
    context_depth_limit = 20
    block_nesting_limit = 20


def _environment(*, autoescape: bool) -> Environment:
    environment = _Bounded(autoescape=autoescape, strict_filters=True)
    for name in _LEFT_OUT:
        environment.filters.pop(name, None)
        environment.tags.pop(name, None)
    environment.add_filter("money", money)
    environment.add_filter("date", local_date)
    environment.add_filter("track_link", track_link)
    return environment


@cache
def html_environment() -> Environment:
    return _environment(autoescape=True)


@cache
def text_environment() -> Environment:
    return _environment(autoescape=False)


@lru_cache(maxsize=256)
def parsed(source: str, *, is_html: bool) -> BoundTemplate:
    """The parsed template, kept: the same few templates render all day. Raises LiquidError."""
    return (html_environment() if is_html else text_environment()).from_string(source)


def problem_of(error: LiquidError) -> str:
    """The error in one line, without the source around it."""
    return str(error.message or type(error).__name__)[:300]
