"""What the transport knows of an event beyond its content. Applied after its keys are made: a repeat over another network is the same."""

from typing import Any

from ariane.events.addresses import truncated
from ariane.events.model import Message
from ariane.events.sources import Source
from ariane.events.wire import Request


def enrich(message: Message, source: Source, request: Request, *, is_bots: bool = False) -> Message:
    """Browsers and apps get the request's address and user agent where they state none; a server's own would say nothing of the person.

    Addresses are truncated for every source unless it says ``keep_ip``.
    """
    context: dict[str, Any] = dict(message.get("context", {}))
    if not source.kind.is_trusted:
        context.setdefault("ip", request.source_ip)
        context.setdefault("userAgent", request.headers.get("user-agent"))
    if not source.keep_ip:
        address = context.get("ip")
        context["ip"] = truncated(address) if isinstance(address, str) else None
    if is_bots:
        context["bot"] = True
    context = {name: value for name, value in context.items() if value is not None}
    return {**message, "context": context} if context else {name: value for name, value in message.items() if name != "context"}
