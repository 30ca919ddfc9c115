"""What somebody asks of the identity desk, as JSON, checked field by field."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ariane.errors import NotFound, Rejected
from ariane.identity.identifiers import normalise
from ariane.identity.model import Side
from ariane.identity.rules import Identifier, Rules
from ariane.profiles.identity_desk import Said

MOST_BYTES = 64 * 1024
MOST_IDENTIFIERS = 100
LONGEST_WHY = 500
EVENTS_TO: Mapping[str, Side] = {"these": Side.RIGHT, "others": Side.LEFT}
"""The identifiers that a request names are the split's right side."""


def unmerging(body: str | None, rules: Rules, *, by: str) -> Said:
    """``{"identifiers", "why", "events_to"}``. Raises Rejected, NotFound, naming the field."""
    given = _document(body, {"identifiers", "why", "events_to"})
    named = given.get("events_to")
    if named is not None and not (isinstance(named, str) and named in EVENTS_TO):
        raise Rejected("invalid_events_to", "events_to: whose the events are that carry identifiers of both: these, or others")
    identifiers = _identifiers(given.get("identifiers"), rules)
    return Said(identifiers=identifiers, by=by, why=_why(given), events_to=EVENTS_TO[named] if named is not None else None)


def linking(body: str | None, rules: Rules, *, by: str) -> Said:
    given = _document(body, {"identifiers", "why"})
    return Said(identifiers=_identifiers(given.get("identifiers"), rules), by=by, why=_why(given))


def lifting(body: str | None) -> str:
    """The reason."""
    return _why(_document(body, {"why"}))


def _document(body: str | None, fields: set[str]) -> Mapping[str, Any]:
    if len((body or "").encode()) > MOST_BYTES:
        raise Rejected("body_too_large", f"the body is over {MOST_BYTES:,} bytes")
    try:
        given = orjson.loads(body or "")
    except orjson.JSONDecodeError as error:
        raise Rejected("invalid_body", "the body is not JSON") from error
    if not isinstance(given, dict):
        raise Rejected("invalid_body", "the body is not a JSON object")
    unknown = sorted(set(given) - fields)
    if unknown:
        raise Rejected("unknown_field", f"{unknown[0][:40]}: there is no such field; there are {', '.join(sorted(fields))}")
    return given


def _why(given: Mapping[str, Any]) -> str:
    why = given.get("why")
    if not isinstance(why, str) or not why.strip():
        raise Rejected("why_missing", "why: say the reason, for whoever looks at this later")
    if len(why) > LONGEST_WHY:
        raise Rejected("why_too_long", f"why: {LONGEST_WHY:,} characters at most, these are {len(why):,}")
    return " ".join(why.split())


def _identifiers(value: object, rules: Rules) -> tuple[Identifier, ...]:
    """In the request's order, each once."""
    if not isinstance(value, list) or not value:
        raise Rejected("identifier_missing", 'identifiers: a list such as ["email:jeanne@shop.example"]')
    if len(value) > MOST_IDENTIFIERS:
        raise Rejected("too_many_identifiers", f"identifiers: {MOST_IDENTIFIERS:,} at most")
    return tuple(dict.fromkeys(_identifier(each, place, rules) for place, each in enumerate(value)))


def _identifier(value: object, place: int, rules: Rules) -> Identifier:
    where = f"identifiers[{place}]"
    namespace, text = _parts(value, where)
    if namespace not in rules.namespaces:
        known = ", ".join(sorted(rules.namespaces))
        raise Rejected("unknown_namespace", f"{where}: there is no namespace {namespace[:64]}; there are {known}")
    identifier = normalise(namespace, text, rules)
    if identifier is None:
        raise NotFound("identifier_unknown", f"{where}: nobody can have it: a placeholder, blocked, or no value of {namespace}")
    return identifier


def _parts(value: object, where: str) -> Sequence[str]:
    if isinstance(value, Mapping) and value.keys() == {"type", "value"} and all(isinstance(each, str) for each in value.values()):
        return value["type"], value["value"]
    namespace, colon, text = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not (namespace and colon and text):
        raise Rejected("invalid_identifier", f'{where}: written namespace:value, or {{"type", "value"}}')
    return namespace, text
