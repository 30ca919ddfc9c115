"""Fragments within one write unit: DynamoDB bills each started kilobyte, at every event of whoever it is.

Of a customer who buys, conditions keep what brings the row a little above it. The ring of applied events gives way, by as many as it takes:
what leaves it is asked of the log when an older event comes, which costs a read now and then instead of a unit each time.
"""

from dataclasses import replace

from ariane.profiles.fragments import Fragment, encode
from ariane.profiles.once import LEAST_RING, MARK_BYTES

_UNIT = 1_024
_AROUND = 80
"""Bytes of the row beside the fragment: keys, version, the stream's sequence number."""
ROOM = _UNIT - _AROUND
_LEAST_TRACE = MARK_BYTES + 1
"""Bytes of a remembered event, at least."""


def fitted(fragment: Fragment) -> Fragment:
    """With as many remembered events as fit into the unit; as it is where it fits, or would not with the fewest. They are the youngest."""
    spare = len(fragment.recent.ring) - LEAST_RING
    excess = len(encode(fragment)) - ROOM
    if excess <= 0 or spare <= 0:
        return fragment
    number = 0
    while excess > 0:
        number += -(-excess // (_LEAST_TRACE + 2))
        if number > spare:
            return _with_the_fewest(fragment, spare)
        kept = replace(fragment, recent=fragment.recent.without_oldest(number))
        excess = len(encode(kept)) - ROOM
    return kept


def _with_the_fewest(fragment: Fragment, spare: int) -> Fragment:
    kept = replace(fragment, recent=fragment.recent.without_oldest(spare))
    return kept if len(encode(kept)) <= ROOM else fragment
