"""What Segment's SDKs ask for before they send anything.

Without the ``Segment.io`` entry the mobile SDKs fall silent and analytics-next sends its events to Segment instead of here.
"""

from typing import Any

MAX_AGE_SECONDS = 300


def settings_document(write_key: str, public_url: str) -> dict[str, Any]:
    protocol, _, host = public_url.rstrip("/").partition("://")
    allowed = {"__default": {"enabled": True, "integrations": {}}}
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": write_key,
                "apiHost": f"{host}/v1",
                "protocol": protocol,
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": {"track": allowed, "identify": allowed, "group": allowed},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
