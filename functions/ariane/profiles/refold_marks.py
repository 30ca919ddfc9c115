"""What a refold counted without knowing whether it had been stitched before: marked in the log, so that stitching it later counts nothing.

A mark is ``{generation, hex}:{places, comma-separated}`` on the item. A generation is drawn anew for each attempt at a refold, and counts
for something only while the partition's fragment names it: marks of an attempt that crashed or lost against another writer say nothing.
"""

from collections.abc import Iterable
from secrets import randbits

from ariane.events.model import LogItem


def new_generation() -> int:
    return randbits(40) + 1


def mark_of(generation: int, places: Iterable[int]) -> str:
    return f"{generation:x}:{','.join(map(str, sorted(places)))}"


def is_marked(item: LogItem, place: int, generation: int) -> bool:
    return any(_holds(entry, place, generation) for entry in item.refolded)


def _holds(entry: str, place: int, generation: int) -> bool:
    named, _, places = entry.partition(":")
    return named == f"{generation:x}" and str(place) in places.split(",")
