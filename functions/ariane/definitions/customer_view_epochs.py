"""What publishing adds to the document ``profiles``: since when each segment and each observed series is what it is.

Pure, of the bundle's document and the one that stands: the same bundle again changes nothing, and after a crash nothing is missing.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ariane.conditions.observing import Asked, Observing
from ariane.conditions.series import Keep
from ariane.definitions.bundle import digest
from ariane.definitions.customer_view import CustomerView
from ariane.instants import format_instant


def following(document: Mapping[str, Any], known: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """``document`` as it is published over ``known``, which is empty where nothing was published yet."""
    before = Observing.from_document(known["observing"]) if known else CustomerView.built_in().observing
    after = {
        **document,
        "segments": _dated(document["segments"], known.get("segments", {}), now),
        "observing": observing_after(Observing.from_document(document["observing"]), before).to_document(),
    }
    return {**after, "version": digest(after)}


def observing_after(wanted: Observing, before: Observing) -> Observing:
    """What was asked for before, and as much of it, keeps its epoch; what is new gets the next one. No epoch is ever given twice."""
    known = before.by_key
    following = before.epoch + 1
    series = tuple(asked._replace(epoch=_epoch_of(asked, known.get(key), following)) for key, asked in sorted(wanted.by_key.items()))
    traits = {name: before.traits.get(name, following) for name in sorted(wanted.traits)}
    has_new = following in traits.values() or any(asked.epoch == following for asked in series)
    return replace(wanted, epoch=following if has_new else before.epoch, series=series, traits=traits)


def is_as_large(kept: Keep, wanted: Keep) -> bool:
    """Whether who keeps so much has all that is wanted."""
    is_as_long = kept.seconds is None or (wanted.seconds is not None and kept.seconds >= wanted.seconds)
    return is_as_long and kept.entries >= wanted.entries and kept.values >= wanted.values


def _epoch_of(asked: Asked, known: Asked | None, following: int) -> int:
    return known.epoch if known is not None and is_as_large(known.keep, asked.keep) else following


def _dated(segments: Mapping[str, Any], known: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {name: {**segment, "published_at": _published_at(segment, known.get(name), now)} for name, segment in segments.items()}


def _published_at(segment: Mapping[str, Any], known: Mapping[str, Any] | None, now: datetime) -> str:
    return str(known["published_at"]) if known and known["version"] == segment["version"] else format_instant(now)
