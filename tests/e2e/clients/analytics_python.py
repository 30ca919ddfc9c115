"""Segment's Python SDK (``segment``), of whichever version stands first on the path, or RudderStack's (``rudderstack``), its descendant.

The argument names the SDK's package. In, on standard input: ``{"host", "key", "gzip", "batches": [[{"method", "message"}]]}``, batches
of one size; out: ``{"version", "errors", "left"}``, what the SDK itself has to say.
"""

import atexit
import json
import re
import sys
from importlib import import_module


def main() -> None:
    sdk, task = f"{sys.argv[1]}.analytics", json.load(sys.stdin)
    errors: list[str] = []
    client = import_module(f"{sdk}.client").Client(
        task["key"],
        host=task["host"],
        gzip=task["gzip"],
        upload_size=len(task["batches"][0]),  # it sends once it has so many: one request a batch
        upload_interval=30,
        on_error=lambda error, _: errors.append(str(error)),
    )
    atexit.unregister(client.join)  # waits for the interval to pass, though the queue is empty
    for batch in task["batches"]:
        for call in batch:
            getattr(client, call["method"])(**{snake_case(name): value for name, value in call["message"].items()})
        client.flush()
    json.dump({"version": import_module(f"{sdk}.version").VERSION, "errors": errors, "left": client.queue.qsize()}, sys.stdout)


def snake_case(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


if __name__ == "__main__":
    main()
