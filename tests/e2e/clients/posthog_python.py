"""PostHog's Python SDK. In and out as the other clients; the methods and arguments are PostHog's own."""

import json
import sys

from posthog import Posthog
from posthog.version import VERSION


def main() -> None:
    task = json.load(sys.stdin)
    errors: list[str] = []
    client = Posthog(
        task["key"],
        host=task["host"],
        gzip=task["gzip"],
        flush_at=len(task["batches"][0]),
        flush_interval=30,
        on_error=lambda error, _: errors.append(str(error)),
    )
    for batch in task["batches"]:
        for call in batch:
            getattr(client, call["method"])(**call["message"])
        client.flush()
    left = client.queue.qsize()
    client.shutdown()
    json.dump({"version": VERSION, "errors": errors, "left": left}, sys.stdout)


if __name__ == "__main__":
    main()
