"""The messages of one log item as bytes: zlib, with a preset dictionary, of ``{"c": shared context, "e": [messages]}``.

Context fields that are equal in every message are hoisted: a batch of ten says once which library and page it comes from. ``timestamp`` is
kept as ``t``, milliseconds after ``originalTimestamp``: the sender's clock is as wrong for the whole batch.
"""

import zlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson

from ariane.events.dictionary import CURRENT, DICTIONARIES
from ariane.events.model import Message
from ariane.events.timestamps import sent_instant
from ariane.instants import format_instant, parse_instant

_MILLISECOND = timedelta(milliseconds=1)
_HAS_DICTIONARY = 0x20


def pack(messages: Sequence[Message]) -> bytes:
    shared = _shared_context(messages)
    plain = orjson.dumps({"c": shared, "e": [_short(message, shared) for message in messages]})
    deflater = zlib.compressobj(level=6, memLevel=9, zdict=CURRENT)
    return deflater.compress(plain) + deflater.flush()


def unpack(packed: bytes) -> tuple[Message, ...]:
    """What ``pack`` was given. An empty context does not come back. Raises zlib.error or ValueError for anything else."""
    document = orjson.loads(_inflate(packed))
    shared = document["c"]
    return tuple(_whole(message, shared) for message in document["e"])


def _inflate(packed: bytes) -> bytes:
    if len(packed) < 6 or not packed[1] & _HAS_DICTIONARY:
        return zlib.decompress(packed)
    dictionary = DICTIONARIES.get(int.from_bytes(packed[2:6]))
    if dictionary is None:
        raise ValueError("packed with a dictionary that is not known here")
    return zlib.decompressobj(zdict=dictionary).decompress(packed)


def _shared_context(messages: Sequence[Message]) -> dict[str, Any]:
    first, *others = [message.get("context") or {} for message in messages]
    return {name: value for name, value in first.items() if all(name in other and other[name] == value for other in others)}


def _short(message: Message, shared: dict[str, Any]) -> Message:
    short = {name: value for name, value in message.items() if name != "context"}
    rest = {name: value for name, value in (message.get("context") or {}).items() if name not in shared}
    if rest:
        short["context"] = rest
    original = sent_instant(message.get("originalTimestamp"))
    if original is not None:
        short["t"] = (parse_instant(short.pop("timestamp")) - original) // _MILLISECOND
    return short


def _whole(message: Message, shared: dict[str, Any]) -> Message:
    if "t" in message:
        original = parse_instant(message["originalTimestamp"])
        message["timestamp"] = format_instant(original + message.pop("t") * _MILLISECOND)
    context = {**shared, **message.get("context", {})}
    return {**message, "context": context} if context else message
