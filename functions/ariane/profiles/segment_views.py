"""Segment's Profile API (https://segment.com/docs/unify/profile-api/) over our profiles: what reads theirs reads ours."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ariane.conditions.computed import LIFECYCLE
from ariane.errors import NotFound, Rejected
from ariane.events.model import Event
from ariane.identity.epochs import plain
from ariane.identity.rules import Identifier
from ariane.instants import format_instant, parse_instant
from ariane.profiles.model import Profile
from ariane.profiles.paging import Page, limit_of, slice_after
from ariane.profiles.timeline import Range, timeline
from ariane.profiles.views import Query, Sources, instant, segments_view

_MAX_TRAITS = 200
_MAX_LIST = 100
_MAX_LINKS = 20

type SegmentView = Callable[[Sources, Profile, Query], dict[str, Any]]


def segment_view(sources: Sources, identifier: str, part: str, query: Query, *, url: str) -> dict[str, Any]:
    """``part`` is the last segment of the path; ``url`` is repeated in the cursor. Raises NotFound for an unknown part too."""
    view = _VIEWS.get(part)
    if view is None:
        raise NotFound("route_not_found", "there is nothing at this path")
    read = sources.directory.profile if part in _WHOLE else sources.directory.brief
    answer = view(sources, read(identifier), query)
    return {**answer, "cursor": {"url": url, **answer["cursor"]}} if "cursor" in answer else answer


def _traits(sources: Sources, profile: Profile, query: Query) -> dict[str, Any]:
    limit = limit_of(query("limit"), default=10, largest=_MAX_TRAITS)
    named = _included(_traits_of_class(sources, profile, query("class")), query)
    page = slice_after(list(named), list(named), cursor=query("next"), limit=limit)
    is_verbose = query("verbose") == "true"
    return {"traits": {name: {"value": named[name]} if is_verbose else named[name] for name in page.items}, "cursor": _cursor(page, limit)}


def _traits_of_class(sources: Sources, profile: Profile, wanted: str | None) -> Mapping[str, Any]:
    """As theirs: a segment is a trait that is true. Without a class: what events set and what is computed, which wins."""
    if wanted == "audience":
        return {each["name"]: True for each in segments_view(sources, profile)}
    if wanted and wanted != "computed_trait":
        return {}
    computed = sources.computing.of(profile)
    found = {**computed.traits, LIFECYCLE: computed.lifecycle}
    return found if wanted else {**profile.traits, **found}


def _external_ids(_: Sources, profile: Profile, query: Query) -> dict[str, Any]:
    limit = limit_of(query("limit"), default=25, largest=_MAX_LIST)
    wanted = _listed(query("include"))
    texts = [text for text in profile.identifiers.values() if wanted is None or text.partition(":")[0] in wanted]
    page = slice_after(texts, texts, cursor=query("next"), limit=limit)
    return {"data": [_external_id(text) for text in page.items], "cursor": _cursor(page, limit)}


def _events(sources: Sources, profile: Profile, query: Query) -> dict[str, Any]:
    limit = limit_of(query("limit"), default=10, largest=_MAX_LIST)
    include, exclude = _listed(query("include")), _listed(query("exclude")) or frozenset()

    def is_wanted(event: Event) -> bool:
        name = event.name or event.type
        return name not in exclude and (include is None or name in include)

    within = Range(since=_moment(query("start")), until=_moment(query("end")), newest_first=_is_descending(query("sort")))
    page = timeline(sources.log, profile, homes=sources.homes, limit=limit, cursor=query("next"), within=within, wanted=is_wanted)
    return {"data": [_event(event, profile) for event in page.items], "cursor": _cursor(page, limit)}


def _metadata(_: Sources, profile: Profile, __: Query) -> dict[str, Any]:
    return {"metadata": {"created_at": instant(profile.first_seen), "updated_at": instant(profile.last_seen), "expires_at": None}}


def _links(_: Sources, profile: Profile, query: Query) -> dict[str, Any]:
    """The accounts that the person's ``group`` events named."""
    limit = limit_of(query("limit"), default=_MAX_LINKS, largest=_MAX_LINKS)
    groups = sorted(profile.groups)
    page = slice_after(groups, groups, cursor=query("next"), limit=limit)
    return {"data": [_account(group, profile.groups[group]) for group in page.items], "cursor": _cursor(page, limit)}


_VIEWS: Mapping[str, SegmentView] = {
    "traits": _traits,
    "external_ids": _external_ids,
    "events": _events,
    "metadata": _metadata,
    "links": _links,
}
PARTS = tuple(_VIEWS)
_WHOLE = frozenset({"external_ids", "events"})
"""Parts that tell of each device, also of those at rest."""


def _cursor[T](page: Page[T], limit: int) -> dict[str, Any]:
    return {**page.cursor, "limit": limit}


def _included(traits: Mapping[str, Any], query: Query) -> Mapping[str, Any]:
    wanted = _listed(query("include"))
    return traits if wanted is None else {name: value for name, value in traits.items() if name in wanted}


def _listed(text: str | None) -> frozenset[str] | None:
    return frozenset(part.strip() for part in text.split(",")) if text else None


def _external_id(text: str) -> dict[str, str]:
    namespace, value = plain(Identifier.parse(text))
    return {"collection": "users", "type": namespace, "id": value, "encoding": "none"}


def _event(event: Event, profile: Profile) -> dict[str, Any]:
    own = profile.identifiers.get(event.person_id)
    view: dict[str, Any] = {
        "external_ids": [_external_id(own)] if own else [],
        "context": event.message.get("context", {}),
        "type": event.type,
        "message_id": event.message_id,
        "source_id": event.source,
        "timestamp": format_instant(event.timestamp),
        "properties": event.properties,
        "related": {"users": profile.id},
    }
    named = {"event": event.name} if event.name else {}
    return view | named | ({"traits": event.traits} if event.type == "identify" else {})


def _account(group: str, first: datetime) -> dict[str, Any]:
    account = {"id": group, "type": "group_id", "collection": "accounts", "created_at": format_instant(first), "encoding": "none"}
    return {"to_collection": "accounts", "external_ids": [account]}


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise Rejected("invalid_instant", "start and end are ISO 8601 instants") from error


def _is_descending(text: str | None) -> bool:
    if text not in (None, "", "asc", "desc"):
        raise Rejected("invalid_sort", "sort is asc or desc")
    return text != "asc"
