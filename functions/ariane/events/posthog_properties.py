"""PostHog's own properties ($…): which are Segment's context, which are kept, and that the others are not."""

from collections.abc import Mapping
from typing import Any

from ariane.events.pixels import campaign_of

_CONTEXT: Mapping[str, tuple[str, ...]] = {
    "$current_url": ("page", "url"),
    "$pathname": ("page", "path"),
    "$title": ("page", "title"),
    "title": ("page", "title"),
    "$referrer": ("page", "referrer"),
    "$lib": ("library", "name"),
    "$lib_version": ("library", "version"),
    "$os": ("os", "name"),
    "$os_name": ("os", "name"),
    "$os_version": ("os", "version"),
    "$device_type": ("device", "type"),
    "$device_manufacturer": ("device", "manufacturer"),
    "$device_model": ("device", "model"),
    "$device_name": ("device", "name"),
    "$screen_width": ("screen", "width"),
    "$screen_height": ("screen", "height"),
    "$screen_density": ("screen", "density"),
    "$app_name": ("app", "name"),
    "$app_version": ("app", "version"),
    "$app_build": ("app", "build"),
    "$app_namespace": ("app", "namespace"),
    "$network_wifi": ("network", "wifi"),
    "$network_cellular": ("network", "cellular"),
    "$network_carrier": ("network", "carrier"),
    "$timezone": ("timezone",),
    "$browser_language": ("locale",),
    "$locale": ("locale",),
    "$ip": ("ip",),
    "$raw_user_agent": ("userAgent",),
    "$useragent": ("userAgent",),
}
"""Property -> where it goes. Of two for one place the later counts. ``$device_id`` is not ``device.id``: PostHog keeps it when another
person takes the device over, and never joins people by it."""
_PAGE = ("url", "path", "title", "referrer", "search")
_KEPT = frozenset(
    {
        "$device_id",
        "$event_type",
        "$external_click_url",
        "$groups",
        "$host",
        "$revenue",
        "$screen_name",
        "$session_id",
        "$referring_domain",
        "$window_id",
    }
)
_KEPT_PREFIXES = ("$feature/", "$feature_flag", "$survey_", "$prev_pageview_", "$exception_", "$el_", "$web_vitals_")
_TRANSPORT = frozenset({"token", "distinct_id"})
_DIRECT = "$direct"


def context_of(properties: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """Segment's ``context``, of the properties and of what posthog-node writes beside them."""
    context: dict[str, Any] = {}
    beside = {"$lib": event.get("library"), "$lib_version": event.get("library_version")}
    for values in (beside, properties):
        for name in [name for name in _CONTEXT if name in values]:
            _put(context, _CONTEXT[name], values[name])
    _put(context, ("page", "search"), _search(properties.get("$current_url")))
    for name, value in (("campaign", _campaign(properties)), ("userAgentData", _browser(properties)), ("groupId", _group_id(properties))):
        if value is not None:
            context[name] = value
    return context


def page_of(context: Mapping[str, Any]) -> dict[str, Any]:
    """What Segment wants among a page's own properties too."""
    page = context.get("page", {})
    return {name: page[name] for name in _PAGE if name in page}


def kept(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if _is_kept(name)}


def _is_kept(name: str) -> bool:
    if not name.startswith("$"):
        return name not in _TRANSPORT
    return name in _KEPT or name.startswith(_KEPT_PREFIXES)


def _put(context: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    if not isinstance(value, str | int | float) or value in ("", _DIRECT):
        return
    *path, leaf = place
    for step in path:
        context = context.setdefault(step, {})
    context[leaf] = value


def _search(url: Any) -> str | None:
    if not isinstance(url, str):
        return None
    _, mark, query = url.partition("#")[0].partition("?")
    return mark + query if query else None


def _campaign(properties: Mapping[str, Any]) -> dict[str, str] | None:
    return campaign_of([(name, value) for name, value in properties.items() if name.startswith("utm_") and isinstance(value, str)])


def _browser(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    brand = properties.get("$browser")
    if not isinstance(brand, str) or not brand:
        return None
    version = properties.get("$browser_version")
    named = {"brand": brand, "version": str(version)} if isinstance(version, str | int | float) else {"brand": brand}
    return {"brands": [named], "mobile": properties.get("$device_type") == "Mobile"}


def _group_id(properties: Mapping[str, Any]) -> Any:
    """Segment knows one group: of several, none is the one."""
    groups = properties.get("$groups")
    values = list(groups.values()) if isinstance(groups, Mapping) else []
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None
