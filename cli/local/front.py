"""The local run's front: does to a request what ``infra/front_function.js`` and the distribution do to it in AWS.

A test runs the two over the same table of requests.
"""

from collections.abc import Callable

from ariane.events.front import PROOF_HEADER, VIEWER_HEADER

type Headers = list[tuple[str, str]]
type Rewrite = Callable[[str, Headers, str], Headers]
"""(method, headers, the client's address) -> the headers to pass on."""


def passing(_method: str, headers: Headers, _viewer: str) -> Headers:
    """No front: what came goes on."""
    return headers


def fronted(proof: str) -> Rewrite:
    """As the distribution: the function's work, and the header that it adds for the origin. ``proof``: ``front_proof``'s."""

    def rewrite(method: str, headers: Headers, viewer: str) -> Headers:
        return [*_without(rewritten(method, headers, viewer), PROOF_HEADER), (PROOF_HEADER, proof)]

    return rewrite


def rewritten(method: str, headers: Headers, viewer: str) -> Headers:
    """The twin of the function's handler."""
    changed = {VIEWER_HEADER: viewer}
    if method == "POST":
        changed["content-type"] = "application/octet-stream"
    return [*_without(headers, *changed), *changed.items()]


def _without(headers: Headers, *names: str) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in names]
