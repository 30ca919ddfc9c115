"""What is taken out of a refusal before it is kept: write keys and signatures, as whoever may read refusals may not send events or vouch
for anybody therefore, and what addresses say beyond the network."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ariane.access.write_keys import PREFIX
from ariane.events.addresses import truncated
from ariane.events.encodings import readable_text

HIDDEN = "<write key>"
"""Stands for the request's own key; ``<write key 2>`` and so on for others, so that they stay several."""
_ADDRESS = "<address>"
"""Stands for what holds an address and is none, such as one with a port."""
_SHORTEST_KEY = 6
_KEYS = re.escape(PREFIX.encode()) + rb"[A-Za-z0-9_-]{8,}"
"""Whatever looks like a key: a generated one is longer by far, and a word such as ``wk_42`` is none."""
_SIGNATURES = rb"v1\.[0-9]{1,12}\.[0-9A-Fa-f]{16,}"
"""Of ``identity.signatures``; also one cut short, of which the rest could be guessed."""
_HIDDEN_SIGNATURE = b"<signature>"
_ADDRESS_NAMES = frozenset({"ip", "$ip", "ip_override"})
_JSON_TEXT = rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_ADDRESS_FIELD = rb'("(?:\$?ip|ip_override)"\s*:\s*)(' + _JSON_TEXT + rb"|\[[^\[\]{}]*+\])"
"""Each pattern here takes time in proportion to a body, whatever it holds."""
_HOLDS_ADDRESS = r"\d\.\d{1,3}\.\d{1,3}\.\d|:[0-9A-Fa-f]{0,4}:"


@dataclass(frozen=True, slots=True)
class Hiding:
    write_key: str | None
    """That of the request."""
    keeps_addresses: bool

    def of_body(self, body: bytes) -> bytes:
        """JSON or what was meant to be: nothing else of it changes."""
        hidden = self._without_keys(body)
        return hidden if self.keeps_addresses else re.sub(_ADDRESS_FIELD, _truncated_field, hidden)

    def of_text(self, text: str) -> str:
        return self._without_keys(text.encode(errors="replace")).decode(errors="replace")

    def of_document(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        hidden: Mapping[str, Any] = orjson.loads(self.of_body(orjson.dumps(document)))
        return hidden

    def of_query(self, query: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """``data`` is decoded where it can be: a key lies in it."""
        return [(self.of_text(name), self._of_parameter(name, value)) for name, value in query]

    def _of_parameter(self, name: str, value: str) -> str:
        if name == "data":
            return self.of_body(readable_text(value).encode()).decode(errors="replace")
        is_address = name.rpartition(".")[2] in _ADDRESS_NAMES and not self.keeps_addresses
        return self.of_text(_network_of(value) if is_address else value)

    def _without_keys(self, body: bytes) -> bytes:
        own = (self.write_key or "").encode(errors="replace")
        names = {own: HIDDEN.encode()}
        unsigned = re.sub(_SIGNATURES, _HIDDEN_SIGNATURE, body)
        hidden = re.sub(_KEYS, lambda found: names.setdefault(found[0], b"<write key %d>" % (len(names) + 1)), unsigned)
        return hidden.replace(own, HIDDEN.encode()) if len(own) >= _SHORTEST_KEY else hidden


def _truncated_field(found: re.Match[bytes]) -> bytes:
    return found[1] + re.sub(_JSON_TEXT, lambda text: b'"' + _network_of(text[1].decode(errors="replace")).encode() + b'"', found[2])


def _network_of(value: str) -> str:
    """What is no address at all stays as it is."""
    return truncated(value) or (_ADDRESS if re.search(_HOLDS_ADDRESS, value) else value)
