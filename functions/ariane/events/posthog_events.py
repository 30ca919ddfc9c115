"""PostHog's events as messages of the Segment spec. The rules are those of ``docs/how-to/wires/posthog.md``."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ariane.errors import Rejected
from ariane.events.posthog_properties import context_of, kept, page_of
from ariane.instants import format_instant

type Part = dict[str, Any]

UNSUPPORTED = frozenset({"$snapshot", "$snapshot_items", "$performance_event", "$$heatmap"})
"""Recordings of screens, not of what a person did."""
_SERVER_LIBRARIES = ("posthog-python", "posthog-node", "posthog-php", "posthog-ruby", "posthog-go", "posthog-java", "posthog-dotnet")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def messages_of(event: Any) -> Sequence[Any]:
    """One or two messages, not validated; a ``Rejected`` for what is none, and ``event`` itself where it is no object."""
    if not isinstance(event, Mapping):
        return [event]
    if "properties" in event and not isinstance(event["properties"], Mapping | None):
        return [Rejected("not_an_object", "properties is not a JSON object")]
    name = event.get("event")
    if isinstance(name, str) and name in UNSUPPORTED:
        return [Rejected("unsupported_event", f"{name} is a recording, which this collector does not keep")]
    return _MEANINGS.get(name if isinstance(name, str) else "", _track)(event)


def _track(event: Mapping[str, Any]) -> Sequence[Any]:
    name = event.get("event")
    return [{"type": "track", "event": name, **_about(event, traits=_traits(event)), "properties": kept(_properties(event))}]


def _page(event: Mapping[str, Any]) -> Sequence[Any]:
    properties = _properties(event)
    about = _about(event, traits=_traits(event))
    return [{"type": "page", "name": properties.get("name"), **about, "properties": page_of(about["context"]) | kept(properties)}]


def _screen(event: Mapping[str, Any]) -> Sequence[Any]:
    properties = _properties(event)
    about = _about(event, traits=_traits(event))
    return [{"type": "screen", "name": properties.get("$screen_name"), **about, "properties": kept(properties)}]


def _identify(event: Mapping[str, Any]) -> Sequence[Any]:
    """Says who the anonymous id was, twice: ``identify`` carries both, and ``alias`` is what other Segment tools look for."""
    user, anonymous = _distinct_id(event), _properties(event).get("$anon_distinct_id")
    identified = {"type": "identify", **_about(event), "userId": user, "traits": _traits(event)}
    if not _is_id(user) or not _is_id(anonymous) or anonymous == user:
        return [identified | {"anonymousId": None}]
    alias = {"type": "alias", "userId": user, "previousId": anonymous, "anonymousId": anonymous}
    return [identified | {"anonymousId": anonymous}, alias | _time(event) | _second_id(event, "alias")]


def _set(event: Mapping[str, Any]) -> Sequence[Any]:
    return [{"type": "identify", **_about(event), "traits": _traits(event)}]


def _alias(event: Mapping[str, Any]) -> Sequence[Any]:
    """``distinct_id`` is the id so far, ``alias`` the one it gets. A UUID that nobody calls a user's is a device's: a server often says
    whom a browser's events belong to. Any other is named as the user's that it is; one person has one user id, so identity
    refuses those two."""
    previous, new = _distinct_id(event), _properties(event).get("alias")
    if not _is_id(previous) or not _is_id(new):
        return [Rejected("alias_missing", "an alias needs distinct_id and properties.alias")]
    about = _about(event)
    if _is_anonymous(event) or (_is_uuid(previous) and not _is_stated_user(event)):
        about["anonymousId"] = previous
    else:
        about["context"]["externalIds"] = [{"type": "user_id", "id": previous}]
    return [{"type": "alias", **about, "userId": new, "previousId": previous}]


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _is_stated_user(event: Mapping[str, Any]) -> bool:
    properties = _properties(event)
    return properties.get("$is_identified") is True or _distinct_id(event) == properties.get("$user_id")


def _group(event: Mapping[str, Any]) -> Sequence[Any]:
    """PostHog's libraries make up a distinct id where there is no person: ``$type_key``, or a random UUID."""
    properties = _properties(event)
    kind, key, traits = properties.get("$group_type"), properties.get("$group_key"), properties.get("$group_set")
    about = _about(event)
    if _distinct_id(event) == f"${kind}_{key}":
        about |= {"userId": None, "anonymousId": None}
    named = {"group_type": kind} if isinstance(kind, str) else {}
    return [{"type": "group", **about, "groupId": key, "traits": named | dict(traits if isinstance(traits, Mapping) else {})}]


