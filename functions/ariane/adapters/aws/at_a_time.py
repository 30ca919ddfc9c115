"""Several queries at a time, where each key needs one of its own."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import batched

AT_A_TIME = 10
"""As many connections as a client keeps."""


def ten_at_a_time[Key, Answer](read: Callable[[Key], Answer], keys: Iterable[Key]) -> Iterator[Answer]:
    """The answers in the keys' order. Whoever stops taking them has had at most nine read too many. What one raises is raised."""
    for some in batched(keys, AT_A_TIME, strict=False):
        yield from _pool().map(read, some)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_A_TIME)
