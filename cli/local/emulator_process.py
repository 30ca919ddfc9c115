"""Runs ministack with four changes: ``python -m cli.local.emulator_process``.

*Polling.* As it comes, one thread asks every queue and stream in turn and sleeps a second between rounds, so an event needs several seconds
through the queues; that is the emulator's time, not the stack's. Here it looks every 20 ms, with a thread for queues and one for streams.

*Batching windows.* It hands a stream's records over at once, to one reader after the other. A reader with a window gets them in another
thread and once a window, so that what gathers does not hold up what is in a hurry.

*Preflights.* It answers OPTIONS itself, with 403 where an HTTP API has no CORS setting. AWS then sends them to the ``$default`` route, and
the collector answers them.

*Cookies.* It leaves them in the header; AWS moves them into the event's ``cookies``.
"""

import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from ministack.app import main
from ministack.services import apigateway, lambda_svc

_IDLE_SECONDS = 0.02


def poll_for_ever(poll: Callable[[], bool], *, every: Callable[[], float] | None = None) -> None:
    """``every``: seconds to rest after a round. Unless said none after one that found something."""
    while True:
        try:
            is_busy = poll()
        except Exception:  # The emulator's own: its loop, too, notes it and goes on.
            logging.exception("polling an event source failed")
            is_busy = False
        if every is not None or not is_busy:
            time.sleep(every() if every is not None else _IDLE_SECONDS)


type Source = tuple[str, str, dict[str, Any]]
"""Account, region and event source mapping."""

_reading = threading.local()
_WINDOW = "MaximumBatchingWindowInSeconds"


def of_this_thread(every: Callable[[], Iterator[Source]]) -> Callable[[], Iterator[Source]]:
    """Of streams those with a window for a thread that ``gathers``, the others for the other threads."""

    def sources() -> Iterator[Source]:
        gathers = getattr(_reading, "gathers", None)
        return (source for source in every() if gathers is None or bool(source[2].get(_WINDOW)) == gathers)

    return sources


def poll_streams(*, gathers: bool) -> None:
    _reading.gathers = gathers
    poll_for_ever(lambda_svc._poll_dynamodb_streams, every=_window if gathers else None)


def _window() -> float:
    """The longest: there is one such reader."""
    return max((float(mapping.get(_WINDOW) or 0) for *_, mapping in lambda_svc._iter_all_esms()), default=0) or 1.0


def poll_queues_and_streams() -> None:
    for gathers in (False, True):
        threading.Thread(target=poll_streams, kwargs={"gathers": gathers}, daemon=True).start()
    poll_for_ever(lambda_svc._poll_sqs)


class RoutedMethod(str):
    """A method's name that is not equal to itself, so that the emulator's question ``method == "OPTIONS"`` is answered no."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, _other: object) -> bool:
        return False


def routing_preflights(handle: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    def handle_execute(api_id: str, stage: str, path: str, method: str, *rest: object) -> Awaitable[object]:
        return handle(api_id, stage, path, RoutedMethod(method) if method == "OPTIONS" else method, *rest)

    return handle_execute


def moving_cookies(execute: Callable[[object, Any], object]) -> Callable[[object, Any], object]:
    def execute_function(record: object, event: Any) -> object:
        if isinstance(event, dict) and "routeKey" in event and "cookie" in event.get("headers", {}):
            event["cookies"] = [cookie.strip() for cookie in event["headers"].pop("cookie").split(";")]
        return execute(record, event)

    return execute_function


if __name__ == "__main__":
    lambda_svc._poll_loop = poll_queues_and_streams
    lambda_svc._iter_all_esms = of_this_thread(lambda_svc._iter_all_esms)
    apigateway.handle_execute = routing_preflights(apigateway.handle_execute)
    lambda_svc._execute_function_with_config_scope = moving_cookies(lambda_svc._execute_function_with_config_scope)
    main()