_MEANINGS: Mapping[str, Callable[[Mapping[str, Any]], Sequence[Any]]] = {
    "$pageview": _page,
    "$screen": _screen,
    "$identify": _identify,
    "$set": _set,
    "$set_once": _set,
    "$unset": _set,
    "$create_alias": _alias,
    "$merge_dangerously": _alias,
    "$groupidentify": _group,
}


def _about(event: Mapping[str, Any], *, traits: Mapping[str, Any] | None = None) -> Part:
    """What every message says: who, when, which, and in what surroundings; with ``traits`` that are not the message's own."""
    context = context_of(_properties(event), event)
    if traits:
        context["traits"] = traits
    return {**_who(event), **_time(event), "messageId": _message_id(event), "context": context}


def _who(event: Mapping[str, Any]) -> Part:
    return {"anonymousId" if _is_anonymous(event) else "userId": _distinct_id(event)}


def _is_anonymous(event: Mapping[str, Any]) -> bool:
    """The first that says anything: what the SDK states, the id it keeps of the device or of the user, and who makes such ids."""
    properties, distinct_id = _properties(event), _distinct_id(event)
    stated = properties.get("$is_identified")
    if isinstance(stated, bool):
        return not stated
    if properties.get("$process_person_profile") is False:
        return True
    if distinct_id == properties.get("$user_id"):
        return False
    if distinct_id == properties.get("$device_id"):
        return True
    return _is_uuid(distinct_id) and (_is_on_a_device(properties) or event.get("event") == "$groupidentify")


def _is_on_a_device(properties: Mapping[str, Any]) -> bool:
    library = properties.get("$lib")
    return isinstance(library, str) and not library.startswith(_SERVER_LIBRARIES)


def _properties(event: Mapping[str, Any]) -> Mapping[str, Any]:
    value = event.get("properties")
    return value if isinstance(value, Mapping) else {}


def _distinct_id(event: Mapping[str, Any]) -> Any:
    properties = _properties(event)
    candidates = (event.get("distinct_id"), properties.get("distinct_id"), properties.get("$distinct_id"))
    return next((each for each in candidates if _is_id(each)), None)


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _message_id(event: Mapping[str, Any]) -> Any:
    return event.get("uuid") or _properties(event).get("$insert_id")


def _second_id(event: Mapping[str, Any], suffix: str) -> Part:
    first = _message_id(event)
    return {"messageId": f"{first}-{suffix}"} if _is_id(first) else {}


def _traits(event: Mapping[str, Any]) -> dict[str, Any]:
    """``$set`` above ``$set_once``, and null, which removes, for what ``$unset`` lists. PostHog's own ($…) are not the person's."""
    properties = _properties(event)
    given = (properties.get("$set_once"), event.get("$set_once"), properties.get("$set"), event.get("$set"))
    traits = {name: value for each in given if isinstance(each, Mapping) for name, value in each.items()}
    for removed in (properties.get("$unset"), event.get("$unset")):
        if isinstance(removed, list):
            traits |= {name: None for name in removed if isinstance(name, str)}
    return {name: value for name, value in traits.items() if not name.startswith("$")}


def _time(event: Mapping[str, Any]) -> Part:
    """The time as stated. posthog-js replaces it, in a batch, by ``offset``: how many milliseconds before it was sent. Its event ids are
    UUIDs of version 7, which hold when they were made: the same whenever the request is repeated."""
    stated = event.get("timestamp")
    if stated not in (None, ""):
        return {"timestamp": stated}
    made, offset = _made_at(event.get("uuid")), event.get("offset")
    if made is None or not isinstance(offset, int | float) or isinstance(offset, bool):
        return {}
    try:
        return {"timestamp": format_instant(made), "sentAt": format_instant(made + timedelta(milliseconds=offset))}
    except (OverflowError, ValueError):
        return {}


def _made_at(identity: Any) -> datetime | None:
    if not isinstance(identity, str) or not _UUID.fullmatch(identity) or identity[14] != "7":
        return None
    try:
        return datetime.fromtimestamp(int(identity[:8] + identity[9:13], 16) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
