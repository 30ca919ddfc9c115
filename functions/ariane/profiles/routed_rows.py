"""Folding the events of one partition of the log into the fragments of their homes."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from ariane.conditions.observing import Observing
from ariane.errors import Conflict, Permanent, Retryable
from ariane.profiles.admission import Placed
from ariane.profiles.applying import NOTHING, apply
from ariane.profiles.batch_order import in_order_of_sending
from ariane.profiles.fragments import Fragment, Route, RoutedFragment, StoredFragment
from ariane.profiles.homes import Home
from ariane.profiles.stitching import Fragments
from ariane.profiles.waking import save_awake

MOST_ROUTED = 90
"""Rows that are written together with their partition's fragment: one DynamoDB transaction takes 100 actions."""
_ATTEMPTS = 8


def folded(
    own: Fragment, applied: Sequence[Placed], homes: Sequence[Home], fragments: Fragments, *, observing: Observing = NOTHING
) -> tuple[Fragment, Sequence[RoutedFragment]]:
    """The partition's ``own`` fragment with the events that are its own in it, and the rows of the others' homes. Raises Permanent
    (``too_many_homes``) for more homes than one transaction takes."""
    groups = by_home(applied, homes)
    if len(groups) > MOST_ROUTED:
        raise Permanent("too_many_homes", f"the events of one item belong to over {MOST_ROUTED} different people")
    mine = apply(own, in_order_of_sending(groups.pop(own.person_id, [])), observing)
    known = fragments.load_routed([Route(home, own.person_id) for home in groups]) if groups else {}
    rows = []
    for home, placed in groups.items():
        row = known.get(Route(home, own.person_id), Fragment(person_id=home))
        rows.append(RoutedFragment(partition=own.person_id, fragment=apply(row, in_order_of_sending(placed), observing)))
    open_routes([row.route for row in rows if row.route not in known], homes, fragments)
    return mine, rows


def open_routes(routes: Collection[Route], homes: Collection[Home], fragments: Fragments) -> None:
    """Before the first row of each: whoever reads the home finds the partition, and whoever refolds the partition the home."""
    names = {home.person_id: str(home.identifier) for home in homes if home.identifier}
    for route in routes:
        fragments.add_home(route)
        _add_feed(route, names.get(route.home), fragments)


def _add_feed(route: Route, name: str | None, fragments: Fragments) -> None:
    for _ in range(_ATTEMPTS):
        stored = fragments.load([route.home]).get(route.home) or StoredFragment(fragment=Fragment(person_id=route.home))
        fragment = stored.fragment
        if route.partition in fragment.feeds:
            return
        fed = replace(fragment, feeds=(*fragment.feeds, route.partition), identifier=fragment.identifier or name)
        try:
            save_awake(stored, fed, fragments)
        except Conflict:
            continue
        return
    raise Retryable("fragment_contended", "other writers of the same fragment keep coming")


def by_home(applied: Sequence[Placed], homes: Sequence[Home]) -> dict[str, list[Placed]]:
    groups: dict[str, list[Placed]] = {}
    for placed, home in zip(applied, homes, strict=True):
        groups.setdefault(home.person_id, []).append(placed)
    return groups
